use std::{io, net::TcpListener};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    http::StatusCode,
    rt,
    web::{self, Bytes, PayloadConfig},
};
use http::Request;
use switchwire::{
    ShutdownReport,
    actix::{configure, on_connect, serve_with_shutdown},
};

use crate::{
    Pages, Site, pages,
    stop::{DEADLINE, stop},
};

pub(crate) fn serve(site: Site, listener: TcpListener) -> io::Result<ShutdownReport> {
    let registry = site.dispatcher.registry().clone();
    let sessions = configure(site.dispatcher).map_err(io::Error::other)?;
    let server = HttpServer::new(move || {
        let pages = site.pages.clone();
        App::new()
            .app_data(PayloadConfig::new(pages::MAX_BODY))
            .configure(sessions.clone())
            .default_service(web::to(move |request: HttpRequest, body: Bytes| {
                let pages = pages.clone();
                async move { answer(&pages, &request, body).await }
            }))
    });
    let server = server.on_connect(on_connect).disable_signals();
    rt::System::new().block_on(async {
        let stop = stop(registry.clone())?;
        serve_with_shutdown(server.listen(listener)?.run(), registry, stop, DEADLINE).await
    })
}

/// The pages speak today's `http`, the server still the version before.
async fn answer(pages: &Pages, request: &HttpRequest, body: Bytes) -> HttpResponse {
    let mut builder = Request::builder()
        .method(request.method().as_str())
        .uri(request.path());
    for (name, value) in request.headers() {
        builder = builder.header(name.as_str(), value.as_bytes());
    }
    let Ok(request) = builder.body(body) else {
        return HttpResponse::BadRequest().finish();
    };
    let (head, body) = pages.answer(request).await.into_parts();
    let status = StatusCode::from_u16(head.status.as_u16()).unwrap_or_default();
    let mut response = HttpResponse::build(status);
    for (name, value) in &head.headers {
        response.append_header((name.as_str(), value.as_bytes()));
    }
    response.body(body)
}
