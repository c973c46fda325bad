use std::{io, net::TcpListener, time::Duration};

use http::StatusCode;
use salvo::{
    Depot, FlowCtrl, Handler, Request, Response, Router, Server, Service, async_trait,
    http::ResBody,
};
use switchwire::{
    ShutdownReport,
    salvo::{acceptor, hoop},
};

use crate::{
    Pages, Site, pages,
    stop::{DEADLINE, stop},
};

#[tokio::main]
pub(crate) async fn serve(site: Site, listener: TcpListener) -> io::Result<ShutdownReport> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let sessions = site.dispatcher.registry().clone();
    let router = Router::new()
        .goal(Answer(site.pages.clone()))
        .push(Router::with_path("{**path}").goal(Answer(site.pages)));
    let service = Service::new(router).hoop(hoop(site.dispatcher));
    let server = Server::new(acceptor(listener)?);
    let handle = server.handle();
    let drained = sessions.drain_on(stop(sessions.clone())?, DEADLINE);
    let draining = async {
        drained.await;
        handle.stop_graceful(None);
        std::future::pending::<()>().await;
    };
    tokio::select! {
        ended = server.try_serve(service) => ended?,
        () = sessions.deadline() => {} // salvo waits for HTTP requests without a limit
        () = draining => {}
    }
    Ok(sessions.shutdown(Duration::ZERO).await)
}

struct Answer(Pages);

#[async_trait]
impl Handler for Answer {
    async fn handle(
        &self,
        request: &mut Request,
        _: &mut Depot,
        response: &mut Response,
        _: &mut FlowCtrl,
    ) {
        let answer = match request.payload_with_max_size(pages::MAX_BODY).await {
            Ok(body) => {
                let mut asked = http::Request::new(body.clone());
                *asked.method_mut() = request.method().clone();
                *asked.uri_mut() = request.uri().clone();
                *asked.headers_mut() = request.headers().clone();
                self.0.answer(asked).await
            }
            Err(_) => pages::text(StatusCode::PAYLOAD_TOO_LARGE, "too much\n"),
        };
        let (head, body) = answer.into_parts();
        response.status_code(head.status);
        response.headers_mut().extend(head.headers);
        response.replace_body(ResBody::Once(body));
    }
}
