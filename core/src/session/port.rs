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
/// For authors of session drivers; `switchwire-driver` has the one to use. When it is dropped before
/// [`finish`](Self::finish), the session ends as disconnected, so that nobody waits for ever.
pub struct SessionPort {
    shared: Arc<Shared>,
}

impl SessionPort {
    /// A session and the driver's end of it.
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

    /// The settings of the session, to be kept.
    #[must_use]
    pub fn shared_settings(&self) -> Arc<WebSocketSettings> {
        self.shared.settings.clone()
    }

    /// What the session knows of its request.
    #[must_use]
    pub fn info(&self) -> &HandshakeInfo {
        &self.shared.info
    }

    /// The session's name.
    #[must_use]
    pub fn id(&self) -> SessionId {
        self.shared.id
    }

    /// Who may end the session from outside.
    #[must_use]
    pub fn control(&self) -> SessionControl {
        SessionControl::new(self.shared.clone())
    }

    /// Takes a command that was given through a [`SessionControl`].
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

    /// What the policy for slow consumers dropped so far.
    #[must_use]
    pub fn dropped(&self) -> Dropped {
        self.shared.lock().outbound.dropped()
    }

    /// Whether the handler has been told that the application is shutting down. True before there is an order.
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

    /// The driver's poll begins: until [`end_poll`](Self::end_poll) signals are only noted. True when the waker is another
    /// than the last time.
    #[must_use]
    pub fn begin_poll(&self, waker: &Waker) -> bool {
        self.shared.signals.begin_poll(waker)
    }

    /// The driver's poll is about to end. False when something was signalled that it has not taken: it must
    /// look again instead.
    #[must_use]
    pub fn end_poll(&self) -> bool {
        self.shared.signals.end_poll()
    }

    /// The waker to poll the handler with.
    #[must_use]
    pub fn handler_waker(&self) -> Waker {
        self.shared.signals.clone().into()
    }

    /// Takes the note that the handler was woken.
    #[must_use]
    pub fn take_handler_wake(&self) -> bool {
        self.shared.signals.take_handler()
    }

    /// Takes the note that the session was used: something to send, room to read, or a close.
    #[must_use]
    pub fn take_session_use(&self) -> bool {
        self.shared.signals.take_session()
    }

    /// Gives the receive buffer the room that the session has, though no more than this many messages and bytes. False when the
    /// session has none; then the driver is signalled once there is.
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

    /// Hands the messages of the receive buffer to the session, and gives the receive buffer the room that is left. False when there is
    /// none; the driver is signalled once there is when it asks to [`make_room`](Self::make_room).
    pub fn deliver(&self, incoming: &mut ReceiveBuffer) -> bool {
        if incoming.messages.is_empty() {
            return true;
        }
        let settings = &self.shared.settings;
        let mut state = self.shared.lock();
        let bytes = std::mem::take(&mut incoming.bytes);
        if state.receivers == 0 {
            drop(state);
            incoming.messages.clear(); // nobody will ever ask for them
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

    /// Tells the session how long a ping and its pong took.
    pub fn set_round_trip_time(&self, time: Duration) {
        self.shared.lock().round_trip_time = Some(time);
    }

    /// How many bytes of messages wait for the handler, and how many are accepted and not written.
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

    /// Whether the handler took a message and has not come back for another, so that it may yet answer.
    #[must_use]
    pub fn owes_answer(&self) -> bool {
        self.shared.lock().owes_answer
    }

    /// Nothing more comes in: after the messages before it, `receive` returns `None`, or the error once.
    pub fn end_receiving(&self, end: Result<(), Error>) {
        let mut state = self.shared.lock();
        state.inbound_end.get_or_insert(end);
        let wakers = state.receive_wakers.take();
        drop(state);
        wakers.wake();
    }

    /// Takes what has been accepted for sending. Where the policy may yet drop some of it, only what is soon written.
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

    /// Gives back what queues that are empty now needed in a busier time.
    pub fn shrink(&self, incoming: &mut ReceiveBuffer) {
        let mut state = self.shared.lock();
        state.outbound.shrink();
        state.inbound.shrink_to_fit();
        incoming.messages.shrink_to_fit();
    }

    /// Refuses further sends. What was accepted before can still be taken.
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

    /// All that was taken has been written. True when more can be taken.
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

    /// Whether a policy that drops may do so, as it was told by [`output_blocked`](Self::output_blocked). It may not any more
    /// when some was written, or when it has dropped a share.
    #[must_use]
    pub fn may_drop(&self) -> bool {
        self.shared.lock().output_blocked
    }

    /// What was taken cannot be written now: a policy that drops has reason to.
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

    /// How many bytes are accepted and not written, if that is more than the high-water mark.
    #[must_use]
    pub fn over_mark(&self) -> Option<usize> {
        let state = self.shared.lock();
        let is_over = !state.outbound.has_room(&self.shared.settings);
        is_over.then(|| state.outbound.bytes())
    }

    /// The session ended; the first outcome counts.
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

/// What [`SessionPort::take_outbound`] took besides messages.
#[derive(Debug)]
#[must_use]
pub struct OutboundBatch {
    /// Whether more can be taken once this is written.
    pub is_left: bool,
    /// The status of a close that was asked for behind all messages.
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
