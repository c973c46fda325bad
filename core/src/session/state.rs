use std::{
    collections::VecDeque,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use super::{SessionId, signals::Signals};
use crate::{
    CloseOutcome, CloseStatus, Error, ErrorKind, HandshakeInfo, WebSocketMessage, WebSocketSettings,
};

/// What a session and its driver share. Never locked across an await or a call of foreign code.
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
    /// Set when nothing more comes in; an error is told once, after the messages before it.
    pub(super) inbound_end: Option<Result<(), Error>>,
    pub(super) reading_paused: bool,
    pub(super) receivers: usize,
    pub(super) receive_wakers: WakerSet,

    /// Messages that wait for the driver.
    pub(super) outbound: VecDeque<WebSocketMessage>,
    /// Bytes and messages accepted and not yet written, whether the driver has taken them or not.
    pub(super) pending_bytes: usize,
    pub(super) pending_messages: usize,
    /// The part of these that the driver has taken.
    pub(super) taken_bytes: usize,
    pub(super) taken_messages: usize,
    pub(super) accepted: u64,
    pub(super) written: u64,
    pub(super) sending_ended: bool,
    pub(super) write_wakers: WakerSet,

    pub(super) close_request: Option<CloseStatus>,
    pub(super) shutting_down: bool,
    pub(super) aborted: bool,
    pub(super) outcome: Option<CloseOutcome>,
    /// Those who wait for the outcome, and for what comes shortly before it.
    pub(super) outcome_wakers: WakerSet,
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

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn poll_receive(
        &self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<WebSocketMessage>, Error>> {
        let mut state = self.lock();
        if let Some(message) = state.inbound.pop_front() {
            state.inbound_bytes -= message.len();
            let resume = state.reading_paused
                && state.inbound_bytes <= self.settings.inbound_buffer_size() / 2
                && state.inbound.len() <= self.settings.inbound_messages() / 2;
            if resume {
                state.reading_paused = false;
                drop(state);
                self.signals.session();
            }
            return Poll::Ready(Ok(Some(message)));
        }
        match &mut state.inbound_end {
            Some(end) => Poll::Ready(mem::replace(end, Ok(())).map(|()| None)),
            None => {
                state.receive_wakers.register(cx.waker());
                Poll::Pending
            }
        }
    }

    /// Accepts the message when there is room, or waits for it.
    pub(super) fn poll_send(
        &self,
        cx: &mut Context<'_>,
        message: &mut Option<WebSocketMessage>,
    ) -> Poll<Result<(), Error>> {
        let mut state = self.lock();
        match state.check_sending(&self.settings) {
            Ok(true) => {}
            Ok(false) => {
                state.write_wakers.register(cx.waker());
                return Poll::Pending;
            }
            Err(error) => return Poll::Ready(Err(error)),
        }
        let message = message
            .take()
            .expect("a send is not polled after it is ready");
        Poll::Ready(self.accept(state, message))
    }

    /// Waits for room without sending.
    pub(super) fn poll_room(&self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let mut state = self.lock();
        match state.check_sending(&self.settings) {
            Ok(true) => Poll::Ready(Ok(())),
            Ok(false) => {
                state.write_wakers.register(cx.waker());
                Poll::Pending
            }
            Err(error) => Poll::Ready(Err(error)),
        }
    }

    pub(super) fn has_room(&self) -> Result<bool, Error> {
        self.lock().check_sending(&self.settings)
    }

    /// One who receives is gone. When it was the last, what waits is dropped and reading goes on.
    pub(super) fn drop_receiver(&self) {
        let mut state = self.lock();
        state.receivers -= 1;
        if state.receivers == 0 {
            state.inbound_bytes = 0;
            let unread = mem::take(&mut state.inbound);
            drop(state);
            drop(unread);
            self.signals.session();
        }
    }

    /// Accepts the message whether or not there is room.
    pub(super) fn send_now(&self, message: WebSocketMessage) -> Result<(), Error> {
        let state = self.lock();
        state.check_sending(&self.settings)?;
        self.accept(state, message)
    }

    fn accept(
        &self,
        mut state: MutexGuard<'_, State>,
        message: WebSocketMessage,
    ) -> Result<(), Error> {
        if message.is_control() && message.len() > 125 {
            return Err(Error::with_source(
                ErrorKind::Misuse,
                "a ping or a pong has at most 125 bytes",
            ));
        }
        state.pending_bytes += message.len();
        state.pending_messages += 1;
        state.accepted += 1;
        state.outbound.push_back(message);
        drop(state);
        self.signals.session();
        Ok(())
    }

    /// Waits until all messages up to number `target` were written; with none, takes the last accepted one.
    pub(super) fn poll_written(
        &self,
        cx: &mut Context<'_>,
        target: &mut Option<u64>,
    ) -> Poll<Result<(), Error>> {
        let mut state = self.lock();
        let target = *target.get_or_insert(state.accepted);
        if state.written >= target {
            Poll::Ready(Ok(()))
        } else if let Some(outcome) = &state.outcome {
            Poll::Ready(Err(closed(outcome)))
        } else {
            state.write_wakers.register(cx.waker());
            Poll::Pending
        }
    }

    /// Asks the driver to close; the first status counts.
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

    pub(super) fn poll_outcome(&self, cx: &mut Context<'_>) -> Poll<CloseOutcome> {
        let mut state = self.lock();
        if let Some(outcome) = &state.outcome {
            return Poll::Ready(outcome.clone());
        }
        state.outcome_wakers.register(cx.waker());
        Poll::Pending
    }
}

impl State {
    /// Whether a message may be sent now, may be later, or may not be any more.
    fn check_sending(&self, settings: &WebSocketSettings) -> Result<bool, Error> {
        if let Some(outcome) = &self.outcome {
            return Err(closed(outcome));
        }
        if self.sending_ended {
            return Err(Error::new(ErrorKind::Closed));
        }
        Ok(self.pending_bytes < settings.outbound_buffer_size()
            && self.pending_messages < settings.outbound_messages())
    }
}

/// The error of a call on a session that ended so.
fn closed(outcome: &CloseOutcome) -> Error {
    match outcome {
        CloseOutcome::Abnormal(error) => error.clone(),
        CloseOutcome::TimedOut => Error::new(ErrorKind::Timeout),
        CloseOutcome::ByPeer(_) | CloseOutcome::ByUs(_) => Error::new(ErrorKind::Closed),
    }
}

/// Tasks that wait, most often one.
#[derive(Debug, Default)]
pub(super) struct WakerSet {
    first: Option<Waker>,
    others: Vec<Waker>,
}

impl WakerSet {
    pub(super) fn register(&mut self, waker: &Waker) {
        let known = self.first.iter().chain(&self.others);
        if known.into_iter().any(|known| known.will_wake(waker)) {
            return;
        }
        if self.first.is_none() {
            self.first = Some(waker.clone());
        } else {
            self.others.push(waker.clone());
        }
    }

    /// Takes all of them, to be woken when the lock is no longer held.
    #[must_use]
    pub(super) fn take(&mut self) -> Self {
        mem::take(self)
    }

    pub(super) fn wake(self) {
        for waker in self.first.into_iter().chain(self.others) {
            waker.wake();
        }
    }
}
