//! How the reference server decides about a request.

use std::fmt::Write as _;

use super::{Fault, World, access, around, http::Head, paths::PATHS};
use switchwire_conformance::{
    contract::{HTTP_BODY, RESPONSE_HEADERS},
    internals::accept_value,
};

/// What is done with a request.
pub(super) enum Decision {
    /// Answered by HTTP.
    Answer {
        status: u16,
        headers: String,
        body: String,
    },
    /// Switched, with this head of the answer.
    Switch {
        head: String,
        path: String,
        subprotocol: Option<String>,
    },
    /// Not answered at all.
    Hang,
}

const SUBPROTOCOLS: &[&str] = &["v11.stomp", "v12.stomp", "chat"];

pub(super) fn decide(head: &Head, remote: &str, world: &World) -> Decision {
    let has = |fault| world.has(fault);
    if head.malformed {
        return refuse(400, head, world);
    }
    if has(Fault::SwitchesForVersion7) && head.first("sec-websocket-version") == Some("7") {
        return switch(head, remote, world, "/echo", None);
    }
    let asks = head.has_header("sec-websocket-key")
        || head
            .all("upgrade")
            .flat_map(|line| line.split(','))
            .any(|token| token.trim().eq_ignore_ascii_case("websocket"));
    if !asks {
        if let Some(answer) = access::preflight(head, remote, world) {
            return answer;
        }
        let (status, body) = if has(Fault::SwallowsPlainRequests) {
            (404, "")
        } else {
            (200, HTTP_BODY)
        };
        return Decision::Answer {
            status,
            headers: String::new(),
            body: body.to_owned(),
        };
    }
    if has(Fault::HangsOnExpect) && head.has_header("expect") {
        return Decision::Hang;
    }
    if has(Fault::HalfAcceptsUpgradeLists)
        && head
            .first("upgrade")
            .is_some_and(|value| value.contains(','))
    {
        return Decision::Answer {
            status: 200,
            headers: String::new(),
            body: String::new(),
        };
    }
    let path = match route(head, world) {
        Ok(path) => path,
        Err(status) => return refuse(status, head, world),
    };
    if !has(Fault::TakesAnyHead)
        && !has(Fault::AcceptsEndlessRequests)
        && let Err(status) = head_size(head, &path, world)
    {
        return refuse(status, head, world);
    }
    if has(Fault::InterceptsEverything)
        && let Err(answer) = access::intercept(head, remote, world)
    {
        return answer;
    }
    if has(Fault::LooksForPlacesFirst)
        && let Err(status) = world.around.has_place(&path, remote, world)
    {
        return refuse(status, head, world);
    }
    if let Err(refusal) = check(head, remote, world) {
        if has(Fault::GivesPlacesToTheRefused) {
            around::waste_place(world, &path, remote);
        }
        return refuse(refusal, head, world);
    }
    if path == "/down/late" {
        let key = head.parameter("key").unwrap_or_default();
        let _ = world.journals.writer(key).send("deciding".to_owned());
        world.journals.wait(key);
    }
    if !has(Fault::InterceptsEverything)
        && let Err(answer) = access::intercept(head, remote, world)
    {
        return answer;
    }
    match subprotocol(head, world, &path) {
        Ok(subprotocol) => switch(head, remote, world, &path, subprotocol),
        Err(400) => {
            let text = "this endpoint needs a subprotocol it speaks";
            refuse(Refusal::wrong(text), head, world)
        }
        Err(status) => refuse(status, head, world),
    }
}

/// The path of the handler, or why there is none.
fn route(head: &Head, world: &World) -> Result<String, u16> {
    let path = if world.has(Fault::RefusesAbsoluteForm) {
        head.target.as_str()
    } else {
        head.path()
    };
    let path = path.split(['?', '#']).next().unwrap_or_default();
    if !path.starts_with('/') && !world.has(Fault::TakesTargetsForPaths) {
        return Err(400);
    }
    if PATHS.contains(&path)
        || ["/rooms/", "/few/", "/few-each/"]
            .iter()
            .any(|start| path.starts_with(start))
    {
        return Ok(path.to_owned());
    }
    if path.starts_with("/access/") {
        return access::route(path, world).map(|_| path.to_owned());
    }
    let unusual = path.contains(['%', ';', '.']) || path.starts_with("//") || path.ends_with('/');
    match () {
        () if unusual && world.has(Fault::FailsOnUnusualPaths) => Err(500),
        () if unusual
            && (world.has(Fault::NormalisesPaths) || world.has(Fault::GuardsAnotherPath)) =>
        {
            Ok("/echo".to_owned())
        }
        () if world.has(Fault::ServesEveryPath) => Ok("/echo".to_owned()),
        () => Err(404),
    }
}

