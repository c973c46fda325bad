use http::{
    HeaderMap, HeaderName, HeaderValue, Request, Response, Uri, Version, header, uri::Authority,
};
use switchwire_core::{ClientRequest, client::HandshakeViolation};

use switchwire_protocol::{
    accept_key,
    header_list::{contains, elements},
    new_key,
};

/// The client's half of one opening handshake ([RFC 6455 section
/// 4.1](https://www.rfc-editor.org/rfc/rfc6455#section-4.1)): the head of its request, and the
/// checks of the server's answer.
///
/// ```
/// use switchwire_core::ClientRequest;
/// use switchwire_service::ClientHandshake;
///
/// let handshake = ClientHandshake::new(&ClientRequest::new("ws://localhost:9001?q")?);
/// assert_eq!(handshake.request().uri(), "/?q");
/// assert_eq!(handshake.request().headers()["host"], "localhost:9001");
/// # Ok::<(), switchwire_core::InvalidRequest>(())
/// ```
#[derive(Debug)]
pub struct ClientHandshake {
    request: Request<()>,
    accept: String,
    offered: Vec<String>,
    requires_subprotocol: bool,
}

impl ClientHandshake {
    /// Makes the head of the request.
    ///
    /// - `client.1` The request is a GET in HTTP/1.1. `client.7` An empty path is sent as a slash.
    /// - `client.2` `Host` has the port when it is not the default, and an IPv6 address in
    ///   brackets. A `Host` that the application set is left as it is.
    /// - `client.3` `Upgrade` and `Connection` ask for a WebSocket. `client.5` The version is 13.
    /// - `client.4` The key is new, of 16 random bytes.
    #[must_use]
    pub fn new(request: &ClientRequest) -> Self {
        let key = new_key();
        let accept = accept_key(key.as_bytes());
        let mut headers = HeaderMap::new();
        let host = match request.headers().get(header::HOST) {
            Some(host) => host.clone(),
            None => text(&host(request)),
        };
        headers.insert(header::HOST, host);
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(header::SEC_WEBSOCKET_KEY, text(&key));
        headers.insert(
            header::SEC_WEBSOCKET_VERSION,
            HeaderValue::from_static("13"),
        );
        if !request.subprotocols().is_empty() {
            let offered = text(&request.subprotocols().join(", "));
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, offered);
        }
        for (name, value) in request.headers() {
            if name != header::HOST {
                headers.append(name, value.clone());
            }
        }
        let mut head = Request::new(());
        *head.uri_mut() = target(request.uri());
        *head.headers_mut() = headers;
        Self {
            request: head,
            accept,
            offered: request.subprotocols().to_vec(),
            requires_subprotocol: request.requires_subprotocol(),
        }
    }

    /// The head of the request, with its target in the form for a server.
    #[must_use]
    pub fn request(&self) -> &Request<()> {
        &self.request
    }

    /// Checks an answer of status 101, and returns the subprotocol that the server chose.
    ///
    /// - `client.31` The answer is in HTTP/1.1.
    /// - `client.12` `Upgrade` names `websocket` and nothing else. `client.13` `Connection` has the
    ///   token `Upgrade`.
    /// - `client.14` The accept value is the one of the key.
    /// - `client.15` The server agreed to no extension, because the client offers none. `client.32`
    ///   therefore holds for every window parameter.
    /// - `client.16` The subprotocol is exactly one of the offered ones.
    /// - `client.17` None of these three headers occurs twice.
    ///
    /// # Errors
    /// The first rule that the answer breaks.
    pub fn check(&self, answer: &Response<()>) -> Result<Option<String>, HandshakeViolation> {
        use HandshakeViolation as Not;
        let headers = answer.headers();
        if answer.version() != Version::HTTP_11 {
            return Err(Not::Version);
        }
        if !names_only(headers, &header::UPGRADE, "websocket") {
            return Err(Not::Upgrade);
        }
        if !contains(headers, &header::CONNECTION, "upgrade") {
            return Err(Not::Connection);
        }
        if at_most_one(headers, header::SEC_WEBSOCKET_ACCEPT)? != Some(&self.accept) {
            return Err(Not::Accept);
        }
        let extensions = at_most_one(headers, header::SEC_WEBSOCKET_EXTENSIONS)?;
        if extensions.is_some_and(|agreed| !agreed.is_empty()) {
            return Err(Not::Extension);
        }
        match at_most_one(headers, header::SEC_WEBSOCKET_PROTOCOL)? {
            None if self.requires_subprotocol => Err(Not::SubprotocolRequired),
            None => Ok(None),
            Some(chosen) if self.offered.iter().any(|offered| offered == chosen) => {
                Ok(Some(chosen.to_owned()))
            }
            Some(_) => Err(Not::Subprotocol),
        }
    }
}

/// The target of the request line: the path, or a slash when there is none, and the query.
fn target(uri: &Uri) -> Uri {
    let path = match uri.path() {
        "" => "/",
        path => path,
    };
    let target = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    target.parse().expect("the path and the query of a URL")
}

/// The value of `Host` for this request.
fn host(request: &ClientRequest) -> String {
    let host = request.uri().authority().map_or("", Authority::host);
    match (request.is_secure(), request.port()) {
        (false, 80) | (true, 443) => host.to_owned(),
        (_, port) => format!("{host}:{port}"),
    }
}

fn text(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).expect("hosts, tokens and base64 are visible ASCII")
}

