//! The conformance suite on a tower service, with a layer in front and an application inside.

use std::{convert::Infallible, io, process::ExitCode, thread};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::service::TowerToHyperService;
use switchwire_backend_hyper::HyperServer;
use switchwire_backend_tower::UpgradeLayer;
use switchwire_conformance_app::{AppOn, Backend, Served, Suite, TestApp};
use tokio::{net::TcpListener, runtime::Runtime, sync::oneshot};
use tower::{ServiceBuilder, service_fn};

pub(crate) struct Tower;

impl Backend for Tower {
    fn name(&self) -> &'static str {
        "tower"
    }

    fn serve(&self, app: TestApp) -> io::Result<Served> {
        let runtime = Runtime::new()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?;
        let service = ServiceBuilder::new()
            .concurrency_limit(1000)
            .layer(UpgradeLayer::new(app.dispatcher()))
            .service(service_fn(|_: Request<Incoming>| async {
                Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(TestApp::HTTP_BODY)))
            }));
        let server = HyperServer::from_service(TowerToHyperService::new(service));
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
    Suite::new(AppOn(Tower)).main()
}
