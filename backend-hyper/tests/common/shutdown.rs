//! What every server does when it is told to stop, whatever it is.

use std::{net::SocketAddr, time::Duration};

use switchwire_service::{SessionRegistry, ShutdownReport};
use tokio::{net::TcpStream, sync::oneshot};

use super::common::{Frame, Peer, get, handshake, masked, soon};

/// Long enough for all that a test does.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// A server that serves an echo at `/` to those who ask for it, and at `/slow` a page that waits for `page`.
pub(crate) struct Server<S> {
    pub(crate) address: SocketAddr,
    pub(crate) registry: SessionRegistry,
    pub(crate) stop: oneshot::Sender<()>,
    pub(crate) page: oneshot::Sender<()>,
    /// Resolves when the server has stopped.
    pub(crate) stopped: S,
}

/// A Close with 1001.
fn going_away() -> Frame {
    Frame {
        opcode: 0x8,
        payload: 1001_u16.to_be_bytes().into(),
    }
}

/// Sessions get 1001, a page that was asked for is sent, and nothing new is served; the server stops when all that is done.
pub(crate) async fn ends_in_good_order(server: Server<impl Future<Output = ShutdownReport>>) {
    let mut asking = Peer::connect(server.address).await;
    asking.send(get("/slow")).await;
    let mut peer = Peer::connect(server.address).await;
    assert_eq!(peer.ask(handshake("/")).await.status, 101);
    server.stop.send(()).unwrap();
    let client = async {
        assert_eq!(peer.frame().await, going_away());
        assert!(server.registry.is_shutting_down());
        // Whatever took the connection before the listener was closed does not switch it.
        if let Ok(late) = TcpStream::connect(server.address).await {
            let answer = String::from_utf8(Peer::new(late).tell(handshake("/")).await).unwrap();
            assert!(!answer.contains("101"), "{answer}");
        }
        peer.send(masked(0x8, &1001_u16.to_be_bytes())).await;
        assert_eq!(peer.end().await, b"");
        server.page.send(()).unwrap();
        assert_eq!(asking.answer().await.status, 200);
    };
    let (report, ()) = soon(async { tokio::join!(server.stopped, client) }).await;
    assert_eq!((report.closed, report.sessions()), (1, 1), "{report}");
}

/// With no time left, nobody is waited for.
pub(crate) async fn ends_at_once_when_told_again(
    server: Server<impl Future<Output = ShutdownReport>>,
) {
    let mut asking = Peer::connect(server.address).await;
    asking.send(get("/slow")).await;
    let mut silent = Peer::connect(server.address).await;
    assert_eq!(silent.ask(handshake("/")).await.status, 101);
    server.stop.send(()).unwrap();
    let client = async {
        assert_eq!(silent.frame().await, going_away());
        server.registry.shutdown(Duration::ZERO).await
    };
    let (report, again) = soon(async { tokio::join!(server.stopped, client) }).await;
    assert_eq!((report.aborted, report.sessions()), (1, 1), "{report}");
    assert_eq!(again, report);
    assert_eq!(silent.end().await, b"");
    drop(server.page);
}
