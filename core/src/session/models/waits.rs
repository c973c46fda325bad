use std::{
    collections::VecDeque,
    pin::pin,
    sync::Arc,
    task::{Context, Waker},
};

use loom::{future::block_on, model, thread};

use super::Task;
use crate::{
    close::{CloseCode, CloseOutcome},
    handshake::HandshakeRequest,
    session::{ReceiveBuffer, SessionId, SessionPort, WebSocketSession},
    settings::WebSocketSettings,
};

/// A session that has room for one message to be sent.
fn open() -> (WebSocketSession, SessionPort) {
    let settings = WebSocketSettings::builder().with_outbound_messages(1);
    let (head, ()) = http::Request::new(()).into_parts();
    SessionPort::open(
        SessionId::from_bytes([7; 16]),
        HandshakeRequest::from(head).into_info(None),
        Arc::new(settings.build().unwrap()),
    )
}

/// Polls the future once and drops it. Nothing refers to the task then, woken or not.
fn wait_and_leave(wait: impl Future) {
    let task = Arc::new(Task::default());
    let waker = task.waker();
    let _ = pin!(wait).poll(&mut Context::from_waker(&waker));
}

fn closed() -> CloseOutcome {
    CloseOutcome::ByUs(CloseCode::NORMAL.into())
}

#[test]
fn the_end_is_told_while_another_wait_for_it_is_dropped() {
    model(|| {
        let (session, port) = open();
        let sender = session.sender();
        thread::spawn(move || wait_and_leave(sender.closed()));
        thread::spawn(move || port.finish(closed()));
        block_on(session.closed());
    });
}

#[test]
fn a_message_is_received_while_another_wait_for_it_is_dropped() {
    model(|| {
        let (mut session, port) = open();
        let mut stream = session.receive_stream();
        thread::spawn(move || {
            let mut cx = Context::from_waker(Waker::noop());
            let _ = futures_core::Stream::poll_next(pin!(&mut stream), &mut cx);
        });
        let delivering = thread::spawn(move || {
            let mut incoming = ReceiveBuffer::new(false);
            let _ = port.make_room(&mut incoming, 2, 2);
            incoming.push("a message".into()); // either may get the first
            incoming.push("a message".into());
            port.deliver(&mut incoming);
            port
        });
        block_on(session.receive()).unwrap();
        drop(delivering.join());
    });
}

#[test]
fn a_send_gets_room_while_another_that_waits_is_dropped() {
    model(|| {
        let (session, port) = open();
        session.try_send("first").unwrap();
        let sender = session.sender();
        thread::spawn(move || wait_and_leave(sender.flush()));
        let writing = thread::spawn(move || {
            let taken = port.take_outbound(&mut VecDeque::new());
            assert!(!taken.is_left && !port.written());
            port
        });
        block_on(session.send("second")).unwrap();
        drop(writing.join());
    });
}

/// The driver's first poll against a send, and the handler's wake-up against the end of that poll:
/// the sent message is written.
#[test]
fn what_is_sent_is_found_by_the_driver() {
    model(|| {
        let (session, port) = open();
        let sender = session.sender();
        thread::spawn(move || sender.try_send("a message").unwrap());
        block_on(std::future::poll_fn(|cx| {
            let _ = port.begin_poll(cx.waker());
            loop {
                let mut taken = VecDeque::new();
                if port.take_session_use() && {
                    let _ = port.take_outbound(&mut taken);
                    !taken.is_empty()
                } {
                    return std::task::Poll::Ready(());
                }
                if port.end_poll() {
                    return std::task::Poll::Pending;
                }
            }
        }));
        drop(session);
    });
}
