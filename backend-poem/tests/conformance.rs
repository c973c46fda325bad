//! The conformance suite on poem's own server.

use std::{io, process::ExitCode, thread};

use poem::{EndpointExt, Server, endpoint::make_sync, listener::TcpAcceptor};
use switchwire_backend_poem::UpgradeMiddleware;
use switchwire_conformance_app::{AppOn, Backend, Served, Suite, TestApp};
use tokio::{runtime::Runtime, sync::oneshot};

pub(crate) struct Poem;

impl Backend for Poem {
    fn name(&self) -> &'static str {
        "poem"
    }

    fn serve(&self, app: TestApp) -> io::Result<Served> {
        let runtime = Runtime::new()?;
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let acceptor = {
            let _entered = runtime.enter();
            TcpAcceptor::from_std(listener)?
        };
        let page = make_sync(|_| TestApp::HTTP_BODY);
        let app = page.with(UpgradeMiddleware::new(app.dispatcher()));
        let (guard, dropped) = oneshot::channel::<()>();
        thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    ended = Server::new_with_acceptor(acceptor).run(app) => drop(ended),
                    _ = dropped => {}
                }
            });
        });
        Ok(Served::new(address, guard))
    }
}

fn main() -> ExitCode {
    let hidden = "poem 3.1 hands over a type that hides hyper's Upgraded, and so the socket \
                  (src/request.rs, Upgraded), by which a session sees that its peer has ended TCP; \
                  `server` of this package shows it";
    Suite::new(AppOn(Poem))
        .known_failure(
            "keepalive::peer_that_ends_tcp_behind_a_full_queue_is_given_up",
            hidden,
        )
        .known_failure(
            "keepalive::peer_that_closes_behind_a_full_queue_and_ends_tcp_is_given_up",
            hidden,
        )
        .main()
}
