use std::{
    collections::VecDeque,
    mem,
    num::NonZeroU64,
    sync::{Arc, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use super::{
    OutboundMessage, SessionId,
    outbound::{Outbound, shrink},
    receive_buffer::Room,
    signals::Signals,
    sync::{Mutex, MutexGuard},
    wakers::{Place, Places, WakerSet},
};
use crate::{
    close::{CloseOutcome, CloseStatus},
    error::{Error, ErrorKind},
    foreign::discard,
    handshake::HandshakeInfo,
    message::WebSocketMessage,
    settings::{SlowConsumerPolicy, WebSocketSettings},
};

/// The state that a session and its driver share. It is never locked across an await or a call of
/// foreign code.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) id: SessionId,
    pub(super) info: Arc<HandshakeInfo>,
    pub(super) settings: Arc<WebSocketSettings>,
    pub(super) signals: Arc<Signals>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    /// Messages that wait for the handler, and their bytes.
    pub(super) inbound: VecDeque<WebSocketMessage>,
    pub(super) inbound_bytes: usize,
    /// Set when nothing more arrives. An error is returned once, after the messages before it.
    pub(super) inbound_end: Option<Result<(), Error>>,
    pub(super) reading_paused: bool,
    /// The handler took a message and has not come back to `receive`.
    pub(super) owes_answer: bool,
    pub(super) receivers: usize,
    pub(super) receive_wakers: WakerSet,
    pub(super) abandoned_wakers: WakerSet,

    pub(super) outbound: Outbound,
    /// The peer does not take the output.
    pub(super) output_blocked: bool,
    /// How many messages were dropped since the output was blocked.
    pub(super) drops: u32,
    pub(super) sending_ended: bool,
    pub(super) write_wakers: WakerSet,

    pub(super) round_trip_time: Option<Duration>,

    pub(super) close_request: Option<CloseStatus>,
    pub(super) shutting_down: bool,
    pub(super) aborted: bool,
    pub(super) outcome: Option<CloseOutcome>,
    /// The tasks that wait for the outcome, or for an event shortly before it.
    pub(super) outcome_wakers: WakerSet,
    places: Places,
}

impl Shared {
    pub(super) fn new(
        id: SessionId,
        info: Arc<HandshakeInfo>,
        settings: Arc<WebSocketSettings>,
    ) -> Self {
        Self {
            id,
            info,
            settings,
            signals: Arc::default(),
            state: Mutex::default(),
        }
    }

    #[inline]
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // Inlined, like the functions it calls: moving a message through memory repeatedly costs more
    // than the work.
    #[inline]
    pub(super) fn poll_receive(
        &self,
        cx: &mut Context<'_>,
        place: &mut Place,
    ) -> Poll<Result<Option<WebSocketMessage>, Error>> {
        let mut state = self.lock();
        let Some(message) = state.inbound.pop_front() else {
            return self.poll_receive_more(state, cx, place);
        };
        state.inbound_bytes -= message.len();
        state.owes_answer = true;
        if state.inbound.is_empty() {
            shrink(&mut state.inbound);
        }
        if state.reading_paused || !state.receive_wakers.is_empty() {
            self.received(state, place);
        }
        Poll::Ready(Ok(Some(message)))
    }

    /// A message was received while reading had stopped, or while another receiver waits for one.
    /// The driver reads again when enough was received to be worth it. The receiver of this message
    /// stops waiting.
    fn received(&self, mut state: MutexGuard<'_, State>, place: &Place) {
        let waker = place
            .get()
            .and_then(|place| state.receive_wakers.remove(place));
        let reads_again = state.reading_paused
            && state.inbound_bytes <= self.settings.inbound_buffer_size() / 2
            && state.inbound.len() <= self.settings.inbound_messages() / 2;
        if reads_again {
            state.reading_paused = false;
        }
        drop(state);
        drop(waker);
        if reads_again {
            self.signals.session();
        }
    }

    /// Handles an empty queue: there is no message yet, or no more.
    fn poll_receive_more(
        &self,
        mut state: MutexGuard<'_, State>,
        cx: &mut Context<'_>,
        place: &mut Place,
    ) -> Poll<Result<Option<WebSocketMessage>, Error>> {
        // A driver that waits for the answer learns that none will follow.
        let is_awaited = state.shutting_down || state.inbound_end.is_some();
        let has_answered = mem::take(&mut state.owes_answer) && is_awaited;
        let received = if let Some(end) = &mut state.inbound_end {
            let end = mem::replace(end, Ok(()));
            drop(state);
            Poll::Ready(end.map(|()| None))
        } else {
            State::wait(state, |state| &mut state.receive_wakers, place, cx.waker());
            Poll::Pending
        };
        if has_answered {
            self.signals.session();
        }
        received
    }

    /// Accepts the message, waits for room, or does what the policy says.
    #[inline]
    pub(super) fn poll_send(
        &self,
        cx: &mut Context<'_>,
        place: &mut Place,
        message: &mut Option<OutboundMessage>,
    ) -> Poll<Result<(), Error>> {
        if self.accept(message) {
            return Poll::Ready(Ok(()));
        }
        match self.offer(message, IfFull::Wait(cx.waker(), place)) {
            Ok(true) => Poll::Ready(Ok(())),
            Ok(false) => Poll::Pending,
            Err(error) => Poll::Ready(Err(error)),
        }
    }

    /// Takes a message of text or bytes of this session alone, if there is room. This is the common
    /// case.
    fn accept(&self, message: &mut Option<OutboundMessage>) -> bool {
        let Some(OutboundMessage::Single(offered)) = message else {
            return false;
        };
        if offered.is_control() {
            return false;
        }
        let len = offered.len();
        let mut state = self.lock();
        // Once there is an outcome, nothing is sent any more.
        if state.sending_ended || !state.outbound.has_room(&self.settings) {
            return false;
        }
        if let Some(message) = message.take() {
            state.outbound.push_sized(message, len);
        }
        drop(state);
        self.signals.session();
        true
    }

    /// Waits for room without sending.
    pub(super) fn poll_room(
        &self,
        cx: &mut Context<'_>,
        place: &mut Place,
    ) -> Poll<Result<(), Error>> {
        let state = self.lock();
        state.check_sending()?;
        let may_drop = self.settings.slow_consumer().drops() && state.may_drop();
        if state.outbound.has_room(&self.settings) || may_drop {
            return Poll::Ready(Ok(()));
        }
        self.wait_for_room(state, place, cx.waker());
        Poll::Pending
    }

    /// Waits until some bytes were written or, where the policy drops, until the driver has tried
    /// to write.
    fn wait_for_room(&self, mut state: MutexGuard<'_, State>, place: &mut Place, waker: &Waker) {
        if state.drops >= MAX_DROPS {
            state.output_blocked = false;
        }
        State::wait(state, |state| &mut state.write_wakers, place, waker);
        if self.settings.slow_consumer().drops() {
            self.signals.session(); // the driver has not tried, or not recently
        }
    }

    /// Removes a receiver. When it was the last, the waiting messages are dropped, and the driver
    /// continues to read.
    pub(super) fn drop_receiver(&self) {
        let mut state = self.lock();
        state.receivers -= 1;
        if state.receivers == 0 {
            state.inbound_bytes = 0;
            let unread = mem::take(&mut state.inbound);
            let wakers = state.abandoned_wakers.take();
            drop(state);
            wakers.wake();
            self.signals.session();
            drop(unread); // foreign code that may panic comes last
        }
    }

    /// Takes the message and accepts it or, when there is no room, does what the policy says. False
    /// when the message is left.
    pub(super) fn offer(
        &self,
        message: &mut Option<OutboundMessage>,
        mut if_full: IfFull<'_>,
    ) -> Result<bool, Error> {
        let offered = message
            .as_ref()
            .expect("a send is not polled after it is ready")
            .message();
        if offered.is_control() && offered.len() > 125 {
            return Err(Error::with_source(
                ErrorKind::Misuse,
                "a ping or a pong has at most 125 bytes",
            ));
        }
        let mut state = self.lock();
        loop {
            state.check_sending()?;
            let policy = self.settings.slow_consumer();
            if state.outbound.has_room(&self.settings) {
                break;
            }
            match (policy, &mut if_full) {
                // The driver has not tried to write yet. The handler is fast; the peer need not be
                // slow.
                (policy, IfFull::Wait(waker, place)) if policy.drops() && !state.may_drop() => {
                    self.wait_for_room(state, place, waker);
                    return Ok(false);
                }
                (SlowConsumerPolicy::DropOldest | SlowConsumerPolicy::DropNewest, _) => {
                    state.drops = state.drops.saturating_add(1);
                    let oldest = match policy {
                        SlowConsumerPolicy::DropOldest => state.outbound.displace(),
                        _ => None,
                    };
                    let Some(oldest) = oldest else {
                        let dropped = message.take();
                        state.outbound.count_dropped(dropped.as_ref());
                        drop(state);
                        discard(dropped);
                        return Ok(true);
                    };
                    drop(state);
                    discard(oldest);
                    state = self.lock();
                }
                (_, IfFull::Accept) => break,
                (_, IfFull::Wait(waker, place)) => {
                    self.wait_for_room(state, place, waker);
                    return Ok(false);
                }
                (_, IfFull::Refuse) => return Ok(false),
            }
        }
        if let Some(message) = message.take() {
            state.outbound.push(message);
        }
        drop(state);
        self.signals.session();
        Ok(true)
    }

    /// Waits until all messages up to number `target` are written. `None` stands for the last
    /// accepted message.
    pub(super) fn poll_written(
        &self,
        cx: &mut Context<'_>,
        place: &mut Place,
        target: &mut Option<u64>,
    ) -> Poll<Result<(), Error>> {
        let state = self.lock();
        let target = *target.get_or_insert(state.outbound.accepted());
        if state.outbound.is_written(target) {
            Poll::Ready(Ok(()))
        } else if let Some(outcome) = &state.outcome {
            Poll::Ready(Err(closed(outcome)))
        } else {
            State::wait(state, |state| &mut state.write_wakers, place, cx.waker());
            Poll::Pending
        }
    }

    /// Asks the driver to close. The first status counts.
    pub(super) fn request_close(&self, status: CloseStatus) {
        let mut state = self.lock();
        if state.sending_ended {
            return;
        }
        state.sending_ended = true;
        state.close_request = Some(status);
        let wakers = state.write_wakers.take();
        drop(state);
        wakers.wake();
        self.signals.session();
    }

    pub(super) fn poll_abandoned(&self, cx: &mut Context<'_>, place: &mut Place) -> Poll<()> {
        let state = self.lock();
        if state.receivers == 0 {
            return Poll::Ready(());
        }
        State::wait(
            state,
            |state| &mut state.abandoned_wakers,
            place,
            cx.waker(),
        );
        Poll::Pending
    }

    pub(super) fn poll_outcome(
        &self,
        cx: &mut Context<'_>,
        place: &mut Place,
    ) -> Poll<CloseOutcome> {
        let state = self.lock();
        if let Some(outcome) = &state.outcome {
            return Poll::Ready(outcome.clone());
        }
        State::wait(state, |state| &mut state.outcome_wakers, place, cx.waker());
        Poll::Pending
    }

    /// Removes a future that waited, because it is dropped or need not wait any more.
    #[inline]
    pub(super) fn give_back(&self, place: &Place) {
        if let Some(place) = place.get() {
            self.remove_wakers(place);
        }
    }

    fn remove_wakers(&self, place: NonZeroU64) {
        let mut state = self.lock();
        let wakers = state.waker_sets().map(|set| set.remove(place));
        drop(state);
        drop(wakers);
    }
}

impl State {
    /// The room for messages that wait for the handler.
    #[inline]
    pub(super) fn room(&self, settings: &WebSocketSettings) -> Room {
        let (bytes, messages) = (settings.inbound_buffer_size(), settings.inbound_messages());
        Room {
            bytes: bytes.saturating_sub(self.inbound_bytes),
            messages: messages.saturating_sub(self.inbound.len()),
        }
    }

    /// Whether a policy that drops may do so now. After a share of drops, a sender must let the
    /// driver run. Otherwise a handler that sends in a loop would never stop, and the driver
    /// would see neither the peer's end nor a shutdown.
    fn may_drop(&self) -> bool {
        self.output_blocked && self.drops < MAX_DROPS
    }

    /// Registers a future in one of the sets, and unlocks.
    pub(super) fn wait(
        mut state: MutexGuard<'_, Self>,
        set: impl FnOnce(&mut Self) -> &mut WakerSet,
        place: &mut Place,
        waker: &Waker,
    ) {
        let place = place.number(&mut state.places);
        let old = set(&mut state).register(place, waker);
        drop(state);
        drop(old);
    }

    fn waker_sets(&mut self) -> [&mut WakerSet; 4] {
        [
            &mut self.receive_wakers,
            &mut self.write_wakers,
            &mut self.outcome_wakers,
            &mut self.abandoned_wakers,
        ]
    }

    /// Fails when nothing can be sent any more.
    fn check_sending(&self) -> Result<(), Error> {
        match &self.outcome {
            Some(outcome) => Err(closed(outcome)),
            None if self.sending_ended => Err(Error::new(ErrorKind::Closed)),
            None => Ok(()),
        }
    }
}

/// What happens to a message that finds no room and may not be dropped.
pub(super) enum IfFull<'a> {
    /// The session gives it back.
    Refuse,
    /// The session gives it back, and wakes the waker when there may be room.
    Wait(&'a Waker, &'a mut Place),
    /// The session accepts it although there is no room.
    Accept,
}

/// The error of a call on a session with this outcome.
fn closed(outcome: &CloseOutcome) -> Error {
    match outcome {
        CloseOutcome::Abnormal(error) => error.clone(),
        CloseOutcome::TimedOut => Error::new(ErrorKind::Timeout),
        CloseOutcome::ByPeer(_) | CloseOutcome::ByUs(_) => Error::new(ErrorKind::Closed),
    }
}

/// How many messages are dropped before the driver must run.
const MAX_DROPS: u32 = 64;
