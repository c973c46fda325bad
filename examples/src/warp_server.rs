use std::{io, net::TcpListener};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use switchwire::{
    ShutdownReport,
    warp::{dispatch, http, not_found, serve_with_shutdown},
};
use warp::{Filter, path::FullPath};

use crate::{
    Pages, Site, pages,
    stop::{DEADLINE, stop},
};

#[tokio::main]
pub(crate) async fn serve(site: Site, listener: TcpListener) -> io::Result<ShutdownReport> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let body = warp::body::content_length_limit(pages::MAX_BODY as u64).and(warp::body::bytes());
    let pages = site.pages;
    let application = warp::method()
        .and(warp::path::full())
        .and(warp::header::headers_cloned())
        .and(body.or(warp::any().map(Bytes::new)).unify())
        .then(move |method, path, headers, body| {
            answer(pages.clone(), method, path, headers, body)
        });
    let registry = site.dispatcher.registry().clone();
    let stop = stop(registry.clone())?;
    let routes = dispatch(site.dispatcher)
        .or(http().and(application))
        .or(not_found());
    Ok(serve_with_shutdown(routes, listener, registry, stop, DEADLINE).await)
}

async fn answer(
    pages: Pages,
    method: Method,
    path: FullPath,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Bytes> {
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = path.as_str().parse().unwrap_or_default();
    *request.headers_mut() = headers;
    pages.answer(request).await
}
