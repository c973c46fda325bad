use std::{
    collections::VecDeque,
    fmt,
    future::poll_fn,
    sync::Arc,
    task::{Poll, Waker},
    time::Duration,
};

use super::{
    Dropped, OutboundMessage, SessionCommand, SessionControl, SessionId, WebSocketSession,
    outbound::shrink,
    state::{Shared, State},
    waiting::Waiting,
};
use crate::{
    close::{CloseOutcome, CloseStatus},
    error::{Error, ErrorKind},
    foreign::discard,
    handshake::HandshakeInfo,
    session::ReceiveBuffer,
    settings::{SlowConsumerPolicy, WebSocketSettings},
};

/// The driver's end of a session.
///
/// For authors of session drivers; `switchwire-driver` has the one to use. When the port is dropped
/// before [`finish`](Self::finish), the session ends as disconnected, so that no task waits for
/// ever.
pub struct SessionPort {
    shared: Arc<Shared>,
}

impl SessionPort {
    /// Opens a session, and returns it with the driver's end of it.
    #[must_use]
    pub fn open(
        id: SessionId,
        info: Arc<HandshakeInfo>,
        settings: Arc<WebSocketSettings>,
    ) -> (WebSocketSession, Self) {
        let shared = Arc::new(Shared::new(id, info, settings));
        (WebSocketSession::new(shared.clone()), Self { shared })
    }

    /// The settings of the session.
    #[must_use]
    pub fn settings(&self) -> &WebSocketSettings {
        &self.shared.settings
    }

    /// The settings of the session, as a shared pointer to keep.
    #[must_use]
    pub fn shared_settings(&self) -> Arc<WebSocketSettings> {
        self.shared.settings.clone()
    }

    /// What the session knows of its request.
    #[must_use]
    pub fn info(&self) -> &HandshakeInfo {
        &self.shared.info
    }

    /// The id of the session.
    #[must_use]
    pub fn id(&self) -> SessionId {
        self.shared.id
    }

    /// A control that ends the session from outside.
    #[must_use]
    pub fn control(&self) -> SessionControl {
        SessionControl::new(self.shared.clone())
    }

    /// Takes a command that a [`SessionControl`] gave.
    #[must_use]
    #[inline]
    pub fn take_command(&self) -> Option<SessionCommand> {
        if !self.shared.signals.take_command() {
            return None;
        }
        let aborted = self.shared.lock().aborted;
        Some(if aborted {
            SessionCommand::Abort
        } else {
            SessionCommand::ShutDown
        })
    }

    /// The messages that the policy for slow consumers has dropped so far.
    #[must_use]
    pub fn dropped(&self) -> Dropped {
        self.shared.lock().outbound.dropped()
    }

    /// Whether the handler was told that the application is shutting down. It is true before the
    /// driver gets the command.
    #[must_use]
    pub fn is_shutting_down(&self) -> bool {
        self.shared.lock().shutting_down
    }

