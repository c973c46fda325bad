//! GraphQL on every server: subscriptions over a WebSocket, queries and mutations over either that or `POST /graphql`.

mod handler;
mod schema;

use std::error::Error;

use async_graphql::{BatchRequest, Data};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use serde_json::Value;
use switchwire::{Endpoint, UrlHandlerMapping};
use switchwire_examples::{
    Options, Pages, Site,
    pages::{html, text, with_type},
};

use self::{
    handler::GraphQlHandler,
    schema::{PollSchema, Voter, schema},
};

const PAGE: &str = include_str!("../assets/graphql.html");

/// The payload of `connection_init` may be nothing, or have a `name` of up to 40 letters.
fn on_init(payload: &Value) -> Option<Data> {
    let mut data = Data::default();
    if let Some(name) = payload.get("name") {
        let name = name.as_str().filter(|name| name.chars().count() <= 40)?;
        data.insert(Voter(name.to_owned()));
    }
    Some(data)
}

async fn answer(schema: PollSchema, request: Request<Bytes>) -> Response<Bytes> {
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/") => html(PAGE),
        (&Method::POST, "/graphql") if is_json(request.headers()) => {
            execute(schema, request.body()).await
        }
        // A form of another site can be posted with no other type, and without asking first.
        (&Method::POST, "/graphql") => text(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "send application/json\n",
        ),
        (&Method::GET, "/schema") => text(StatusCode::OK, schema.sdl()),
        _ => text(StatusCode::NOT_FOUND, "not found\n"),
    }
}

async fn execute(schema: PollSchema, body: &[u8]) -> Response<Bytes> {
    let Ok(request) = serde_json::from_slice::<BatchRequest>(body) else {
        return text(StatusCode::BAD_REQUEST, "not a GraphQL request\n");
    };
    let response = schema.execute_batch(request).await;
    match serde_json::to_vec(&response) {
        Ok(body) => with_type(body.into(), "application/json"),
        Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, "something went wrong\n"),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE);
    let value = value
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::read(
        "A poll over GraphQL subscriptions",
        "127.0.0.1:9002",
        "/graphql",
    );
    let schema = schema();
    let handler = GraphQlHandler::new(schema.clone(), on_init);
    let mapping = UrlHandlerMapping::new().with_endpoint("/graphql", Endpoint::new(handler))?;
    let pages = Pages::new(move |request| answer(schema.clone(), request));
    Site::new(mapping, pages).serve(&options)
}
