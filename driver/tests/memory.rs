//! What a session holds on the heap, counted by the allocator: the numbers of docs/memory.md.
#![expect(clippy::unwrap_used, reason = "tests")]

mod counting;

use std::{
    cell::{Cell, RefCell},
    io,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use switchwire_core::{
    HandlerResult, HandshakeRequest, SessionId, SlowConsumerPolicy, WebSocketHandler,
    WebSocketMessage, WebSocketSession, WebSocketSettings, WebSocketSettingsBuilder,
    spi::{SessionParameters, SessionPort},
};
use switchwire_driver::{SessionDriver, StreamTransport};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    runtime::Runtime,
};

use self::counting::held;

/// What an idle session may hold at most, the connection's own memory not counted.
const IDLE: usize = 3_000;

/// What a thread allocates once: the read buffer.
const READ: usize = (64 << 10) + 14;

const SESSIONS: usize = 100;

/// A connection without memory of its own: what is written is counted and gone.
#[derive(Clone, Default)]
struct Line {
    input: Rc<RefCell<Vec<u8>>>,
    written: Rc<Cell<usize>>,
    blocked: Rc<Cell<bool>>,
}

impl AsyncRead for Line {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut input = self.input.borrow_mut();
        if input.is_empty() {
            return Poll::Pending;
        }
        let len = input.len().min(buffer.remaining());
        buffer.put_slice(&input[..len]);
        input.drain(..len);
        if input.is_empty() {
            *input = Vec::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.blocked.get() {
            return Poll::Pending;
        }
        self.written.set(self.written.get() + bytes.len());
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// A session whose driver is polled by hand.
struct Session {
    driver: Pin<Box<SessionDriver<StreamTransport<Line>>>>,
    line: Line,
}

impl Session {
    fn open(handler: Arc<dyn WebSocketHandler>, settings: &Arc<WebSocketSettings>) -> Self {
        Self::open_and_count(handler, settings).0
    }

    /// With what was allocated for the request, for what is shared, and for the driver and the handler.
    fn open_and_count(
        handler: Arc<dyn WebSocketHandler>,
        settings: &Arc<WebSocketSettings>,
    ) -> (Self, [usize; 3]) {
        let line = Line::default();
        let (head, ()) = http::Request::new(()).into_parts();
        let mut counted = [held(); 4];
        let info = HandshakeRequest::from(head).into_info(None);
        counted[1] = held();
        let id = SessionId::from_bytes([7; 16]);
        let transport = StreamTransport::new(
            line.clone(),
            Bytes::new(),
            &SessionParameters::server(settings.clone()),
        );
        let (session, port) = SessionPort::open(id, info, settings.clone());
        counted[2] = held();
        let driver = Box::pin(SessionDriver::new(transport, handler, session, port));
        counted[3] = held();
        let parts = [0, 1, 2].map(|at| counted[at + 1] - counted[at]);
        (Self { driver, line }, parts)
    }

    fn poll(&mut self) {
        let mut cx = Context::from_waker(Waker::noop());
        for _ in 0..100 {
            assert!(self.driver.as_mut().poll(&mut cx).is_pending());
        }
    }

    fn receive(&mut self, frames: Vec<u8>) {
        *self.line.input.borrow_mut() = frames;
        self.poll();
        assert!(self.line.input.borrow().is_empty(), "all was read");
    }
}

fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().build().unwrap()
}

fn settings(
    set: impl FnOnce(WebSocketSettingsBuilder) -> WebSocketSettingsBuilder,
) -> Arc<WebSocketSettings> {
    let large = WebSocketSettings::builder()
        .with_max_message_size(8 << 20)
        .with_max_frame_size(8 << 20);
    Arc::new(set(large).build().unwrap())
}

async fn echo(mut session: WebSocketSession) -> HandlerResult {
    while let Some(message) = session.receive().await? {
        session.send(message).await?;
    }
    Ok(())
}

/// A masked binary frame whose key is zero.
fn frame(len: usize) -> Vec<u8> {
    let mut frame = vec![0x82, 0x80 | 127];
    match len {
        0..=125 => {
            frame.pop();
            frame.push(0x80 | len as u8);
        }
        126..=65_535 => {
            frame.pop();
            frame.push(0x80 | 126);
            frame.extend((len as u16).to_be_bytes());
        }
        _ => frame.extend((len as u64).to_be_bytes()),
    }
    frame.extend([0; 4]);
    frame.resize(frame.len() + len, 0);
    frame
}

/// What each of a hundred echoing sessions holds after it received these frames.
fn held_by_each(frames: &[u8]) -> usize {
    let settings = settings(|settings| settings);
    let handler: Arc<dyn WebSocketHandler> = Arc::new(echo);
    let warm = |sessions: &mut Vec<Session>| {
        let mut session = Session::open(handler.clone(), &settings);
        session.receive(frames.to_vec());
        sessions.push(session);
    };
    let mut sessions = Vec::with_capacity(SESSIONS + 1);
    warm(&mut sessions); // what threads and the runtime allocate once
    let before = held();
    for _ in 0..SESSIONS {
        warm(&mut sessions);
    }
    (held() - before) / SESSIONS
}

/// What a session keeps of a request whose head has as many bytes as it may have, on so many lines.
fn kept_of_a_head(lines: usize) -> usize {
    let most = WebSocketSettings::default().max_request_head_size();
    let before = held();
    let (mut head, ()) = http::Request::get("/").body(()).unwrap().into_parts();
    for line in 0..lines {
        let name = format!("x-{line:04}");
        let value = "v".repeat((most - 1) / lines - name.len());
        let name = http::HeaderName::try_from(name).unwrap();
        head.headers.append(name, value.parse().unwrap());
    }
    let request = HandshakeRequest::from(head);
    request.check_head_size(most).unwrap();
    let info = request.into_info(None);
    let kept = held() - before;
    drop(info);
    kept
}

#[test]
fn a_session_keeps_no_more_of_a_request_than_its_head_and_its_lines() {
    for (lines, most) in [(1, 18 << 10), (100, 48 << 10)] {
        let kept = kept_of_a_head(lines);
        println!("a head of 16 KiB on {lines} lines: {kept}");
        assert!(kept <= most, "{lines} lines: {kept}");
    }
}

#[test]
fn an_idle_session_holds_little() {
    let runtime = runtime();
    let _entered = runtime.enter();
    println!(
        "driver {}, with the transport {}, timer {}",
        size_of::<SessionDriver<StreamTransport<Line>>>(),
        size_of::<StreamTransport<Line>>(),
        size_of::<tokio::time::Sleep>(),
    );
    let (mut session, parts) =
        Session::open_and_count(Arc::new(echo), &settings(|settings| settings));
    let opened = held();
    session.poll();
    println!(
        "request, shared, driver and handler {parts:?}, first poll {}",
        held() - opened
    );
    let fresh = held_by_each(&[]);
    let echoed = held_by_each(&frame(32));
    println!("idle {fresh}, after a message {echoed}");
    assert!(fresh <= IDLE, "{fresh} bytes");
    assert!(echoed <= IDLE, "{echoed} bytes");
}

#[test]
fn a_large_message_leaves_nothing_behind() {
    let runtime = runtime();
    let _entered = runtime.enter();
    let each = held_by_each(&frame(4 << 20));
    println!("after 4 MiB {each}");
    assert!(each <= IDLE, "{each} bytes");
}

#[test]
fn a_message_that_has_not_come_holds_at_most_twice_what_has() {
    let runtime = runtime();
    let _entered = runtime.enter();
    let settings = settings(|settings| settings);
    let message = frame(8 << 20);
    for came in [10, 1_000, 70_000, 300_000, 1 << 20] {
        let before = held();
        let mut session = Session::open(Arc::new(echo), &settings);
        let mut rest = &message[..came];
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(rest.len().min(50_000));
            session.receive(piece.to_vec());
            rest = after;
        }
        let holds = held() - before;
        println!("{came} bytes of 8 MiB: {holds}");
        assert!(holds <= 2 * came + IDLE + READ, "{holds} bytes of {came}");
    }
}