    /// Resolves when the session is to be aborted, for the time before there is a driver.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn aborted(&self) {
        let mut waiting = Waiting::new(&*self.shared);
        poll_fn(|cx| {
            let state = self.shared.lock();
            if state.aborted {
                return Poll::Ready(());
            }
            let place = &mut waiting.place;
            State::wait(state, |state| &mut state.outcome_wakers, place, cx.waker());
            Poll::Pending
        })
        .await;
    }

    /// Begins a poll of the driver. Until [`end_poll`](Self::end_poll), signals are only noted and
    /// wake nothing. True when the waker differs from the last one.
    #[must_use]
    pub fn begin_poll(&self, waker: &Waker) -> bool {
        self.shared.signals.begin_poll(waker)
    }

    /// Ends a poll of the driver. False when there is a signal that the driver has not taken: it
    /// must then look again.
    #[must_use]
    pub fn end_poll(&self) -> bool {
        self.shared.signals.end_poll()
    }

    /// The waker with which the driver polls the handler.
    #[must_use]
    pub fn handler_waker(&self) -> Waker {
        self.shared.signals.clone().into()
    }

    /// Takes the note that the handler was woken.
    #[must_use]
    pub fn take_handler_wake(&self) -> bool {
        self.shared.signals.take_handler()
    }

    /// Takes the note that the session was used: there is a message to send, room to read, or a
    /// close.
    #[must_use]
    pub fn take_session_use(&self) -> bool {
        self.shared.signals.take_session()
    }

    /// Gives the receive buffer the room of the session, up to this many messages and bytes. False
    /// when the session has no room; the driver is then signalled once it has.
    #[must_use]
    pub fn make_room(&self, incoming: &mut ReceiveBuffer, messages: usize, bytes: usize) -> bool {
        let settings = &self.shared.settings;
        let mut state = self.shared.lock();
        incoming.set_discard(state.receivers == 0);
        incoming.room = state.room(settings);
        state.reading_paused = incoming.is_full();
        incoming.room.messages = incoming.room.messages.min(messages);
        incoming.room.bytes = incoming.room.bytes.min(bytes);
        !state.reading_paused
    }

    /// Whether there is room for messages of the peer.
    #[must_use]
    pub fn has_room(&self) -> bool {
        let settings = &self.shared.settings;
        let state = self.shared.lock();
        let room = state.room(settings);
        state.receivers == 0 || (room.bytes > 0 && room.messages > 0)
    }

    /// Hands the messages of the receive buffer to the session, and gives the buffer the remaining
    /// room. False when there is none. When the driver then asks to [`make_room`](Self::make_room),
    /// it is signalled once there is room.
    pub fn deliver(&self, incoming: &mut ReceiveBuffer) -> bool {
        if incoming.messages.is_empty() {
            return true;
        }
        let settings = &self.shared.settings;
        let mut state = self.shared.lock();
        let bytes = std::mem::take(&mut incoming.bytes);
        if state.receivers == 0 {
            drop(state);
            incoming.messages.clear(); // nothing will receive them
            return false;
        }
        state.inbound_bytes += bytes;
        if state.inbound.is_empty() {
            std::mem::swap(&mut state.inbound, &mut incoming.messages);
            shrink(&mut incoming.messages);
        } else {
            state.inbound.append(&mut incoming.messages);
        }
        incoming.room = state.room(settings);
        let wakers = state.receive_wakers.take();
        drop(state);
        wakers.wake();
        !incoming.is_full()
    }

    /// Sets the time between a ping and its pong.
    pub fn set_round_trip_time(&self, time: Duration) {
        self.shared.lock().round_trip_time = Some(time);
    }

    /// How many bytes of messages wait for the handler, and how many bytes are accepted and not
    /// written yet.
    #[must_use]
    pub fn held(&self) -> (usize, usize) {
        let state = self.shared.lock();
        (state.inbound_bytes, state.outbound.bytes())
    }

    /// How many messages wait for the handler.
    #[must_use]
    pub fn unread(&self) -> usize {
        self.shared.lock().inbound.len()
    }

    /// Whether the handler took a message and has not come back to `receive`, so that it may still
    /// answer.
    #[must_use]
    pub fn owes_answer(&self) -> bool {
        self.shared.lock().owes_answer
    }

    /// Ends receiving. After the messages before the end, `receive` returns `None`, or the error
    /// once.
    pub fn end_receiving(&self, end: Result<(), Error>) {
        let mut state = self.shared.lock();
        state.inbound_end.get_or_insert(end);
        let wakers = state.receive_wakers.take();
        drop(state);
        wakers.wake();
    }

    /// Takes the messages that were accepted for sending. When the policy may still drop some of
    /// them, it takes only those that are written soon.
    pub fn take_outbound(&self, into: &mut VecDeque<OutboundMessage>) -> OutboundBatch {
        let settings = &self.shared.settings;
        let mut state = self.shared.lock();
        let may_displace = settings.slow_consumer() == SlowConsumerPolicy::DropOldest;
        let is_left = if may_displace && !state.sending_ended {
            state.outbound.take_share(into, settings)
        } else {
            state.outbound.take_all(into);
            false
        };
        OutboundBatch {
            is_left,
            close: state.close_request.take_if(|_| !is_left),
        }
    }

    /// Releases memory that empty queues allocated in a burst.
    pub fn shrink(&self, incoming: &mut ReceiveBuffer) {
        let mut state = self.shared.lock();
        state.outbound.shrink();
        state.inbound.shrink_to_fit();
        incoming.messages.shrink_to_fit();
    }

    /// Refuses further sends. Messages accepted before can still be taken.
    pub fn end_sending(&self) {
        let mut state = self.shared.lock();
        state.sending_ended = true;
        let wakers = state.write_wakers.take();
        drop(state);
        wakers.wake();
    }

    /// Asks for a close, as [`WebSocketSession::close`] does.
    pub fn request_close(&self, status: CloseStatus) {
        self.shared.request_close(status);
    }

    /// Notes that all taken messages are written. True when more can be taken.
    #[must_use]
    pub fn written(&self) -> bool {
        let mut state = self.shared.lock();
        let is_left = state.outbound.written();
        state.output_blocked = false;
        let wakers = state.write_wakers.take();
        drop(state);
        wakers.wake();
        is_left
    }

    /// Whether a policy that drops may do so, because of [`output_blocked`](Self::output_blocked).
    /// It may no longer drop when some bytes were written, or when it has dropped a share.
    #[must_use]
    pub fn may_drop(&self) -> bool {
        self.shared.lock().output_blocked
    }

    /// Notes that taken messages cannot be written now. A policy that drops may then do so.
    pub fn output_blocked(&self) {
        let mut state = self.shared.lock();
        if std::mem::replace(&mut state.output_blocked, true) {
            return;
        }
        state.drops = 0;
        let wakers = state.write_wakers.take();
        drop(state);
        wakers.wake();
    }

    /// How many bytes are accepted and not written yet, if that exceeds the high-water mark.
    #[must_use]
    pub fn over_mark(&self) -> Option<usize> {
        let state = self.shared.lock();
        let is_over = !state.outbound.has_room(&self.shared.settings);
        is_over.then(|| state.outbound.bytes())
    }

    /// Ends the session. The first outcome counts.
    pub fn finish(&self, outcome: CloseOutcome) {
        let mut state = self.shared.lock();
        if state.outcome.is_some() {
            return;
        }
        state.sending_ended = true;
        state.inbound_end.get_or_insert_with(|| match &outcome {
            CloseOutcome::Abnormal(error) => Err(error.clone()),
            CloseOutcome::TimedOut => Err(Error::new(ErrorKind::Timeout)),
            CloseOutcome::ByPeer(_) | CloseOutcome::ByUs(_) => Ok(()),
        });
        state.outcome = Some(outcome);
        let wakers = [
            state.receive_wakers.take(),
            state.write_wakers.take(),
            state.outcome_wakers.take(),
        ];
        let unwritten = state.outbound.abandon();
        drop(state);
        for wakers in wakers {
            wakers.wake();
        }
        unwritten.into_iter().for_each(discard);
    }
}

/// What [`SessionPort::take_outbound`] took besides the messages.
#[derive(Debug)]
#[must_use]
pub struct OutboundBatch {
    /// Whether more can be taken after these messages are written.
    pub is_left: bool,
    /// The status of a requested close. It follows all messages.
    pub close: Option<CloseStatus>,
}

impl Drop for SessionPort {
    fn drop(&mut self) {
        self.finish(CloseOutcome::Abnormal(Error::new(ErrorKind::Disconnected)));
    }
}

impl fmt::Debug for SessionPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionPort")
            .field("id", &self.shared.id)
            .finish_non_exhaustive()
    }
}
