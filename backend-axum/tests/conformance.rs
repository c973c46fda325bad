//! The conformance suite on `axum::serve`, with a trace layer, an extractor for authentication and
//! state in front of the handlers.

use std::{convert::Infallible, io, net::SocketAddr, process::ExitCode, thread};

use axum::{
    Router, extract::FromRequestParts, http::request::Parts, middleware::from_extractor_with_state,
    serve::ListenerExt,
};
use switchwire_backend_axum::layer;
use switchwire_conformance_app::{AppOn, Backend, Served, Suite, TestApp};
use tokio::{net::TcpListener, runtime::Runtime, sync::oneshot};
use tower_http::trace::TraceLayer;

pub(crate) struct Axum;

impl Backend for Axum {
    fn name(&self) -> &'static str {
        "axum"
    }

    fn serve(&self, app: TestApp) -> io::Result<Served> {
        let runtime = Runtime::new()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?;
        let listener = listener.tap_io(|socket| drop(socket.set_nodelay(true)));
        let app = Router::new()
            .fallback(|| async { TestApp::HTTP_BODY })
            .layer(layer(app.dispatcher()))
            .layer(from_extractor_with_state::<Guest, _>(Guests))
            .layer(TraceLayer::new_for_http())
            .into_make_service_with_connect_info::<SocketAddr>();
        let (guard, dropped) = oneshot::channel::<()>();
        thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    ended = async { axum::serve(listener, app).await } => drop(ended),
                    _ = dropped => {}
                }
            });
        });
        Ok(Served::new(address, guard))
    }
}

/// Whom the application lets in: everybody.
#[derive(Clone)]
struct Guests;

struct Guest;

impl FromRequestParts<Guests> for Guest {
    type Rejection = Infallible;

    async fn from_request_parts(_: &mut Parts, Guests: &Guests) -> Result<Self, Infallible> {
        Ok(Self)
    }
}

fn main() -> ExitCode {
    Suite::new(AppOn(Axum)).main()
}