/// Whether the list, over all lines of the header, has this token and no other. Case does not
/// matter.
fn names_only(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let is_token = |element: &str| element.eq_ignore_ascii_case(token);
    let mut lines = headers.get_all(name).iter();
    let is_right = lines.all(|line| line.to_str().is_ok_and(|line| elements(line).all(is_token)));
    is_right && contains(headers, name, token)
}

/// The value of a header that may occur once, without surrounding white space.
fn at_most_one(headers: &HeaderMap, name: HeaderName) -> Result<Option<&str>, HandshakeViolation> {
    let mut values = headers.get_all(&name).iter();
    match (values.next(), values.next()) {
        (value, None) => Ok(value.map(|value| {
            // No rule allows a value that is not text.
            value
                .to_str()
                .unwrap_or("\u{fffd}")
                .trim_matches([' ', '\t'])
        })),
        _ => Err(HandshakeViolation::Repeated(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handshake(url: &str) -> ClientHandshake {
        let request = ClientRequest::new(url).unwrap();
        let request = request.with_subprotocols(["chat.v2", "chat"]).unwrap();
        ClientHandshake::new(&request)
    }

    /// Makes an answer that is valid except for these headers. A header without a value is left
    /// out.
    fn answer(
        handshake: &ClientHandshake,
        changes: &[(&'static str, Option<&str>)],
    ) -> Response<()> {
        let mut answer = Response::builder()
            .status(101)
            .header("upgrade", "WebSocket")
            .header("connection", "keep-alive, UPGRADE")
            .header("sec-websocket-accept", &handshake.accept)
            .body(())
            .unwrap();
        let headers = answer.headers_mut();
        for (name, _) in changes {
            headers.remove(*name);
        }
        for (name, value) in changes {
            if let Some(value) = value {
                headers.append(*name, value.parse().unwrap());
            }
        }
        answer
    }

    #[test]
    fn the_request_has_what_the_rfc_asks_for() {
        for (url, host, target) in [
            ("ws://h", "h", "/"),
            ("ws://h:80?q", "h", "/?q"),
            ("ws://h:443/a%20b?c", "h:443", "/a%20b?c"),
            ("wss://h:443/", "h", "/"),
            ("wss://[::1]:80/", "[::1]:80", "/"),
        ] {
            let handshake = handshake(url);
            let request = handshake.request();
            assert_eq!(request.headers()["host"], host, "{url}");
            assert_eq!(request.uri(), target, "{url}");
            assert_eq!(request.headers()["sec-websocket-protocol"], "chat.v2, chat");
            assert_eq!(request.headers().keys().next(), Some(&header::HOST));
        }
        let keys: std::collections::HashSet<_> = (0..100)
            .map(|_| handshake("ws://h").request().headers()["sec-websocket-key"].clone())
            .collect();
        assert_eq!(keys.len(), 100);
    }

    #[test]
    fn each_rule_of_the_answer_is_checked() {
        use HandshakeViolation as Not;
        let handshake = handshake("ws://h");
        let check = |changes: &[(&'static str, Option<&str>)]| {
            handshake.check(&answer(&handshake, changes))
        };
        assert_eq!(check(&[]), Ok(None));
        assert_eq!(check(&[("upgrade", None)]), Err(Not::Upgrade));
        assert_eq!(check(&[("upgrade", Some("h2c"))]), Err(Not::Upgrade));
        assert_eq!(
            check(&[("upgrade", Some("h2c, websocket"))]),
            Err(Not::Upgrade)
        );
        assert_eq!(check(&[("connection", None)]), Err(Not::Connection));
        assert_eq!(
            check(&[("connection", Some("close"))]),
            Err(Not::Connection)
        );
        let accept = "sec-websocket-accept";
        assert_eq!(check(&[(accept, None)]), Err(Not::Accept));
        assert_eq!(
            check(&[(accept, Some("AAAAAAAAAAAAAAAAAAAAAAAAAAA="))]),
            Err(Not::Accept)
        );
        let padded = format!("\t{} ", handshake.accept);
        assert_eq!(check(&[(accept, Some(&padded))]), Ok(None));
        let twice = [
            (accept, Some(&*handshake.accept)),
            (accept, Some(&*handshake.accept)),
        ];
        assert_eq!(
            check(&twice),
            Err(Not::Repeated(header::SEC_WEBSOCKET_ACCEPT))
        );
        let extensions = "sec-websocket-extensions";
        assert_eq!(
            check(&[(extensions, Some("permessage-deflate"))]),
            Err(Not::Extension)
        );
        let protocol = "sec-websocket-protocol";
        assert_eq!(
            check(&[(protocol, Some("chat"))]),
            Ok(Some("chat".to_owned()))
        );
        for wrong in ["CHAT", "other", "chat, chat.v2", ""] {
            assert_eq!(
                check(&[(protocol, Some(wrong))]),
                Err(Not::Subprotocol),
                "{wrong}"
            );
        }
        let mut old = answer(&handshake, &[]);
        *old.version_mut() = Version::HTTP_10;
        assert_eq!(handshake.check(&old), Err(Not::Version));
    }

    #[test]
    fn a_subprotocol_is_required_on_request() {
        let request = ClientRequest::new("ws://h").unwrap();
        let request = request.with_subprotocols(["a"]).unwrap();
        let handshake = ClientHandshake::new(&request.with_required_subprotocol());
        let refused = handshake.check(&answer(&handshake, &[]));
        assert_eq!(refused, Err(HandshakeViolation::SubprotocolRequired));
    }
}
