//! The conformance suite, on actix-web.

use std::{io, net::TcpListener, process::ExitCode, sync::mpsc, thread};

use actix_web::{App, HttpResponse, HttpServer, dev::ServerHandle, rt, web};
use switchwire_conformance::{Backend, Served, Suite, TestApp};

struct Actix;

impl Backend for Actix {
    fn name(&self) -> &'static str {
        "actix"
    }

    fn serve(&self, app: TestApp) -> io::Result<Served> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let (started, handle) = mpsc::channel();
        let server = move || {
            let pages = || async { HttpResponse::Ok().body(TestApp::HTTP_BODY) };
            let sessions = move |config: &mut web::ServiceConfig| {
                switchwire_backend_actix::configure(app.dispatcher())(config);
            };
            let server = HttpServer::new(move || {
                let app = App::new().configure(sessions.clone());
                app.default_service(web::to(pages))
            });
            let server = server
                .on_connect(switchwire_backend_actix::on_connect)
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
    Suite::new(Actix).main()
}
