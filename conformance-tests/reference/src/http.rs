//! As much of HTTP/1.1 as the reference server needs.

use std::io::{self, Read};
use std::net::TcpStream;

use super::handshake::is_token_or_empty;

/// The most bytes a head may have.
const MOST: usize = 64 << 10;

/// The most headers it may have.
const MOST_HEADERS: usize = 100;

/// A request head.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) version: String,
    headers: Vec<(String, String)>,
    /// The bytes of the head, for a server that repeats them.
    pub(super) raw: String,
    /// Whether a line was malformed.
    pub(super) malformed: bool,
}

/// What came instead of a head.
#[derive(Debug)]
pub(super) enum Missing {
    /// TCP ended.
    End,
    /// It was too long.
    TooLong,
}

impl Head {
    /// Reads a head from the socket; what came behind it stays in `buffer`.
    pub(super) fn read(
        stream: &mut TcpStream,
        buffer: &mut Vec<u8>,
        endless: bool,
    ) -> io::Result<Result<Self, Missing>> {
        let mut chunk = [0; 16 << 10];
        loop {
            if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                let raw = String::from_utf8_lossy(&buffer[..end]).into_owned();
                buffer.drain(..end + 4);
                let head = Self::parse(raw);
                if head.headers.len() > MOST_HEADERS && !endless {
                    return Ok(Err(Missing::TooLong));
                }
                return Ok(Ok(head));
            }
            if buffer.len() > MOST && !endless {
                return Ok(Err(Missing::TooLong));
            }
            match stream.read(&mut chunk)? {
                0 => return Ok(Err(Missing::End)),
                len => buffer.extend_from_slice(&chunk[..len]),
            }
        }
    }

    fn parse(raw: String) -> Self {
        let mut lines = raw.trim_start_matches("\r\n").split("\r\n");
        let mut words = lines
            .next()
            .unwrap_or_default()
            .splitn(3, ' ')
            .map(str::to_owned);
        let mut next = || words.next().unwrap_or_default();
        let (method, target, version) = (next(), next(), next());
        let is_method = !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_graphic());
        let mut malformed = !is_method || target.is_empty() || !version.starts_with("HTTP/");
        let headers = lines
            .filter_map(|line| {
                let (name, value) = line.split_once(':').unwrap_or(("", line));
                let token = !name.is_empty() && is_token_or_empty(name) && name == name.trim();
                let is_control = |c: char| c.is_ascii_control() && c != '\t';
                malformed |= !token || value.contains(is_control);
                token.then(|| (name.to_ascii_lowercase(), value.to_owned()))
            })
            .collect();
        Self {
            method,
            target,
            version,
            headers,
            malformed,
            raw,
        }
    }

    /// The values of a header, with the blanks around them.
    pub(super) fn untrimmed<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |(found, _)| found == name)
            .map(|(_, value)| value.as_str())
    }

    /// The values of a header.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.untrimmed(name).map(str::trim)
    }

    pub(super) fn first(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.trim())
    }

    /// The value of a header that must appear once.
    pub(super) fn only(&self, name: &str) -> Option<&str> {
        (self.all(name).count() == 1).then(|| self.first(name))?
    }

    /// How many bytes the names and values of the headers have.
    pub(super) fn size(&self) -> usize {
        let headers = self.headers.iter();
        headers
            .map(|(name, value)| name.len() + value.trim().len())
            .sum()
    }

    pub(super) fn has_header(&self, name: &str) -> bool {
        self.headers.iter().any(|(found, _)| found == name)
    }

    /// The path, without the query and without what stands before it in absolute form.
    pub(super) fn path(&self) -> &str {
        let target = match self.target.split_once("://") {
            Some((_, rest)) => match rest.find('/') {
                Some(0) => "", // no host, and so no path
                at => at.map_or("/", |at| &rest[at..]),
            },
            None => &self.target,
        };
        target.split(['?', '#']).next().unwrap_or_default()
    }

    /// The host and port of a target in absolute form.
    pub(super) fn target_host(&self) -> Option<&str> {
        self.target.split_once("://")?.1.split('/').next()
    }

    pub(super) fn query(&self) -> Option<&str> {
        self.target.split_once('?').map(|(_, query)| query)
    }

    /// A parameter of the query, as it was sent.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query()?
            .split('&')
            .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    }
}
