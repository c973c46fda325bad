use std::{convert::Infallible, io, net::TcpListener};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{body::Incoming, service::service_fn};
use switchwire::hyper::HyperServer;

use crate::{Pages, Site, pages};

#[tokio::main]
pub(crate) async fn serve(site: Site, listener: TcpListener) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let application = service_fn(move |request| answer(site.pages.clone(), request));
    tokio::select! {
        () = HyperServer::with_application(site.dispatcher, application).serve(listener) => {}
        stop = tokio::signal::ctrl_c() => stop?,
    }
    Ok(())
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
