use std::{io, net::TcpListener, time::Duration};

use http::StatusCode;
use poem::{Endpoint, EndpointExt, IntoResponse, Request, Response, Server, listener::TcpAcceptor};
use switchwire::{ShutdownReport, poem::UpgradeMiddleware};

use crate::{
    Pages, Site, pages,
    stop::{DEADLINE, stop},
};

#[tokio::main]
pub(crate) async fn serve(site: Site, listener: TcpListener) -> io::Result<ShutdownReport> {
    listener.set_nonblocking(true)?;
    let sessions = site.dispatcher.registry().clone();
    let app = Application(site.pages).with(UpgradeMiddleware::new(site.dispatcher));
    let drained = sessions.drain_on(stop(sessions.clone())?, DEADLINE);
    Server::new_with_acceptor(TcpAcceptor::from_std(listener)?)
        .run_with_graceful_shutdown(app, drained, Some(DEADLINE))
        .await?;
    Ok(sessions.shutdown(Duration::ZERO).await)
}

struct Application(Pages);

impl Endpoint for Application {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let (head, body) = request.into_parts();
        let response = match body.into_bytes_limit(pages::MAX_BODY).await {
            Ok(body) => {
                let mut request = http::Request::new(body);
                *request.method_mut() = head.method;
                *request.uri_mut() = head.uri;
                *request.headers_mut() = head.headers;
                self.0.answer(request).await
            }
            Err(_) => pages::text(StatusCode::PAYLOAD_TOO_LARGE, "too much\n"),
        };
        let (head, body) = response.into_parts();
        let mut response = body.into_response();
        response.set_status(head.status);
        *response.headers_mut() = head.headers;
        Ok(response)
    }
}
