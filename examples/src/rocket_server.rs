use std::{
    io::{self, Cursor},
    net::TcpListener,
    time::Duration,
};

use http::StatusCode;
use rocket::{
    Config, Data, Request, Response, Route, async_trait,
    config::LogLevel,
    data::ToByteUnit,
    http::{Header, Method, Status},
    route::{Handler, Outcome},
};
use switchwire::{ShutdownReport, rocket::fairing};

use crate::{
    Pages, Site, pages,
    stop::{DEADLINE, stop},
};

/// Rocket does not take a listener: it listens on the same address again.
#[tokio::main]
pub(crate) async fn serve(site: Site, listener: TcpListener) -> io::Result<ShutdownReport> {
    let address = listener.local_addr()?;
    drop(listener);
    let mut config = Config {
        address: address.ip(),
        port: address.port(),
        log_level: LogLevel::Off,
        ..Config::release_default()
    };
    config.shutdown.ctrlc = false; // the example has its own signals
    config.shutdown.signals.clear();
    config.shutdown.grace = u32::try_from(DEADLINE.as_secs()).unwrap_or(u32::MAX);
    let sessions = site.dispatcher.registry().clone();
    let signal = stop(sessions.clone())?;
    let pages = [Method::Get, Method::Post]
        .map(|method| Route::new(method, "/<_..>", Answer(site.pages.clone())));
    let rocket = rocket::custom(config)
        .attach(fairing(site.dispatcher))
        .mount("/", pages)
        .ignite()
        .await
        .map_err(|error| io::Error::other(error.to_string()))?;
    let shutdown = rocket.shutdown();
    tokio::spawn(async move {
        signal.await;
        shutdown.notify();
    });
    let launched = rocket.launch().await;
    launched.map_err(|error| io::Error::other(error.to_string()))?;
    Ok(sessions.shutdown(Duration::ZERO).await)
}

#[derive(Clone)]
struct Answer(Pages);

#[async_trait]
impl Handler for Answer {
    async fn handle<'r>(&self, request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r> {
        let body = data.open(pages::MAX_BODY.bytes()).into_bytes().await;
        let answer = match body {
            Ok(body) if body.is_complete() => {
                let mut asked = http::Request::new(body.into_inner().into());
                *asked.method_mut() = request.method().as_str().parse().unwrap_or_default();
                *asked.uri_mut() = request.uri().to_string().parse().unwrap_or_default();
                for header in request.headers().iter() {
                    let name = http::HeaderName::from_bytes(header.name().as_str().as_bytes());
                    let value = http::HeaderValue::from_bytes(header.value().as_bytes());
                    if let (Ok(name), Ok(value)) = (name, value) {
                        asked.headers_mut().append(name, value);
                    }
                }
                self.0.answer(asked).await
            }
            _ => pages::text(StatusCode::PAYLOAD_TOO_LARGE, "too much\n"),
        };
        let (head, body) = answer.into_parts();
        let mut response = Response::new();
        response.set_status(Status::new(head.status.as_u16()));
        for (name, value) in &head.headers {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            response.adjoin_header(Header::new(name.as_str().to_owned(), value));
        }
        response.set_sized_body(body.len(), Cursor::new(body));
        Outcome::Success(response)
    }
}
