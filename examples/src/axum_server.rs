use std::{
    io,
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    response::Response,
    serve::ListenerExt,
};
use http::StatusCode;
use switchwire::{ShutdownReport, axum::layer};

use crate::{
    Pages, Site, pages,
    stop::{DEADLINE, stop},
};

#[tokio::main]
pub(crate) async fn serve(site: Site, listener: TcpListener) -> io::Result<ShutdownReport> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let listener = listener.tap_io(|socket| drop(socket.set_nodelay(true)));
    let sessions = site.dispatcher.registry().clone();
    let app = Router::new()
        .fallback(answer)
        .with_state(site.pages)
        .layer(layer(site.dispatcher))
        .into_make_service_with_connect_info::<SocketAddr>();
    let drained = sessions.drain_on(stop(sessions.clone())?, DEADLINE);
    let serving = axum::serve(listener, app).with_graceful_shutdown(drained);
    tokio::select! {
        ended = async { serving.await } => ended?,
        () = sessions.deadline() => {} // axum waits for HTTP requests without a limit
    }
    Ok(sessions.shutdown(Duration::ZERO).await)
}

async fn answer(State(pages): State<Pages>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let response = match to_bytes(body, pages::MAX_BODY).await {
        Ok(body) => pages.answer(Request::from_parts(head, body)).await,
        Err(_) => pages::text(StatusCode::PAYLOAD_TOO_LARGE, "too much\n"),
    };
    response.map(Body::from)
}
