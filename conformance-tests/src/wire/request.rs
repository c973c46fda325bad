//! The opening handshake as a case wants it, right or wrong, and the answer to it.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha1::{Digest, Sha1};

use super::lines::{Lines, clipped};

/// The key of RFC 6455 section 1.3.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// What a key is hashed with (RFC 6455 section 1.3).
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// What a server must answer to a key.
#[must_use]
pub fn accept_value(key: &str) -> String {
    STANDARD.encode(Sha1::new().chain_update(key).chain_update(GUID).finalize())
}

/// A request, line by line, so that every line can be wrong.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    method: String,
    target: String,
    version: String,
    lines: Lines,
    body: Vec<u8>,
}

impl Request {
    /// A plain request.
    pub(crate) fn get(host: &str, target: &str) -> Self {
        Self {
            method: "GET".into(),
            target: target.into(),
            version: "HTTP/1.1".into(),
            lines: Lines::default().and("Host", host),
            body: Vec::new(),
        }
    }

    /// A handshake that every server must accept.
    pub(crate) fn upgrade(host: &str, target: &str) -> Self {
        Self::get(host, target)
            .and("Upgrade", "websocket")
            .and("Connection", "Upgrade")
            .and("Sec-WebSocket-Key", KEY)
            .and("Sec-WebSocket-Version", "13")
    }

    pub(crate) fn method(mut self, method: &str) -> Self {
        self.method = method.into();
        self
    }

    pub(crate) fn target(mut self, target: &str) -> Self {
        self.target = target.into();
        self
    }

    pub(crate) fn version(mut self, version: &str) -> Self {
        self.version = version.into();
        self
    }

    /// Leaves out a header.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.lines = self.lines.without(name);
        self
    }

    /// Sets a header to one value.
    pub(crate) fn with(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.without(name).and(name, value)
    }

    /// Adds one more line of a header.
    pub(crate) fn and(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.lines = self.lines.and(name, value);
        self
    }

    /// Adds a line as it is.
    pub(crate) fn line(mut self, line: impl Into<Vec<u8>>) -> Self {
        self.lines.0.push(line.into());
        self
    }

    /// What follows the head.
    pub(crate) fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = body.as_ref().to_vec();
        self
    }

    /// The key it carries, without blanks around it.
    pub(crate) fn key(&self) -> Option<String> {
        self.lines.value("sec-websocket-key")
    }

    /// How many bytes the target and the names and values of the headers have.
    pub(crate) fn head_size(&self) -> usize {
        let lines = self.lines.0.iter();
        let lines: usize = lines.map(|line| line.len() - ": ".len()).sum();
        self.target.len() + lines
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = format!("{} {} {}\r\n", self.method, self.target, self.version).into_bytes();
        self.lines.encode(&mut out);
        out.extend(&self.body);
        out
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} {}",
            self.method,
            clipped(&self.target),
            self.version
        )?;
        self.lines.fmt(f)?;
        if !self.body.is_empty() {
            write!(f, " | and {} bytes behind it", self.body.len())?;
        }
        Ok(())
    }
}

/// The head of an answer and, when its length was announced, the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Reply {
    /// Reads an answer at the start of `bytes`, and how many bytes it took. `Ok(None)` when it is not complete.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Option<(Self, usize)>, &'static str> {
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            return Ok(None);
        };
        let head = String::from_utf8_lossy(&bytes[..end]);
        let mut lines = head.split("\r\n");
        let status = lines
            .next()
            .and_then(|line| line.strip_prefix("HTTP/1.")?.get(2..5)?.parse().ok())
            .ok_or("not an HTTP/1 status line")?;
        let headers: Vec<_> = lines
            .map(|line| line.split_once(':').ok_or("a header line without a colon"))
            .map(|line| {
                line.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            })
            .collect::<Result<_, _>>()?;
        let mut reply = Self {
            status,
            headers,
            body: String::new(),
        };
        let len = match (status, reply.header("content-length")) {
            (101, _) | (_, None) => 0,
            (_, Some(len)) => len
                .parse()
                .map_err(|_| "a Content-Length that is no number")?,
        };
        let Some(body) = bytes.get(end + 4..end + 4 + len) else {
            return Ok(None);
        };
        reply.body = String::from_utf8_lossy(body).into_owned();
        Ok(Some((reply, end + 4 + len)))
    }

    /// Whether a header or the body has this text in it.
    pub(crate) fn holds(&self, text: &str) -> bool {
        let values = self.headers.iter().map(|(_, value)| value);
        values.chain([&self.body]).any(|part| part.contains(text))
    }

    /// The first value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Every value of a header.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers
            .iter()
            .filter(move |(found, _)| found == name)
            .map(|(_, value)| value.as_str())
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {}", self.status)?;
        for (name, value) in &self.headers {
            write!(
                f,
                " | {name}: {}",
                clipped(&value.escape_debug().to_string())
            )?;
        }
        if !self.body.is_empty() {
            write!(f, " | {}", clipped(&self.body.escape_debug().to_string()))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_accept_value_of_the_rfc_comes_out() {
        assert_eq!(accept_value(KEY), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn a_header_can_be_replaced_removed_and_repeated() {
        let request = Request::upgrade("h", "/")
            .with("Upgrade", "h2c")
            .without("host")
            .and("A", "1")
            .and("A", "2");
        let text = String::from_utf8(request.encode()).unwrap();
        assert_eq!(text.matches("Upgrade: ").count(), 1, "{text}");
        assert!(
            text.contains("Upgrade: h2c\r\n") && text.contains("A: 1\r\nA: 2\r\n"),
            "{text}"
        );
        assert!(!text.contains("Host"), "{text}");
    }

    #[test]
    fn an_answer_is_read_with_its_body_and_not_further() {
        let bytes = b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\nA: b\r\n\r\nnorest";
        let (reply, len) = Reply::decode(bytes).unwrap().unwrap();
        assert_eq!(
            (reply.status, reply.body.as_str(), reply.header("a")),
            (404, "no", Some("b"))
        );
        assert_eq!(&bytes[len..], b"rest");
        assert_eq!(Reply::decode(&bytes[..30]), Ok(None));
    }
}
