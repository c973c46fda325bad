//! The conformance suite on warp's own server. The examples run on `serve`.

use std::{io, process::ExitCode, thread};

use switchwire_backend_warp::{dispatch, http, not_found, without_delay};
use switchwire_conformance_app::{AppOn, Backend, Served, Suite, TestApp};
use tokio::{net::TcpListener, runtime::Runtime, sync::oneshot};
use warp::Filter;

pub(crate) struct Warp;

impl Backend for Warp {
    fn name(&self) -> &'static str {
        "warp"
    }

    fn serve(&self, app: TestApp) -> io::Result<Served> {
        let runtime = Runtime::new()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let listener = without_delay(listener)?;
        let address = listener.local_addr()?;
        let pages = http().map(|| TestApp::HTTP_BODY);
        let routes = dispatch(app.dispatcher()).or(pages).or(not_found());
        let server = warp::serve(routes).incoming(listener);
        let (guard, dropped) = oneshot::channel::<()>();
        thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = server.run() => {}
                    _ = dropped => {}
                }
            });
        });
        Ok(Served::new(address, guard))
    }
}

fn main() -> ExitCode {
    Suite::new(AppOn(Warp))
        .known_failure(
            "rfc9112::s3_2_2::host_of_an_absolute_target_counts",
            "warp 0.4 has no filter that gives the host of a target beside another Host \
             (filters/host.rs, optional), so such a request gets 400",
        )
        .main()
}