/// Whether target and headers are as small as they must be; the error is the status to refuse with.
fn head_size(head: &Head, path: &str, world: &World) -> Result<(), u16> {
    let most = match path {
        "/large-head" => 48 << 10,
        _ if world.has(Fault::AllowsHalfTheHead) => 8 << 10,
        _ => 16 << 10,
    };
    match head.target.len() {
        target if target > most => Err(414),
        target if target + head.size() > most => Err(431),
        _ => Ok(()),
    }
}

/// Why a handshake is refused: the status, and the text that tells it.
pub(super) struct Refusal {
    status: u16,
    text: &'static str,
}

impl Refusal {
    const fn wrong(text: &'static str) -> Self {
        Self { status: 400, text }
    }
}

impl From<u16> for Refusal {
    /// For what is refused with this status for one reason only.
    fn from(status: u16) -> Self {
        let text = match status {
            403 => "this origin is not allowed",
            404 => "there is no WebSocket endpoint here",
            405 => "the method must be GET",
            414 => "the request target is too long",
            426 => "only version 13 of the WebSocket protocol is spoken",
            429 => "there are too many sessions from this address",
            431 => "the request headers are too large",
            500 => "the server failed",
            503 => "the handshake took too long",
            _ => "the request target must have a path",
        };
        Self { status, text }
    }
}

/// Checks everything that RFC 6455 section 4.2.1 asks for.
fn check(head: &Head, remote: &str, world: &World) -> Result<(), Refusal> {
    let has = |fault| world.has(fault);
    let require = |holds: bool, refusal: Refusal| if holds { Ok(()) } else { Err(refusal) };
    let is_get = head.method == "GET" || has(Fault::AcceptsAnyMethod);
    require(is_get, 405.into())?;
    require(
        head.version == "HTTP/1.1" || has(Fault::AcceptsHttp10),
        Refusal::wrong("a WebSocket handshake needs HTTP/1.1"),
    )?;
    let hosts: Vec<_> = head.all("host").collect();
    require(
        match hosts[..] {
            [] => has(Fault::AcceptsMissingHost),
            [host] => is_host(host),
            _ => has(Fault::AcceptsTwoHosts),
        },
        Refusal::wrong("exactly one Host header is needed"),
    )?;
    require(
        !(has(Fault::RefusesUnknownHeaders) && head.has_header("x-unknown")),
        400.into(),
    )?;
    upgrade(head, world)?;
    connection(head, world)?;
    key(head, world)?;
    version(head, world)?;
    let body = head.has_header("transfer-encoding")
        || head.all("content-length").any(|len| len != "0")
        || head.all("content-length").count() > 1;
    require(
        !body || has(Fault::IgnoresContentLength),
        Refusal::wrong("a WebSocket handshake has no body"),
    )?;
    require(
        head.all("sec-websocket-protocol")
            .flat_map(|line| line.split(','))
            .all(is_token_or_empty)
            || has(Fault::RepeatsOffers),
        Refusal::wrong("the Sec-WebSocket-Protocol header must list tokens"),
    )?;
    require(
        head.all("sec-websocket-extensions")
            .all(well_formed_extensions)
            || has(Fault::AcceptsExtensions),
        Refusal::wrong("the Sec-WebSocket-Extensions header is malformed"),
    )?;
    let fine = if head.path().starts_with("/access/") {
        access::origin_is_fine(head, remote, world)
    } else {
        origin_is_fine(head, world)
    };
    require(fine, 403.into())
}

/// Whether this is a host, with or without a port.
fn is_host(text: &str) -> bool {
    let (host, port) = match text.split_once(']') {
        Some((host, port)) => (host.strip_prefix('['), port.strip_prefix(':')),
        None => match text.split_once(':') {
            Some((host, port)) => (Some(host), Some(port)),
            None => (Some(text), None),
        },
    };
    let is_bracketed = text.starts_with('[');
    let ends = is_bracketed && (text.ends_with(']') || port.is_some());
    let fits = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || b"-._~!$&'()*+,;=".contains(&byte)
            || (is_bracketed && byte == b':')
    };
    host.is_some_and(|host| !host.is_empty() && host.bytes().all(fits))
        && port.is_none_or(|port| port.bytes().all(|byte| byte.is_ascii_digit()))
        && (!is_bracketed || ends)
}

fn upgrade(head: &Head, world: &World) -> Result<(), Refusal> {
    let mut tokens = head
        .all("upgrade")
        .flat_map(|line| line.split(','))
        .map(str::trim);
    let fits = match world.fault {
        Some(Fault::AcceptsMissingUpgrade) if !head.has_header("upgrade") => true,
        Some(Fault::ComparesUpgradeByCase) => tokens.any(|token| token == "websocket"),
        Some(Fault::AcceptsAnyUpgrade) => head.has_header("upgrade"),
        _ => tokens.any(|token| token.eq_ignore_ascii_case("websocket")),
    };
    if fits {
        Ok(())
    } else {
        Err(Refusal::wrong("the Upgrade header must list websocket"))
    }
}

