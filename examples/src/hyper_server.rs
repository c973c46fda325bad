use std::{convert::Infallible, io, net::TcpListener};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::{body::Incoming, service::service_fn};
use switchwire::hyper::HyperServer;

use crate::Site;

#[tokio::main]
pub(crate) async fn serve(site: Site, listener: TcpListener) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let application = service_fn(move |request| async move { page(&request, site.page) });
    tokio::select! {
        () = HyperServer::with_application(site.dispatcher, application).serve(listener) => {}
        stop = tokio::signal::ctrl_c() => stop?,
    }
    Ok(())
}

fn page(
    request: &Request<Incoming>,
    page: &'static str,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let found = request.method() == Method::GET && request.uri().path() == "/";
    let mut response = Response::new(Full::from(if found { page } else { "not found\n" }));
    if found {
        let html = "text/html; charset=utf-8"
            .parse()
            .expect("a valid header value");
        response.headers_mut().insert(header::CONTENT_TYPE, html);
    } else {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    Ok(response)
}
