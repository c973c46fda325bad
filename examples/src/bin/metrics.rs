//! An echo whose numbers Prometheus reads at `/metrics`.

use std::{error::Error, future::ready};

use http::StatusCode;
use metrics_exporter_prometheus::PrometheusBuilder;
use switchwire::{HandlerResult, UrlHandlerMapping, WebSocketSession};
use switchwire_examples::{Options, Pages, Site, pages};

const PAGE: &str = "<!doctype html><title>metrics</title>\
    <p>Connect a WebSocket to /echo/me, then look at <a href=/metrics>/metrics</a>.";

async fn echo(mut session: WebSocketSession) -> HandlerResult {
    while let Some(message) = session.receive().await? {
        session.send(message).await?;
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::read(
        "An echo whose numbers Prometheus reads at /metrics",
        "127.0.0.1:9001",
        "/echo/{name}",
    );
    let numbers = PrometheusBuilder::new().install_recorder()?;
    let mapping = UrlHandlerMapping::new().with("/echo/{name}", echo)?;
    let pages = Pages::new(move |request| {
        ready(match request.uri().path() {
            "/metrics" => {
                numbers.run_upkeep();
                pages::text(StatusCode::OK, numbers.render())
            }
            "/" => pages::html(PAGE),
            _ => pages::text(StatusCode::NOT_FOUND, "not found\n"),
        })
    });
    Site::new(mapping, pages).serve(&options)
}
