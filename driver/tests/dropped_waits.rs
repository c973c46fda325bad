//! A task may wait for a session beside other work, and drop the wait when the work is done: `select! { closed(), work }`
//! once per request, `timeout(publish)` on a member that does not read. Each such wait once left its waker with the
//! session, until the session ended: the waker kept the memory of its task, and each further wait looked at all that were
//! left. Now a wait that is dropped leaves nothing.
#![expect(clippy::unwrap_used, reason = "tests")]

mod counting;

use std::{
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use futures_util::{FutureExt, SinkExt, StreamExt};
use switchwire_core::{
    CloseOutcome, Error, ErrorKind, HandshakeRequest, SessionId, WebSocketSender, WebSocketSession,
    WebSocketSettings, spi::SessionPort,
};
use switchwire_topics::Topic;

use self::counting::held;

struct Task;

impl Wake for Task {
    fn wake(self: Arc<Self>) {}
}

/// A session whose outbound queue is full: one message, and nobody who writes it.
fn stuck() -> (WebSocketSession, SessionPort) {
    let settings = WebSocketSettings::builder().with_outbound_messages(1);
    let settings = Arc::new(settings.build().unwrap());
    let (head, ()) = http::Request::new(()).into_parts();
    let info = HandshakeRequest::from(head).into_info(None);
    let (session, port) = SessionPort::open(SessionId::from_bytes([7; 16]), info, settings);
    session.try_send("the only one").unwrap();
    (session, port)
}

/// Polls the future once, by a task that nobody else knows, and drops it: then nobody knows the task.
fn wait_and_leave(wait: impl Future, task: &Arc<Task>) {
    poll_once(pin!(wait), task);
    assert_eq!(Arc::strong_count(task), 1, "a waker was left behind");
}

fn poll_once<F: Future + ?Sized>(wait: Pin<&mut F>, task: &Arc<Task>) {
    let waker = Waker::from(task.clone());
    assert!(wait.poll(&mut Context::from_waker(&waker)).is_pending());
}

#[test]
fn a_million_waits_that_are_dropped_leave_nothing() {
    let (session, _port) = stuck();
    // Others wait all the while, and are not looked through.
    let task = Arc::new(Task);
    let mut waiting: Vec<_> = (0..10_000).map(|_| session.closed()).collect();
    for closed in &mut waiting {
        poll_once(Pin::new(closed), &task);
    }
    let task = Arc::new(Task);
    wait_and_leave(session.closed(), &task);
    let before = held();
    for _ in 0..1_000_000 {
        wait_and_leave(session.closed(), &task);
    }
    assert_eq!(held(), before);
}

#[test]
fn every_wait_that_is_dropped_leaves_nothing() {
    let (mut session, port) = stuck();
    let sender = session.sender();
    let topic = Topic::new();
    let _membership = topic.join(&sender);
    // Alone, and beside one that goes on waiting.
    for other in [None, Some(Arc::new(Task))] {
        let (mut closed, mut flush) = (sender.closed(), Box::pin(sender.flush()));
        let mut stream = session.receive_stream();
        let mut abandoned = Box::pin(sender.abandoned());
        if let Some(task) = &other {
            poll_once(Pin::new(&mut closed), task);
            poll_once(flush.as_mut(), task);
            poll_once(abandoned.as_mut(), task);
            poll_once(stream.next().boxed().as_mut(), task);
        }
        let task = Arc::new(Task);
        wait_and_leave(sender.closed(), &task);
        wait_and_leave(sender.shutting_down(), &task);
        wait_and_leave(sender.send("a second"), &task);
        wait_and_leave(sender.flush(), &task);
        wait_and_leave(sender.abandoned(), &task);
        wait_and_leave(session.receive(), &task);
        let mut other_stream = session.receive_stream();
        wait_and_leave(async move { other_stream.next().await }, &task);
        wait_and_leave(port.aborted(), &task);
        wait_and_leave(topic.publish("to all"), &task);
        let none = futures_util::stream::iter([Ok::<_, Error>("a second")]);
        wait_and_leave(session.send_all(none), &task);
        assert_eq!(other.as_ref().map_or(5, Arc::strong_count), 5);
    }
}

#[test]
fn a_session_that_is_used_as_stream_and_sink_waits_once() {
    let (mut session, _port) = stuck();
    let tasks: [Arc<Task>; 4] = std::array::from_fn(|_| Arc::new(Task));
    for task in &tasks {
        let waker = Waker::from(task.clone());
        let mut cx = Context::from_waker(&waker);
        assert!(session.poll_next_unpin(&mut cx).is_pending());
        assert!(session.poll_ready_unpin(&mut cx).is_pending());
        assert!(session.poll_flush_unpin(&mut cx).is_pending());
    }
    let counts = tasks.each_ref().map(Arc::strong_count);
    assert_eq!(counts, [1, 1, 1, 3], "who polled last waits");
    drop(session);
    assert_eq!(Arc::strong_count(&tasks[3]), 1);
}

/// The last who knows of a task may be a waker that a session drops: then the task's own futures are dropped, and they give
/// back their places in the same session.
#[test]
fn a_wait_that_ends_with_the_waker_of_another_is_no_deadlock() {
    struct Owner {
        _waits: std::sync::Mutex<Option<switchwire_core::future::Closed>>,
    }
    impl Wake for Owner {
        fn wake(self: Arc<Self>) {}
    }
    let owner = |sender: &WebSocketSender| {
        let mut closed = sender.closed();
        poll_once(Pin::new(&mut closed), &Arc::new(Task));
        let owner = Owner {
            _waits: std::sync::Mutex::new(Some(closed)),
        };
        Waker::from(Arc::new(owner))
    };
    let (mut session, port) = stuck();
    let sender = session.sender();
    let mut closed = sender.closed();
    let mut receiving = session.receive();
    for _ in 0..3 {
        let waker = owner(&sender);
        let mut cx = Context::from_waker(&waker);
        assert!(closed.poll_unpin(&mut cx).is_pending());
        assert!(receiving.poll_unpin(&mut cx).is_pending());
    }
    port.end_receiving(Err(Error::new(ErrorKind::Timeout)));
    port.finish(CloseOutcome::TimedOut);
    let Poll::Ready(Err(error)) = receiving.poll_unpin(&mut Context::from_waker(Waker::noop()))
    else {
        panic!("it ended");
    };
    assert_eq!(error.kind(), ErrorKind::Timeout);
}

/// A wait that was woken and is dropped without looking takes nobody's wake with it: all are woken.
#[tokio::test]
async fn a_wake_that_is_not_used_is_not_lost_to_others() {
    let (session, port) = stuck();
    let (first, second) = (session.sender(), session.sender());
    let mut dropped = Box::pin(first.send("dropped"));
    assert!((&mut dropped).now_or_never().is_none());
    let other = tokio::spawn(async move { second.send("sent").await });
    tokio::task::yield_now().await;
    let mut taken = std::collections::VecDeque::new();
    let _ = port.take_outbound(&mut taken);
    assert!(!port.written());
    drop(dropped);
    let sent = tokio::time::timeout(Duration::from_secs(10), other).await;
    sent.expect("woken").unwrap().unwrap();
}
