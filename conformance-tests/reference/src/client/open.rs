//! Connecting and asking, as the reference client does it.

use std::{
    collections::hash_map::RandomState,
    fmt::Write as _,
    hash::{BuildHasher, Hasher},
    io::{self, Read, Write},
    net::{TcpStream, ToSocketAddrs},
    sync::Arc,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::header;
use switchwire_core::{
    ClientRequest, ConnectError, HandshakeInfo, HandshakeRequest,
    client::{HandshakeViolation, RedirectError},
};

use super::{
    Wrong,
    answer::{Answer, check, read_body, read_head},
    fault::ClientFault as Fault,
};
use switchwire_conformance::{ClientSettings, internals::Frame};

/// An open connection.
pub(super) struct Connection {
    pub(super) stream: TcpStream,
    /// What came behind the answer's head.
    pub(super) early: Vec<u8>,
    pub(super) info: Arc<HandshakeInfo>,
}

/// Connects and asks, following redirects as far as that is asked for.
pub(super) fn open(
    request: &ClientRequest,
    settings: ClientSettings,
    fault: Wrong,
    hold: &dyn Fn(&TcpStream),
) -> Result<Connection, ConnectError> {
    let mut request = request.clone();
    let mut followed = 0;
    let mut deadline = None;
    let follows = !fault.is(Fault::FollowsNothing)
        && (settings.redirects > 0 || fault.is(Fault::FollowsUnasked));
    loop {
        let refused = match attempt(&request, settings, fault, hold, follows, &mut deadline) {
            Err(ConnectError::Refused(refused)) if follows => refused,
            other => return other,
        };
        let location = refused.headers().get(header::LOCATION);
        let location = location.and_then(|it| it.to_str().ok().map(str::to_owned));
        let Some(location) = location.filter(|_| refused.status().is_redirection()) else {
            return Err(ConnectError::Refused(refused));
        };
        let source = if followed == settings.redirects && !fault.is(Fault::FollowsForEver) {
            RedirectError::TooMany
        } else {
            match redirect(&request, &location, fault) {
                Ok(next) => {
                    request = next;
                    followed += 1;
                    continue;
                }
                Err(error) => error.into(),
            }
        };
        return Err(ConnectError::Redirect { location, source });
    }
}

fn redirect(
    request: &ClientRequest,
    location: &str,
    fault: Wrong,
) -> Result<ClientRequest, switchwire_core::InvalidRequest> {
    let authority = request.uri().authority().map_or("", |it| it.as_str());
    let mut url = match location.strip_prefix('/') {
        Some(path) => format!("ws://{authority}/{path}"),
        None => location.replacen("http", "ws", 1),
    };
    if fault.is(Fault::ForgetsSchemes) {
        url = url.replacen("ftp", "ws", 1);
    }
    let next = request.clone().redirected(&url)?;
    if fault.is(Fault::CarriesCredentials) {
        let next = ClientRequest::new(&url)?;
        return request
            .headers()
            .iter()
            .try_fold(next, |next, (name, value)| {
                next.with_header(name.clone(), value.clone())
            });
    }
    if fault.is(Fault::ForgetsCredentials) {
        return ClientRequest::new(&url);
    }
    Ok(next)
}

fn attempt(
    request: &ClientRequest,
    settings: ClientSettings,
    fault: Wrong,
    hold: &dyn Fn(&TcpStream),
    follows: bool,
    deadline: &mut Option<Deadline>,
) -> Result<Connection, ConnectError> {
    let mut stream = connect(request, settings, fault)?;
    hold(&stream);
    if request.is_secure() {
        return Err(no_tls(&mut stream, settings, fault));
    }
    let mut key = random();
    if fault.is(Fault::RepeatsKeys) {
        key = [7; 16];
    }
    let key = STANDARD.encode(if fault.is(Fault::SendsShortKeys) {
        &key[..12]
    } else {
        &key[..]
    });
    stream.write_all(&head(request, &key, fault))?;
    if fault.is(Fault::SendsEarly) {
        stream.write_all(&Frame::text("early").encode())?;
    }
    // It is one for all redirects.
    let deadline = deadline.get_or_insert_with(|| Deadline {
        time: request.settings().handshake_timeout(),
        begun: Instant::now(),
        fault,
    });
    let mut buffer = Vec::new();
    let mut read = 0;
    let answer = loop {
        let answer = read_head(&mut stream, &mut buffer, &mut read, deadline, fault)?;
        let is_interim = (100..200).contains(&answer.status) && answer.status != 101;
        if !is_interim || fault.is(Fault::TakesInterimForFinal) {
            break answer;
        }
    };
    if answer.status != 101 && !fault.is(Fault::AcceptsAnyStatus) {
        if follows && answer.is_redirect() && !fault.is(Fault::ReadsRedirectBodies) {
            return Err(answer.refusal(Vec::new(), fault));
        }
        let body = read_body(&mut stream, buffer, &answer, deadline, fault)?;
        return Err(answer.refusal(body, fault));
    }
    let subprotocol = check(&answer, &key, request, fault).map_err(ConnectError::Violation)?;
    if fault.is(Fault::LosesEarlyFrames) {
        buffer.clear();
    }
    if fault.is(Fault::ReadsEveryBody) && answer.has_body() {
        buffer.drain(..buffer.len().min(3));
    }
    stream.set_read_timeout(None)?;
    Ok(Connection {
        info: info(request, &stream, &answer, subprotocol, fault),
        stream,
        early: buffer,
    })
}

fn connect(
    request: &ClientRequest,
    settings: ClientSettings,
    fault: Wrong,
) -> Result<TcpStream, ConnectError> {
    let host = request.host();
    let addresses = (host, request.port()).to_socket_addrs();
    let mut addresses = addresses.map_err(|source| ConnectError::Resolve {
        host: host.to_owned(),
        source,
    })?;
    let address = addresses.next().ok_or(ConnectError::ConnectTimedOut)?;
    let time = if fault.is(Fault::ConnectsForEver) {
        Duration::from_secs(60)
    } else {
        settings.connect_timeout
    };
    let stream = TcpStream::connect_timeout(&address, time);
    let stream = stream.map_err(|error| match error.kind() {
        io::ErrorKind::TimedOut => ConnectError::ConnectTimedOut,
        _ if fault.is(Fault::TellsOneError) => ConnectError::HandshakeTimedOut,
        _ => ConnectError::Connect(error),
    })?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// As far as TLS goes here: something is said, and an answer is awaited that can only be wrong.
fn no_tls(stream: &mut TcpStream, settings: ClientSettings, fault: Wrong) -> ConnectError {
    let time = (!fault.is(Fault::WaitsForEver)).then_some(settings.tls_timeout);
    let mut asked = || {
        stream.set_read_timeout(time)?;
        stream.write_all(&[0x16, 0x03, 0x01, 0x00, 0x00])?;
        stream.read(&mut [0; 1])
    };
    match asked() {
        Err(error) if is_timeout(&error) => ConnectError::TlsTimedOut,
        _ if fault.is(Fault::TellsOneError) => ConnectError::HandshakeTimedOut,
        Err(error) => ConnectError::Tls(Box::new(error)),
        Ok(_) => ConnectError::Tls("this is not TLS".into()),
    }
}

fn head(request: &ClientRequest, key: &str, fault: Wrong) -> Vec<u8> {
    // An empty one is a slash here.
    let mut path = request.uri().path();
    if path == "/" && fault.is(Fault::SendsEmptyPaths) {
        path = "";
    }
    let query = request.uri().query();
    let mut target = query.map_or(path.to_owned(), |query| format!("{path}?{query}"));
    if fault.is(Fault::DecodesTargets) {
        target = target.replace("%2F", "/").replace("%20", "+");
    }
    let version = if fault.is(Fault::AsksInHttp10) { 0 } else { 1 };
    let mut head = format!("GET {target} HTTP/1.{version}\r\n");
    let mut line = |name: &str, value: &str| {
        write!(head, "{name}: {value}\r\n").expect("a string takes everything");
    };
    let own_host = request.headers().get(header::HOST);
    let own_host = own_host.and_then(|host| host.to_str().ok());
    match own_host {
        Some(host) if !fault.is(Fault::ReplacesHosts) => line("Host", host),
        _ => line("Host", &host(request, fault)),
    }
    if !fault.is(Fault::OmitsUpgrade) {
        line("Upgrade", "websocket");
    }
    if !fault.is(Fault::OmitsConnection) {
        line("Connection", "Upgrade");
    }
    line("Sec-WebSocket-Key", key);
    line("Sec-WebSocket-Version", "13");
    if fault.is(Fault::RepeatsVersion) {
        line("Sec-WebSocket-Version", "13");
    }
    if fault.is(Fault::OffersExtensions) {
        line("Sec-WebSocket-Extensions", "permessage-deflate");
    }
    let mut offered = request.subprotocols().to_vec();
    if fault.is(Fault::SortsSubprotocols) {
        offered.sort();
    }
    if !offered.is_empty() {
        line("Sec-WebSocket-Protocol", &offered.join(", "));
    }
    for (name, value) in request.headers() {
        let value = String::from_utf8_lossy(value.as_bytes());
        if name != header::HOST && !fault.is(Fault::LosesHeaders) {
            line(name.as_str(), &value);
        }
    }
    if fault.is(Fault::SendsBodies) {
        line("Content-Length", "0");
    }
    head.push_str("\r\n");
    head.into_bytes()
}

fn host(request: &ClientRequest, fault: Wrong) -> String {
    let mut host = request.uri().host().unwrap_or_default();
    if fault.is(Fault::OmitsBrackets) {
        host = request.host();
    }
    match request.port() {
        port if fault.is(Fault::OmitsPorts) || port == 80 => host.to_owned(),
        port => format!("{host}:{port}"),
    }
}

fn info(
    request: &ClientRequest,
    stream: &TcpStream,
    answer: &Answer,
    subprotocol: Option<String>,
    fault: Wrong,
) -> Arc<HandshakeInfo> {
    let (mut head, ()) = http::Request::new(()).into_parts();
    if !fault.is(Fault::HidesTheAnswer) {
        head.uri = request.uri().clone();
        head.headers = answer.header_map();
    }
    HandshakeRequest::from(head)
        .with_remote_address(stream.peer_addr().ok())
        .with_local_address(stream.local_addr().ok())
        .into_info(subprotocol.filter(|_| !fault.is(Fault::HidesTheAnswer)))
}

/// How long the server may take to answer.
pub(super) struct Deadline {
    time: Duration,
    begun: Instant,
    fault: Wrong,
}

impl Deadline {
    /// Reads, and tells when the time has passed.
    pub(super) fn read(&mut self, stream: &mut TcpStream, chunk: &mut [u8]) -> io::Result<usize> {
        if self.fault.is(Fault::StartsAnew) {
            self.begun = Instant::now();
        }
        let left = self.time.saturating_sub(self.begun.elapsed());
        if left.is_zero() && !self.fault.is(Fault::WaitsForEver) {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout((!self.fault.is(Fault::WaitsForEver)).then_some(left))?;
        stream.read(chunk)
    }
}

pub(super) fn is_timeout(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock
    )
}

/// Why an answer did not come.
pub(super) fn unread(error: io::Error, fault: Wrong) -> ConnectError {
    match error.kind() {
        _ if fault.is(Fault::TellsOneError) => ConnectError::ConnectTimedOut,
        _ if is_timeout(&error) => ConnectError::HandshakeTimedOut,
        io::ErrorKind::UnexpectedEof => ConnectError::Violation(HandshakeViolation::Truncated),
        _ => ConnectError::Io(error),
    }
}

/// 16 bytes that nobody can foretell: std has no other source of them.
pub(super) fn random() -> [u8; 16] {
    let half = || RandomState::new().build_hasher().finish();
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&half().to_le_bytes());
    bytes[8..].copy_from_slice(&half().to_le_bytes());
    bytes
}
