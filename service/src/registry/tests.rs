use std::{future::pending, sync::Arc, time::Duration};

use futures_util::FutureExt;
use switchwire_core::{
    CloseCode, HandlerResult, HandshakeRequest, WebSocketSession, WebSocketSettings,
    spi::{SessionParameters, SessionPort},
};
use tokio::{io::DuplexStream, task::JoinHandle};

use super::*;
use switchwire_driver::{SessionDriver, StreamTransport};

/// Less than the handler's grace after its connection is gone.
const SOON: Duration = Duration::from_secs(20);

/// Starts a session whose driver runs on a pipe. Returns the other end of the pipe.
fn start<Fut: Future<Output = HandlerResult> + Send + 'static>(
    registry: &SessionRegistry,
    number: u8,
    handler: impl Fn(WebSocketSession) -> Fut + Send + Sync + 'static,
) -> (DuplexStream, JoinHandle<()>) {
    let (ours, theirs) = tokio::io::duplex(1024);
    let (head, ()) = http::Request::new(()).into_parts();
    let info = HandshakeRequest::from(head).into_info(None);
    let settings = Arc::new(WebSocketSettings::default());
    let transport = StreamTransport::new(
        ours,
        bytes::Bytes::new(),
        &SessionParameters::server(settings.clone()),
    );
    let id = SessionId::from_bytes([number; 16]);
    let (session, port) = SessionPort::open(id, info, settings);
    let registration = registry.register(id, port.control()).unwrap();
    let driver = SessionDriver::new(transport, Arc::new(handler), session, port);
    let running = tokio::spawn(async move { registration.end(driver.await) });
    (theirs, running)
}

fn report(closed: usize, failed: usize, aborted: usize) -> ShutdownReport {
    ShutdownReport {
        closed,
        failed,
        aborted,
        remaining: 0,
    }
}

#[tokio::test(start_paused = true)]
async fn sessions_are_found_and_forgotten() {
    let registry = SessionRegistry::new();
    let (peer, running) = start(&registry, 1, |mut session| async move {
        session.attributes().insert(7_u32);
        while session.receive().await?.is_some() {}
        Ok(())
    });
    let id = SessionId::from_bytes([1; 16]);
    assert_eq!(registry.find(id).map(|session| session.id()), Some(id));
    assert!(registry.find(SessionId::from_bytes([2; 16])).is_none());
    tokio::task::yield_now().await; // lets the handler begin
    let seven =
        |session: &WebSocketSender| session.attributes().get::<u32>().as_deref() == Some(&7);
    assert_eq!(registry.matching(seven).len(), 1);
    assert_eq!(registry.close_all(CloseCode::NORMAL), 1);
    drop(peer);
    running.await.unwrap();
    assert!(registry.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_left_at_the_deadline_is_dropped_and_counted() {
    let registry = SessionRegistry::new();
    let _peers = [
        start(&registry, 1, |_| pending()),
        start(&registry, 2, |_| async { Ok(()) }),
    ];
    let (peer, _running) = start(&registry, 3, |mut session| async move {
        while session.receive().await?.is_some() {}
        Ok(())
    });
    drop(peer);
    // The second session ends because its peer is silent for the closing deadline, which comes
    // before the shutdown's.
    assert_eq!(registry.shutdown(SOON).await, report(0, 2, 1));
    assert!(registry.is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_earliest_deadline_counts_for_all_calls() {
    let registry = SessionRegistry::new();
    let _peer = start(&registry, 1, |_| pending());
    let start = tokio::time::Instant::now();
    let long = tokio::spawn(registry.shutdown(Duration::MAX));
    drop(registry.shutdown(2 * SOON)); // takes effect without being awaited
    let short = registry.shutdown(SOON);
    assert_eq!(short.await, report(0, 0, 1));
    assert_eq!(long.await.unwrap(), report(0, 0, 1));
    assert!(start.elapsed() < 2 * SOON);
}

#[tokio::test(start_paused = true)]
async fn no_session_begins_after_a_shutdown_began() {
    let registry = SessionRegistry::new();
    assert_eq!(
        registry.shutdown(SOON).now_or_never(),
        Some(report(0, 0, 0))
    );
    let (head, ()) = http::Request::new(()).into_parts();
    let info = HandshakeRequest::from(head).into_info(None);
    let id = SessionId::from_bytes([1; 16]);
    let (_session, port) = SessionPort::open(id, info, Arc::default());
    assert!(matches!(
        registry.register(id, port.control()),
        Err(HandshakeError::ShuttingDown)
    ));
}

#[tokio::test(start_paused = true)]
async fn no_room_of_gone_sessions_is_kept() {
    let registry = SessionRegistry::new();
    let (head, ()) = http::Request::new(()).into_parts();
    let info = HandshakeRequest::from(head).into_info(None);
    let registrations: Vec<_> = (0..5000_u128)
        .map(|number| {
            let id = SessionId::from_bytes(number.to_be_bytes());
            let (_session, port) = SessionPort::open(id, info.clone(), Arc::default());
            registry.register(id, port.control()).unwrap()
        })
        .collect();
    assert_eq!(registry.len(), 5000);
    drop(registrations);
    assert!(registry.shared.lock().sessions.capacity() <= 1024);
}