#[test]
fn a_burst_leaves_little_behind() {
    let runtime = runtime();
    let _entered = runtime.enter();
    let each = held_by_each(&frame(10).repeat(10_000));
    println!("after ten thousand messages {each}");
    assert!(each <= IDLE + 10_000, "{each} bytes");
}

#[test]
fn a_ping_gives_back_what_a_burst_left() {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let settings = settings(|settings| settings);
        // What the thread keeps for all sessions.
        Session::open(Arc::new(echo), &settings).receive(frame(10).repeat(10_000));
        let mut session = Session::open(Arc::new(echo), &settings);
        session.receive(frame(10));
        let before = held();
        session.receive(frame(10).repeat(10_000));
        let burst = held() - before;
        let written = session.line.written.get();
        tokio::time::advance(*settings.ping_interval().as_ref().unwrap()).await;
        session.poll();
        assert_eq!(session.line.written.get() - written, 10, "a ping");
        let left = held();
        println!("a burst left {burst}, with {before} before; after a ping {left}");
        assert!(left <= before, "{left} bytes");
    });
}

#[test]
fn a_small_message_that_is_kept_pins_no_read_buffer() {
    thread_local! {
        static KEPT: RefCell<Vec<WebSocketMessage>> = const { RefCell::new(Vec::new()) };
    }
    let runtime = runtime();
    let _entered = runtime.enter();
    KEPT.with_borrow_mut(|kept| kept.reserve(1_000));
    let keep = |mut session: WebSocketSession| async move {
        while let Some(message) = session.receive().await? {
            KEPT.with_borrow_mut(|kept| kept.push(message));
        }
        Ok(())
    };
    let mut session = Session::open(Arc::new(keep), &settings(|settings| settings));
    session.receive(frame(10));
    let before = held();
    for _ in 0..100 {
        session.receive([frame(10), frame(20_000)].concat());
    }
    KEPT.with_borrow_mut(|kept| kept.retain(|message| message.len() == 10));
    let each = (held() - before) / 100;
    println!("a kept message of ten bytes holds {each}");
    assert!(each <= 100, "{each} bytes");
    KEPT.take();
}

#[test]
fn a_peer_that_does_not_read_costs_the_mark_and_one_message() {
    const LARGE: usize = 1 << 20;
    const MARK: usize = 256 << 10;
    let runtime = runtime();
    let _entered = runtime.enter();
    for policy in [
        SlowConsumerPolicy::Wait,
        SlowConsumerPolicy::DropNewest,
        SlowConsumerPolicy::DropOldest,
    ] {
        for len in [100, 10_000, LARGE] {
            let send = move |session: WebSocketSession| async move {
                for _ in 0..10_000 {
                    session.send(vec![0; len]).await?;
                }
                std::future::pending().await
            };
            let settings = settings(|settings| settings.with_slow_consumer(policy));
            let before = held();
            let mut session = Session::open(Arc::new(send), &settings);
            session.line.blocked.set(true);
            session.poll();
            let holds = held() - before;
            println!("{policy:?} with messages of {len}: {holds}");
            // Beside payloads, a message in a queue is 40 bytes; what a send that waits holds is the handler's own.
            let most = MARK + 2 * len + 1024 * 40 * 3 + IDLE;
            assert!(holds <= most, "{policy:?} {len}: {holds} bytes");
        }
    }
}
