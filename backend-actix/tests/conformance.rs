//! The conformance suite, on actix-web.

use std::{io, net::TcpListener, process::ExitCode, sync::mpsc, thread};

use actix_web::{App, HttpResponse, HttpServer, dev::ServerHandle, middleware::from_fn, rt, web};
use switchwire_backend_actix::{configure, end_after_close, on_connect};
use switchwire_conformance_app::{AppOn, Backend, Served, Suite, TestApp};

pub(crate) struct Actix;

impl Backend for Actix {
    fn name(&self) -> &'static str {
        "actix"
    }

    fn serve(&self, app: TestApp) -> io::Result<Served> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let (started, handle) = mpsc::channel();
        let sessions = configure(app.dispatcher()).map_err(io::Error::other)?;
        let server = move || {
            let pages = || async { HttpResponse::Ok().body(TestApp::HTTP_BODY) };
            let app = move || {
                let app = App::new().wrap(from_fn(end_after_close));
                let app = app.configure(sessions.clone());
                app.default_service(web::to(pages))
            };
            let server = HttpServer::new(app)
                .on_connect(on_connect)
                .workers(2)
                .disable_signals()
                .listen(listener)?
                .run();
            let _ = started.send(server.handle());
            rt::System::new().block_on(server)
        };
        thread::spawn(server);
        let handle = handle.recv().map_err(io::Error::other)?;
        Ok(Served::new(address, Stop(handle)))
    }
}

struct Stop(ServerHandle);

impl Drop for Stop {
    fn drop(&mut self) {
        drop(self.0.stop(false)); // the command is sent at once
    }
}

fn main() -> ExitCode {
    Suite::new(AppOn(Actix))
        .known_failure(
            "contract::handshake::refusal_leaves_the_connection_usable",
            "actix-http 3.20 takes all that follows a request with `Upgrade: websocket` for its body and closes \
             after any answer but 101 (h1/decoder.rs, PayloadLength::UpgradeWebSocket; \
             h1/dispatcher.rs, should_close_for_unread_payload)",
        )
        .main()
}
