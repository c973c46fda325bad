//! What a transport and a clock may bring of their own: a transport that answers for itself, and a clock without a runtime.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use bytes::Bytes;
use switchwire_core::{
    CloseCode, CloseOutcome, HandshakeRequest, SessionId, WebSocketMessage, WebSocketSession,
    WebSocketSettings,
    spi::{Clock, Duties, OutgoingFrame, ReceiveBuffer, ReceiveEnd, SessionPort, Transport},
};
use switchwire_driver::SessionDriver;

/// A peer that has sent all it sends, and takes everything.
#[derive(Clone)]
struct Line(Arc<Mutex<State>>);

struct State {
    pings: usize,
    end: Option<ReceiveEnd>,
    duties: Duties,
    sent: VecDeque<OutgoingFrame>,
}

impl Line {
    fn new(pings: usize, end: Option<ReceiveEnd>, duties: Duties) -> Self {
        let sent = VecDeque::new();
        Self(Arc::new(Mutex::new(State {
            pings,
            end,
            duties,
            sent,
        })))
    }

    fn sent(&self) -> VecDeque<OutgoingFrame> {
        std::mem::take(&mut self.0.lock().unwrap().sent)
    }
}

impl Transport for Line {
    fn poll_receive(&mut self, _: &mut Context<'_>, incoming: &mut ReceiveBuffer) -> Poll<()> {
        let mut state = self.0.lock().unwrap();
        if state.pings > 0 {
            state.pings -= 1;
            incoming.note_bytes(6, true);
            incoming.push(WebSocketMessage::Ping(Bytes::from_static(b"?")));
        } else if let Some(end) = state.end.take() {
            incoming.end(end);
        } else {
            return Poll::Pending;
        }
        Poll::Ready(())
    }

    fn duties(&self) -> Duties {
        self.0.lock().unwrap().duties
    }

    fn send(&mut self, outgoing: OutgoingFrame) {
        self.0.lock().unwrap().sent.push_back(outgoing);
    }

    fn buffered(&self) -> usize {
        0
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// A clock that goes only when it is told to.
#[derive(Debug, Clone)]
struct ManualClock(Arc<Mutex<Instant>>, Option<Instant>);

impl ManualClock {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(Instant::now())), None)
    }

    fn advance(&self, time: Duration) {
        *self.0.lock().unwrap() += time;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Instant {
        *self.0.lock().unwrap()
    }

    fn poll_alarm(&mut self, at: Instant, _: &mut Context<'_>) -> Poll<()> {
        self.1 = Some(at);
        match self.has_gone_off() {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }

    fn has_gone_off(&self) -> bool {
        self.1.is_some_and(|at| self.now() >= at)
    }

    fn cancel(&mut self) {
        self.1 = None;
    }
}

fn driver(line: &Line, clock: &ManualClock) -> SessionDriver<Line, ManualClock> {
    let (head, ()) = http::Request::new(()).into_parts();
    let info = HandshakeRequest::from(head).into_info(None);
    let settings = Arc::new(WebSocketSettings::default());
    let (session, port) = SessionPort::open(SessionId::from_bytes([7; 16]), info, settings);
    let handler = |mut session: WebSocketSession| async move {
        while session.receive().await?.is_some() {}
        Ok(())
    };
    SessionDriver::with_clock(
        line.clone(),
        Arc::new(handler),
        session,
        port,
        clock.clone(),
    )
}

fn poll(driver: &mut SessionDriver<Line, ManualClock>) -> Poll<CloseOutcome> {
    Pin::new(driver).poll(&mut Context::from_waker(Waker::noop()))
}

fn pong() -> OutgoingFrame {
    OutgoingFrame::Message(WebSocketMessage::Pong(Bytes::from_static(b"?")))
}

fn close() -> OutgoingFrame {
    OutgoingFrame::Close(Some(CloseCode::NORMAL.into()))
}

#[test]
fn the_driver_leaves_to_a_transport_what_it_answers_itself() {
    let all = Duties::default();
    for (duties, answers) in [
        (all, vec![pong(), close()]),
        (all.without_pings(), vec![close()]),
        (all.without_close(), vec![pong()]),
        (all.without_pings().without_close(), vec![]),
    ] {
        let end = ReceiveEnd::Close(Some(CloseCode::NORMAL.into()));
        let line = Line::new(1, Some(end), duties);
        let mut driver = driver(&line, &ManualClock::new());
        let Poll::Ready(outcome) = poll(&mut driver) else {
            panic!("{duties:?}: the peer has closed");
        };
        assert!(
            matches!(outcome, CloseOutcome::ByPeer(Some(_))),
            "{duties:?}: {outcome:?}"
        );
        assert_eq!(line.sent(), answers, "{duties:?}");
    }
}

#[test]
fn a_driver_needs_no_runtime_when_it_has_a_clock() {
    let (line, clock) = (Line::new(0, None, Duties::default()), ManualClock::new());
    let mut driver = driver(&line, &clock);
    assert!(poll(&mut driver).is_pending());
    assert!(line.sent().is_empty());
    let settings = WebSocketSettings::default();
    clock.advance(settings.ping_interval().unwrap());
    assert!(poll(&mut driver).is_pending());
    let sent = line.sent();
    assert!(
        matches!(&sent[0], OutgoingFrame::Message(WebSocketMessage::Ping(_))),
        "{sent:?}"
    );
    clock.advance(settings.pong_timeout());
    assert!(poll(&mut driver).is_ready(), "the peer took the Close");
    assert!(matches!(&line.sent()[0], OutgoingFrame::Close(Some(_))));
}
