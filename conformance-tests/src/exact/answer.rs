//! An answer in the form in which answers are compared.

use std::fmt;

/// The lines of an answer that do not depend on who wrote it, and its body.
///
/// `Date` and `Server` are left out. So are `close` and `keep-alive` in `Connection`: whether the connection goes on is the
/// server's decision. And so is whether the status line says HTTP/1.0 or 1.1. The order of header lines says nothing
/// ([RFC 9110 section 5.3](https://www.rfc-editor.org/rfc/rfc9110#section-5.3)), so they are sorted; lines of one name
/// stay in their order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Answer {
    pub(super) status_line: String,
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// Reads an answer: its head, and all that follows as its body. `None` when a line is no header.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = std::str::from_utf8(&bytes[..end]).ok()?;
        let mut lines = head.split("\r\n");
        let mut answer = Self {
            status_line: lines.next()?.replacen("HTTP/1.0", "HTTP/1.1", 1),
            body: bytes[end + 4..].to_vec(),
            ..Self::default()
        };
        for line in lines {
            let (name, value) = line.split_once(": ")?;
            answer.add(name, value);
        }
        Some(answer)
    }

    pub(super) fn status(&self) -> Option<u16> {
        self.status_line.split(' ').nth(1)?.parse().ok()
    }

    /// Adds a header line, unless it is one of those left out.
    fn add(&mut self, name: &str, value: &str) {
        if ["date", "server"]
            .iter()
            .any(|left_out| name.eq_ignore_ascii_case(left_out))
        {
            return;
        }
        let mut value = value.to_owned();
        if name.eq_ignore_ascii_case("connection") {
            let elements = value.split(", ").filter(|element| {
                !["close", "keep-alive"]
                    .iter()
                    .any(|own| element.eq_ignore_ascii_case(own))
            });
            value = elements.collect::<Vec<_>>().join(", ");
            if value.is_empty() {
                return;
            }
        }
        self.headers.push((name.to_owned(), value));
        self.headers.sort_by(|(one, _), (other, _)| one.cmp(other));
    }

    /// Puts one line in the place of all of this name; without a value takes them away.
    pub(super) fn set(&mut self, name: &str, value: Option<&str>) {
        self.headers.retain(|(found, _)| found != name);
        if let Some(value) = value {
            self.add(name, value);
        }
    }

    /// Adds one more line.
    pub(super) fn append(&mut self, name: &str, value: &str) {
        self.add(name, value);
    }

    /// How many bytes of body follow this head; none to a request whose answer has no body.
    pub(super) fn length(&self, is_head: bool) -> usize {
        let length = self
            .headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        match (length, self.status()) {
            (Some((_, length)), Some(status)) if !is_head && status >= 200 => {
                length.parse().unwrap_or(0)
            }
            _ => 0,
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.status_line)?;
        for (name, value) in &self.headers {
            write!(f, " | {name}: {value}")?;
        }
        write!(f, " || {}", self.body.escape_ascii())
    }
}
