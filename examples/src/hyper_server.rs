use std::{convert::Infallible, io, net::TcpListener};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{body::Incoming, service::service_fn};
use switchwire::{ShutdownReport, hyper::HyperServer};

use crate::{
    Pages, Site, pages,
    stop::{DEADLINE, stop},
};

#[tokio::main]
pub(crate) async fn serve(site: Site, listener: TcpListener) -> io::Result<ShutdownReport> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let application = service_fn(move |request| answer(site.pages.clone(), request));
    let stop = stop(site.dispatcher.registry().clone())?;
    let server = HyperServer::with_application(site.dispatcher, application);
    Ok(server.serve_with_shutdown(listener, stop, DEADLINE).await)
}

async fn answer(
    pages: Pages,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, pages::MAX_BODY).collect().await;
    let response = match body {
        Ok(body) => {
            let request = Request::from_parts(head, body.to_bytes());
            pages.answer(request).await
        }
        Err(_) => pages::text(StatusCode::PAYLOAD_TOO_LARGE, "too much\n"),
    };
    Ok(response.map(Full::from))
}
