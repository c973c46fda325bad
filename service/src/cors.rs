//! The CORS answers to browsers ([the Fetch
//! standard](https://fetch.spec.whatwg.org/#http-cors-protocol)).

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use switchwire_core::{CorsConfiguration, HandshakeRequest};

use switchwire_protocol::header_list::elements;

use crate::handshake::{is_same_origin, single};

/// The request headers that the answer depends on.
const VARY: [HeaderName; 3] = [
    header::ORIGIN,
    header::ACCESS_CONTROL_REQUEST_METHOD,
    header::ACCESS_CONTROL_REQUEST_HEADERS,
];

const REQUEST_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-request-private-network");
const ALLOW_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-allow-private-network");

/// Answers a preflight request.
pub(crate) fn preflight(cors: &CorsConfiguration, request: &HandshakeRequest) -> Response<Bytes> {
    let allowed = if is_same_origin(request) {
        Some(HeaderMap::new())
    } else {
        allowed(cors, request)
    };
    let mut response = Response::default();
    match allowed {
        Some(headers) => {
            *response.status_mut() = StatusCode::NO_CONTENT;
            *response.headers_mut() = headers;
        }
        None => {
            *response.status_mut() = StatusCode::FORBIDDEN;
            *response.body_mut() = Bytes::from_static(b"the CORS request is not allowed\n");
            let text = HeaderValue::from_static("text/plain; charset=utf-8");
            response.headers_mut().insert(header::CONTENT_TYPE, text);
        }
    }
    add_vary(response.headers_mut());
    response
}

/// Adds the CORS headers to the accepting response.
pub(crate) fn add_headers(cors: &CorsConfiguration, request: &HeaderMap, response: &mut HeaderMap) {
    let origin = single(request, &header::ORIGIN).and_then(|origin| cors.check_origin(origin));
    if let Some(origin) = origin
        && !response.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN)
    {
        response.extend(for_origin(cors, origin));
        if let Some(exposed) = cors.exposed_headers() {
            response.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, value(&exposed));
        }
    }
    add_vary(response);
}

/// The headers of the answer to an allowed preflight request. `None` when it is not allowed.
fn allowed(cors: &CorsConfiguration, request: &HandshakeRequest) -> Option<HeaderMap> {
    let headers = request.headers();
    let origin = cors.check_origin(single(headers, &header::ORIGIN)?)?;
    let method = single(headers, &header::ACCESS_CONTROL_REQUEST_METHOD)?;
    let methods = cors.check_method(&method.parse().ok()?)?;
    let requested = requested_headers(headers)?;
    let allowed = cors.check_headers(&requested)?;

    let mut answer = for_origin(cors, origin);
    let methods: Vec<_> = methods.iter().map(Method::as_str).collect();
    answer.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        value(&methods.join(", ")),
    );
    if !allowed.is_empty() {
        let allowed: Vec<_> = allowed.iter().map(HeaderName::as_str).collect();
        answer.insert(
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            value(&allowed.join(", ")),
        );
    }
    if single(headers, &REQUEST_PRIVATE_NETWORK) == Some("true") && cors.allows_private_network() {
        answer.insert(ALLOW_PRIVATE_NETWORK, HeaderValue::from_static("true"));
    }
    if let Some(age) = cors.max_age() {
        answer.insert(header::ACCESS_CONTROL_MAX_AGE, age.as_secs().into());
    }
    Some(answer)
}

fn for_origin(cors: &CorsConfiguration, origin: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, value(origin));
    if cors.allows_credentials() {
        let yes = HeaderValue::from_static("true");
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
    }
    headers
}

/// The headers that a page wants to send. `None` when the name of one is invalid.
fn requested_headers(headers: &HeaderMap) -> Option<Vec<HeaderName>> {
    let mut requested = Vec::new();
    for line in headers.get_all(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        for name in elements(line.to_str().ok()?) {
            requested.push(name.parse().ok()?);
        }
    }
    Some(requested)
}

/// Adds the headers that the answer depends on to `Vary`, unless they are there.
fn add_vary(headers: &mut HeaderMap) {
    let lines = headers.get_all(header::VARY).iter();
    let present: Vec<_> = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(elements)
        .map(str::to_ascii_lowercase)
        .collect();
    if present.iter().any(|name| name == "*") {
        return;
    }
    let missing: Vec<_> = VARY
        .iter()
        .map(HeaderName::as_str)
        .filter(|name| !present.iter().any(|found| found == name))
        .collect();
    if !missing.is_empty() {
        headers.append(header::VARY, value(&missing.join(", ")));
    }
}

fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("an origin or a list of tokens is visible ASCII")
}

#[cfg(test)]
mod tests;
