//! The server's answer, as the reference client reads and judges it.

use std::{io, net::TcpStream};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use switchwire_core::{ClientRequest, ConnectError, client::HandshakeViolation as Not};

use super::{
    Wrong,
    fault::ClientFault as Fault,
    open::{Deadline, unread},
};
use switchwire_conformance::internals::accept_value;

/// The most bytes and headers that the head of an answer may have, and the most of a body that is kept.
const MOST: usize = 64 << 10;
const MOST_HEADERS: usize = 100;

/// How much is read at once.
const CHUNK: usize = 16 << 10;

/// The head of an answer.
#[derive(Debug)]
pub(super) struct Answer {
    version: String,
    pub(super) status: u16,
    headers: Vec<(String, String)>,
}

impl Answer {
    fn parse(head: &str, fault: Wrong) -> Option<Self> {
        let mut lines = head.split("\r\n");
        let mut words = lines.next()?.splitn(3, ' ');
        let (version, status) = (words.next()?, words.next()?);
        let has_reason = words.next().is_some_and(|reason| !reason.is_empty());
        let is_http = version.starts_with("HTTP/1.") && status.len() == 3;
        if !is_http || (fault.is(Fault::NeedsReasons) && !has_reason) {
            return None;
        }
        let mut headers = Vec::new();
        for line in lines {
            let (name, value) = line.split_once(':')?;
            if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
                return None;
            }
            let value = if fault.is(Fault::DoesNotTrim) {
                value.strip_prefix(' ').unwrap_or(value)
            } else {
                value.trim()
            };
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        Some(Self {
            version: version.to_owned(),
            status: status.parse().ok()?,
            headers,
        })
    }

    fn all(&self, name: &str) -> Vec<&str> {
        let named = self.headers.iter().filter(|(found, _)| found == name);
        named.map(|(_, value)| value.as_str()).collect()
    }

    /// Whether it leads elsewhere.
    pub(super) fn is_redirect(&self) -> bool {
        (300..400).contains(&self.status) && !self.all("location").is_empty()
    }

    /// Whether its headers speak of a body.
    pub(super) fn has_body(&self) -> bool {
        let names = ["content-length", "transfer-encoding"];
        self.headers
            .iter()
            .any(|(name, _)| names.contains(&&**name))
    }

    pub(super) fn header_map(&self) -> HeaderMap {
        let lines = self.headers.iter().filter_map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            Some((name, HeaderValue::from_str(value).ok()?))
        });
        let mut map = HeaderMap::new();
        for (name, value) in lines {
            map.append(name, value);
        }
        map
    }

    pub(super) fn refusal(&self, body: Vec<u8>, fault: Wrong) -> ConnectError {
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = self.status.try_into().unwrap_or_default();
        if fault.is(Fault::TellsStatusOnly) {
            *response.body_mut() = Bytes::new();
        } else {
            *response.headers_mut() = self.header_map();
        }
        ConnectError::Refused(Box::new(response))
    }
}

/// Reads the head of an answer; what came behind it stays in `buffer`. `read` counts the bytes of all heads.
pub(super) fn read_head(
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
    read: &mut usize,
    deadline: &mut Deadline,
    fault: Wrong,
) -> Result<Answer, ConnectError> {
    let wrong = |not| match fault.is(Fault::TellsOneError) {
        true => ConnectError::ConnectTimedOut,
        false => ConnectError::Violation(not),
    };
    let mut searched = 0_usize;
    loop {
        let from = searched.saturating_sub(3);
        if let Some(at) = buffer[from..].windows(4).position(|it| it == b"\r\n\r\n") {
            let rest = buffer.split_off(from + at + 4);
            let head = String::from_utf8_lossy(&buffer[..from + at]).into_owned();
            *buffer = rest;
            let answer = Answer::parse(&head, fault).ok_or_else(|| wrong(Not::Syntax))?;
            *read += from + at + 4;
            let is_long = *read > MOST || answer.headers.len() > MOST_HEADERS;
            if is_long && !fault.is(Fault::HasNoLimits) {
                return Err(wrong(Not::TooLong));
            }
            return Ok(answer);
        }
        searched = buffer.len();
        let known = buffer.len().min(7);
        if buffer[..known] != b"HTTP/1."[..known] {
            return Err(wrong(Not::Syntax));
        }
        if *read + buffer.len() >= MOST && !fault.is(Fault::HasNoLimits) {
            return Err(wrong(Not::TooLong));
        }
        if searched > 0 && fault.is(Fault::ReadsHeadsAtOnce) {
            return Err(wrong(Not::Truncated));
        }
        let most = if fault.is(Fault::ReadsHeadsAtOnce) {
            1
        } else {
            CHUNK
        };
        fill(stream, buffer, most, deadline).map_err(|error| unread(error, fault))?;
    }
}

fn fill(
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
    most: usize,
    deadline: &mut Deadline,
) -> io::Result<()> {
    let mut chunk = [0; CHUNK];
    match deadline.read(stream, &mut chunk[..most])? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        len => {
            buffer.extend_from_slice(&chunk[..len]);
            Ok(())
        }
    }
}