fn connection(head: &Head, world: &World) -> Result<(), Refusal> {
    let mut tokens = head
        .all("connection")
        .flat_map(|line| line.split(','))
        .map(str::trim);
    let fits = match world.fault {
        Some(Fault::AcceptsMissingConnection) if !head.has_header("connection") => true,
        Some(Fault::AcceptsAnyConnection) => head.has_header("connection"),
        Some(Fault::ComparesConnectionByCase) => tokens.any(|token| token == "Upgrade"),
        Some(Fault::KnowsNoConnectionLists) => head
            .all("connection")
            .any(|line| line.eq_ignore_ascii_case("upgrade")),
        Some(Fault::LooksAtOneConnectionLine) => tokens
            .next()
            .is_some_and(|token| token.eq_ignore_ascii_case("upgrade")),
        _ => tokens.any(|token| token.eq_ignore_ascii_case("upgrade")),
    };
    if fits {
        Ok(())
    } else {
        Err(Refusal::wrong("the Connection header must list Upgrade"))
    }
}

fn key(head: &Head, world: &World) -> Result<(), Refusal> {
    let found = match world.fault {
        Some(Fault::AcceptsTwoKeys) => head.first("sec-websocket-key"),
        _ => head.only("sec-websocket-key"),
    };
    let alphabet = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
    let fits = match (found, world.fault) {
        (None, Some(Fault::AcceptsMissingKey)) => !head.has_header("sec-websocket-key"),
        (Some(_), Some(Fault::AcceptsAnyKey)) => true,
        (None, _) => false,
        (Some(key), fault) => {
            let formed =
                key.len() == 24 && key.ends_with("==") && key.bytes().take(22).all(alphabet);
            let zeros = !matches!(fault, Some(Fault::InsistsOnZeroBits))
                || matches!(key.as_bytes().get(21), Some(b'A' | b'Q' | b'g' | b'w'));
            formed && zeros
        }
    };
    if fits {
        Ok(())
    } else {
        Err(Refusal::wrong(
            "exactly one Sec-WebSocket-Key of 16 bytes in base64 is needed",
        ))
    }
}

fn version(head: &Head, world: &World) -> Result<(), Refusal> {
    let fits = match world.fault {
        Some(Fault::AcceptsMissingVersion) if !head.has_header("sec-websocket-version") => true,
        Some(Fault::AcceptsAnyVersion) => head.has_header("sec-websocket-version"),
        Some(Fault::AcceptsTwoVersions) => head.first("sec-websocket-version") == Some("13"),
        _ => head.only("sec-websocket-version") == Some("13"),
    };
    if fits { Ok(()) } else { Err(426.into()) }
}

