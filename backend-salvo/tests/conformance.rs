//! The conformance suite on salvo's own server, with a hoop in front of all routes.

use std::{io, process::ExitCode, thread};

use salvo::{Router, Server, Service, handler, server::ServerHandle};
use switchwire_backend_salvo::{acceptor, hoop};
use switchwire_conformance_app::{AppOn, Backend, Served, Suite, TestApp};
use tokio::{net::TcpListener, runtime::Runtime};

pub(crate) struct Salvo;

impl Backend for Salvo {
    fn name(&self) -> &'static str {
        "salvo"
    }

    fn serve(&self, app: TestApp) -> io::Result<Served> {
        let runtime = Runtime::new()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?;
        let server = Server::new(acceptor(listener)?);
        let handle = server.handle();
        let router = Router::with_path("{**any}").goal(page);
        let service = Service::new(router).hoop(hoop(app.dispatcher()));
        thread::spawn(move || runtime.block_on(server.serve(service)));
        Ok(Served::new(address, Stop(handle)))
    }
}

struct Stop(ServerHandle);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.stop_forceful();
    }
}

#[handler]
async fn page() -> &'static str {
    TestApp::HTTP_BODY
}

fn main() -> ExitCode {
    Suite::new(AppOn(Salvo)).main()
}