/// Reads what comes of a refusal's body until the deadline.
pub(super) fn read_body(
    stream: &mut TcpStream,
    mut buffer: Vec<u8>,
    answer: &Answer,
    deadline: &mut Deadline,
    fault: Wrong,
) -> Result<Vec<u8>, ConnectError> {
    if matches!(answer.status, 204 | 304) && !fault.is(Fault::ReadsEveryBody) {
        return Ok(Vec::new());
    }
    let length = answer.all("content-length").first().copied();
    let length = length.map(str::parse);
    if matches!(length, Some(Err(_))) && fault.is(Fault::NeedsRightLengths) {
        return Err(ConnectError::Violation(Not::Syntax));
    }
    let length = length.and_then(Result::ok).unwrap_or(usize::MAX);
    let codings = answer.all("transfer-encoding");
    let is_chunked = match fault.is(Fault::TakesEveryCodingForChunks) {
        true => !codings.is_empty(),
        false => codings.contains(&"chunked"),
    };
    let most = if fault.is(Fault::HasNoLimits) {
        usize::MAX
    } else {
        MOST
    };
    loop {
        let (body, is_whole) = match is_chunked && !fault.is(Fault::KeepsChunkSizes) {
            true => joined(&buffer),
            false => (buffer.clone(), buffer.len() >= length),
        };
        let is_whole =
            is_whole || body.len() >= most || (is_chunked && buffer.ends_with(b"0\r\n\r\n"));
        let ended = is_whole || {
            let filled = fill(stream, &mut buffer, CHUNK, deadline);
            match filled {
                Err(error) if fault.is(Fault::NeedsWholeBodies) => {
                    return Err(unread(error, fault));
                }
                filled => filled.is_err(),
            }
        };
        if ended {
            let kept = body.len().min(length).min(most);
            return Ok(body[..kept].to_vec());
        }
    }
}

/// The chunks that are there, and whether the last one is.
fn joined(mut chunks: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Some(end) = chunks.windows(2).position(|it| it == b"\r\n") {
        let size = String::from_utf8_lossy(&chunks[..end]);
        let size = size.split(';').next().unwrap_or_default().trim();
        let Ok(size) = usize::from_str_radix(size, 16) else {
            return (body, true);
        };
        if size == 0 {
            return (body, true);
        }
        let rest = &chunks[end + 2..];
        body.extend_from_slice(&rest[..size.min(rest.len())]);
        let Some(next) = rest.get(size + 2..) else {
            break;
        };
        chunks = next;
    }
    (body, false)
}

/// Judges an answer of status 101; the subprotocol.
pub(super) fn check(
    answer: &Answer,
    key: &str,
    request: &ClientRequest,
    fault: Wrong,
) -> Result<Option<String>, Not> {
    if answer.version != "HTTP/1.1" && !fault.is(Fault::AcceptsHttp10) {
        return Err(Not::Version);
    }
    if fault.is(Fault::RefusesEverything) {
        return Err(Not::Accept);
    }
    let is = |token: &str, name: &str| match fault.is(Fault::ComparesByCase) {
        true => token == name,
        false => token.eq_ignore_ascii_case(name),
    };
    let upgrade = answer.all("upgrade");
    if !matches!(*upgrade, [one] if is(one, "websocket")) && !fault.is(Fault::AcceptsAnyUpgrade) {
        return Err(Not::Upgrade);
    }
    let mut lines = answer.all("connection");
    if fault.is(Fault::LooksAtOneConnectionLine) {
        lines.truncate(1);
    }
    let wanted = if fault.is(Fault::ComparesByCase) {
        "Upgrade"
    } else {
        "upgrade"
    };
    let mut options = lines.iter().flat_map(|line| line.split(',').map(str::trim));
    if !options.any(|option| is(option, wanted)) && !fault.is(Fault::AcceptsAnyConnection) {
        return Err(Not::Connection);
    }
    let only = |name: &'static str| {
        let values = answer.all(name);
        if values.len() > 1 && !fault.is(Fault::TakesTheFirst) {
            return Err(Not::Repeated(HeaderName::from_static(name)));
        }
        Ok(values.first().map(|value| (*value).to_owned()))
    };
    let accept = only("sec-websocket-accept")?;
    if accept.as_deref() != Some(&*accept_value(key)) && !fault.is(Fault::AcceptsAnyAccept) {
        return Err(Not::Accept);
    }
    let extensions = only("sec-websocket-extensions")?;
    if extensions.is_some() && !fault.is(Fault::AcceptsAnyExtension) {
        return Err(Not::Extension);
    }
    match only("sec-websocket-protocol")? {
        None if fault.is(Fault::RequiresSubprotocols) => Err(Not::SubprotocolRequired),
        None if request.requires_subprotocol() && !fault.is(Fault::RequiresNothing) => {
            Err(Not::SubprotocolRequired)
        }
        None => Ok(None),
        Some(chosen) if fault.is(Fault::AcceptsAnySubprotocol) => Ok(Some(chosen)),
        Some(chosen) => {
            let is_offered = |offered: &String| match fault.is(Fault::ComparesOffersWithoutCase) {
                true => offered.eq_ignore_ascii_case(&chosen),
                false => *offered == chosen,
            };
            if !request.subprotocols().iter().any(is_offered) {
                return Err(Not::Subprotocol);
            }
            Ok(Some(chosen))
        }
    }
}
