//! The conformance suite on hyper.

use std::{convert::Infallible, io, process::ExitCode, thread};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Response, service::service_fn};
use switchwire_backend_hyper::HyperServer;
use switchwire_conformance_app::{AppOn, Backend, Served, Suite, TestApp};
use tokio::{net::TcpListener, runtime::Runtime, sync::oneshot};

pub(crate) struct Hyper;

impl Backend for Hyper {
    fn name(&self) -> &'static str {
        "hyper"
    }

    fn serve(&self, app: TestApp) -> io::Result<Served> {
        let runtime = Runtime::new()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?;
        let http = service_fn(|_| async {
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(TestApp::HTTP_BODY)))
        });
        let server = HyperServer::with_application(app.dispatcher(), http);
        let (guard, dropped) = oneshot::channel::<()>();
        thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = server.serve(listener) => {}
                    _ = dropped => {}
                }
            });
        });
        Ok(Served::new(address, guard))
    }
}

fn main() -> ExitCode {
    Suite::new(AppOn(Hyper)).main()
}