pub(super) fn is_token_or_empty(element: &str) -> bool {
    element
        .trim()
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// Names, and parameters whose values are tokens.
fn well_formed_extensions(line: &str) -> bool {
    let listed = line
        .split(',')
        .filter(|extension| !extension.trim().is_empty());
    listed.into_iter().all(|extension| {
        extension.split(';').all(|part| {
            let (name, value) = part
                .split_once('=')
                .map_or((part, "x"), |(name, value)| (name, value));
            let quoted = value
                .strip_prefix('"')
                .and_then(|value| value.strip_suffix('"'));
            let value = quoted.unwrap_or(value);
            [name, value]
                .iter()
                .all(|token| !token.trim().is_empty() && is_token_or_empty(token))
        })
    })
}

fn origin_is_fine(head: &Head, world: &World) -> bool {
    let origins: Vec<_> = head.all("origin").collect();
    match (origins.as_slice(), world.fault) {
        ([], Some(Fault::NeedsOrigin)) => false,
        ([_, ..], Some(Fault::RefusesOwnOrigin)) => false,
        (_, Some(Fault::LetsEveryOriginIn)) | ([], _) => true,
        (_, Some(Fault::GuardsAnotherPath)) if head.path() != "/echo" => true,
        ([origin], fault) => {
            let host = head.first("host").unwrap_or_default();
            if fault == Some(Fault::ComparesOriginsAsText) {
                return *origin == format!("http://{host}");
            }
            let plain = |text: &str| {
                text.strip_suffix(":80")
                    .unwrap_or(text)
                    .to_ascii_lowercase()
            };
            plain(origin).strip_prefix("http://") == Some(&plain(host))
        }
        _ => false,
    }
}

fn refuse(refusal: impl Into<Refusal>, head: &Head, world: &World) -> Decision {
    let Refusal { status, text } = refusal.into();
    let headers = match status {
        405 => "allow: GET\r\n",
        426 => "sec-websocket-version: 13\r\nupgrade: websocket\r\nconnection: upgrade\r\n",
        _ => "",
    };
    Decision::Answer {
        status: if world.has(Fault::RefusesWith500) {
            500
        } else {
            status
        },
        headers: format!("{TEXT}{headers}"),
        body: if world.has(Fault::ReflectsRequests) {
            head.raw.clone()
        } else {
            format!("{text}\n")
        },
    }
}

/// What a text for the peer is.
pub(super) const TEXT: &str = "content-type: text/plain; charset=utf-8\r\n";

fn switch(
    head: &Head,
    remote: &str,
    world: &World,
    path: &str,
    subprotocol: Option<String>,
) -> Decision {
    let has = |fault| world.has(fault);
    let key = match head.untrimmed("sec-websocket-key").next() {
        Some(key) if has(Fault::KeepsBlanksOfTheKey) => key,
        key => key.unwrap_or_default().trim(),
    };
    let accept = if has(Fault::AnswersWrongKey) {
        accept_value("wrong")
    } else {
        accept_value(key)
    };
    let mut answer = String::from("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\n");
    let mut line = |name: &str, value: &str| {
        write!(answer, "{name}: {value}\r\n").expect("a string takes everything");
    };
    let replaced = has(Fault::LetsApplicationReplace) && path == "/response-headers";
    if !has(Fault::OmitsUpgrade) && !replaced {
        line("upgrade", "websocket");
    }
    line("sec-websocket-accept", &accept);
    if has(Fault::RepeatsAcceptValue) {
        line("sec-websocket-accept", &accept);
    }
    if has(Fault::AddsLength) {
        line("content-length", "0");
    }
    if path == "/response-headers" && !has(Fault::LosesApplicationHeaders) {
        let own = ["sec-websocket-accept", "upgrade", "content-length"];
        for (name, value) in RESPONSE_HEADERS {
            if !own.contains(name) || (replaced && *name == "upgrade") {
                line(name, value);
            }
        }
    }
    for (name, value) in access::lines(head, remote, world) {
        line(name, &value);
    }
    if let Some(chosen) = &subprotocol {
        line("sec-websocket-protocol", chosen);
        if has(Fault::RepeatsSubprotocol) {
            line("sec-websocket-protocol", chosen);
        }
    }
    for offered in head.all("sec-websocket-extensions") {
        if has(Fault::AcceptsExtensions) || has(Fault::RepeatsExtensions) {
            line("sec-websocket-extensions", offered);
        }
    }
    if has(Fault::VolunteersExtension) {
        line("sec-websocket-extensions", "permessage-deflate");
    }
    answer.push_str("\r\n");
    Decision::Switch {
        head: if has(Fault::SpellsItsOwnWay) {
            answer.replace("upgrade: websocket", "Upgrade: websocket")
        } else {
            answer
        },
        path: path.to_owned(),
        subprotocol,
    }
}

/// The subprotocol of an accepted handshake; the error is the status to refuse with.
fn subprotocol(head: &Head, world: &World, path: &str) -> Result<Option<String>, u16> {
    if path.starts_with("/access/") {
        return access::subprotocol(head, world);
    }
    Ok(spoken(head, world, path))
}

fn spoken(head: &Head, world: &World, path: &str) -> Option<String> {
    let mut lines: Vec<_> = head.all("sec-websocket-protocol").collect();
    match world.fault {
        Some(Fault::RepeatsOffers) => {
            return Some(lines.first().copied().unwrap_or("chat").to_owned());
        }
        Some(Fault::ChoosesNoSubprotocol) => return None,
        Some(Fault::LooksAtOneSubprotocolLine) => lines.truncate(1),
        _ => {}
    }
    if path != "/subprotocol" {
        return None;
    }
    let trim = |element| {
        if world.has(Fault::DoesNotTrimSubprotocols) {
            element
        } else {
            str::trim(element)
        }
    };
    let offered: Vec<_> = lines
        .iter()
        .flat_map(|line| line.split(','))
        .map(trim)
        .collect();
    let speaks = |name: &str| match world.fault {
        Some(Fault::ComparesSubprotocolsWithoutCase) => SUBPROTOCOLS
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name)),
        _ => SUBPROTOCOLS.contains(&name),
    };
    let chosen = match world.fault {
        Some(Fault::ChoosesInItsOwnOrder) => SUBPROTOCOLS
            .iter()
            .copied()
            .find(|known| offered.contains(known)),
        _ => offered.into_iter().find(|name| speaks(name)),
    };
    chosen.map(str::to_owned)
}
