//! The conformance suite on warp.

use std::{io, process::ExitCode, thread};

use switchwire_backend_warp::{dispatch, http, serve};
use switchwire_conformance::{Backend, Served, Suite, TestApp};
use tokio::{net::TcpListener, runtime::Runtime, sync::oneshot};
use warp::Filter;

struct Warp;

impl Backend for Warp {
    fn name(&self) -> &'static str {
        "warp"
    }

    fn serve(&self, app: TestApp) -> io::Result<Served> {
        let runtime = Runtime::new()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?;
        let pages = http().map(|| TestApp::HTTP_BODY);
        let routes = dispatch(app.dispatcher()).or(pages);
        let (guard, dropped) = oneshot::channel::<()>();
        thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = serve(routes, listener) => {}
                    _ = dropped => {}
                }
            });
        });
        Ok(Served::new(address, guard))
    }
}

fn main() -> ExitCode {
    Suite::new(Warp).main()
}
