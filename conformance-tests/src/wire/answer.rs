//! What a client asked, and the answer to it as a case wants it, right or wrong.

use std::fmt;

use super::{
    accept_value,
    lines::{Lines, clipped},
};

/// The head of a request, as a client sent it.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) first_line: String,
    headers: Vec<(String, String)>,
    /// Lines that are no headers.
    pub(crate) malformed: Vec<String>,
}

impl Asked {
    /// Reads a head at the start of `bytes`, and how many bytes it took. `None` when it is not complete.
    pub(super) fn decode(bytes: &[u8]) -> Option<(Self, usize)> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&bytes[..end]);
        let mut lines = head.split("\r\n");
        let mut asked = Self {
            first_line: lines.next().unwrap_or_default().to_owned(),
            headers: Vec::new(),
            malformed: Vec::new(),
        };
        let is_name = |name: &str| !name.is_empty() && name.bytes().all(|c| c.is_ascii_graphic());
        for line in lines {
            match line.split_once(':') {
                Some((name, value)) if is_name(name) && !value.contains(['\r', '\n', '\0']) => {
                    let header = (name.to_ascii_lowercase(), value.trim().to_owned());
                    asked.headers.push(header);
                }
                _ => asked.malformed.push(line.to_owned()),
            }
        }
        Some((asked, end + 4))
    }

    /// What is asked for.
    pub(crate) fn target(&self) -> &str {
        self.first_line.split(' ').nth(1).unwrap_or_default()
    }

    /// The first value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.all(name).into_iter().next()
    }

    /// Every value of a header.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let named = self.headers.iter().filter(|(found, _)| found == name);
        named.map(|(_, value)| value.as_str()).collect()
    }

    /// The elements of a header that is a list.
    pub(crate) fn list(&self, name: &str) -> Vec<&str> {
        let lines = self.all(name).into_iter();
        lines
            .flat_map(|line| line.split(',').map(str::trim))
            .collect()
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}",
            clipped(&self.first_line.escape_debug().to_string())
        )?;
        for (name, value) in &self.headers {
            write!(f, " | {name}: {}", clipped(value))?;
        }
        for line in &self.malformed {
            write!(
                f,
                " | (malformed) {}",
                clipped(&line.escape_debug().to_string())
            )?;
        }
        Ok(())
    }
}

/// An answer, line by line.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    first_line: String,
    lines: Lines,
    body: Vec<u8>,
}

impl Answer {
    /// The answer that every client must accept.
    pub(crate) fn switching(asked: &Asked) -> Self {
        let key = asked.header("sec-websocket-key").unwrap_or_default();
        Self::status("101 Switching Protocols")
            .and("Upgrade", "websocket")
            .and("Connection", "Upgrade")
            .and("Sec-WebSocket-Accept", accept_value(key))
    }

    /// A status, and nothing else.
    pub(crate) fn status(status: &str) -> Self {
        Self {
            first_line: format!("HTTP/1.1 {status}"),
            lines: Lines::default(),
            body: Vec::new(),
        }
    }

    /// The same with another first line.
    pub(crate) fn first_line(mut self, line: &str) -> Self {
        line.clone_into(&mut self.first_line);
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

    /// What follows the head.
    pub(crate) fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = body.as_ref().to_vec();
        self
    }

    /// What follows the head, with its length.
    pub(crate) fn whole_body(self, body: impl AsRef<[u8]>) -> Self {
        let length = body.as_ref().len().to_string();
        self.and("Content-Length", length).body(body)
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = format!("{}\r\n", self.first_line).into_bytes();
        self.lines.encode(&mut out);
        out.extend(&self.body);
        out
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.first_line, self.lines)?;
        if !self.body.is_empty() {
            write!(f, " | and {} bytes behind it", self.body.len())?;
        }
        Ok(())
    }
}
