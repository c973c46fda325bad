//! Who gets in and where to, as the reference server decides it: the paths under `/access`.

use std::{net::SocketAddr, thread, time::Duration};

use super::{
    Fault, World,
    handlers::decoded,
    handshake::{Decision, TEXT, is_token_or_empty},
    http::Head,
};
use switchwire_conformance::contract::PROXY;

/// Paths without parameters.
const PATHS: &[&str] = &[
    "plain",
    "listed",
    "null",
    "session",
    "unasked",
    "required",
    "chosen",
    "token",
    "adds",
    "noted",
    "noted-few",
    "noted-slow",
    "noted-panics",
    "panics",
    "panics-after",
    "slow",
    "slow-after",
    "patient",
    "cors",
    "combined",
    "public",
    "private",
];

/// The handler of a path.
pub(super) struct Found {
    pub(super) name: &'static str,
    pub(super) parameters: Vec<(&'static str, String)>,
}

/// The handler of a path; the error is the status to refuse with.
pub(super) fn route(path: &str, world: &World) -> Result<Found, u16> {
    let has = |fault| world.has(fault);
    let lower = path.to_ascii_lowercase();
    let path = if has(Fault::IgnoresCaseOfPaths) {
        &lower
    } else {
        path
    };
    let unescaped = path.replace("%2F", "/");
    let path = if has(Fault::DecodesBeforeRouting) {
        &unescaped
    } else {
        path
    };
    let segments: Vec<_> = path
        .strip_prefix("/access/")
        .ok_or(404_u16)?
        .split('/')
        .collect();
    let found = |name, parameters| Ok(Found { name, parameters });
    let rest = || value(&segments[1..].join("/"), world).map(|value| vec![("rest", value)]);
    match segments[..] {
        ["users", "me"] if !has(Fault::PrefersParameters) => found("me", Vec::new()),
        ["users"] if has(Fault::MatchesEmptyParameters) => found("user", Vec::new()),
        ["users", id] if !id.is_empty() || has(Fault::MatchesEmptyParameters) => {
            found("user", vec![("id", value(id, world)?)])
        }
        ["users", _, _] if has(Fault::LetsParametersSpan) => found("user", Vec::new()),
        ["files", _, ..] => found("files", rest()?),
        ["order", "plain"] if has(Fault::IgnoresOrder) => found("default", Vec::new()),
        ["order", _, ..] => found("first", rest()?),
        ["fallen", "here"] if !has(Fault::IgnoresOrder) => found("default", Vec::new()),
        ["fallen", _, ..] if !has(Fault::AsksOneMapping) => found("last", rest()?),
        [path] if PATHS.contains(&path) => found("", Vec::new()),
        _ => Err(404),
    }
}

/// What a parameter stands for.
fn value(escaped: &str, world: &World) -> Result<String, u16> {
    if world.has(Fault::KeepsEscapes) {
        return Ok(escaped.to_owned());
    }
    let decoded = if world.has(Fault::DecodesPlusInPaths) {
        decoded(&escaped.replace('+', " "))
    } else {
        decoded(escaped)
    };
    // The decoder replaces what is not UTF-8.
    if decoded.contains('\u{fffd}') && !world.has(Fault::ReplacesBadEscapes) {
        return Err(404);
    }
    Ok(decoded)
}

/// Who the client is and how it came.
pub(super) struct Client {
    pub(super) address: String,
    pub(super) secure: bool,
    host: String,
}

impl Client {
    pub(super) fn from_head(head: &Head, remote: &str, world: &World) -> Self {
        let of_target = head.target_host();
        let of_target = of_target.filter(|_| !world.has(Fault::TakesHostBesideATarget));
        let mut client = Self {
            address: remote.to_owned(),
            secure: false,
            host: of_target
                .or(head.first("host"))
                .unwrap_or_default()
                .to_owned(),
        };
        let from_proxy = remote
            .parse::<SocketAddr>()
            .is_ok_and(|address| address.ip().to_string() == PROXY);
        let trusted = match world.fault {
            Some(Fault::IgnoresProxies) => false,
            Some(Fault::TrustsEveryone) => true,
            Some(Fault::HidesProxiesBehindJunk) => {
                from_proxy && head.all("x-forwarded-for").all(str::is_ascii)
            }
            _ => from_proxy,
        };
        if !trusted {
            return client;
        }
        client.secure = head.first("x-forwarded-proto") == Some("https");
        let named = head.first("x-forwarded-host").or_else(|| {
            let forwarded = head
                .first("forwarded")
                .filter(|_| world.has(Fault::ReadsEveryHeader))?;
            client.secure = true;
            forwarded.split("host=").nth(1)
        });
        if let Some(host) = named
            && (is_token_or_empty(&host.replace(':', "")) || world.has(Fault::TakesAnyHost))
        {
            client.host = host.to_owned();
        }
        let hops: Vec<_> = head
            .all("x-forwarded-for")
            .flat_map(|line| line.split(','))
            .map(str::trim)
            .collect();
        let hop = if world.has(Fault::BelievesTheFirstHop) {
            hops.first()
        } else {
            hops.last()
        };
        if let Some(hop) = hop {
            client.address = if hop.contains(':') {
                format!("[{hop}]:0")
            } else {
                format!("{hop}:0")
            };
        }
        client
    }

    /// The origin of the server's own pages.
    fn origin(&self) -> String {
        plain(&format!(
            "{}://{}",
            if self.secure { "https" } else { "http" },
            self.host
        ))
    }
}

/// Whether a page of this origin may connect.
pub(super) fn origin_is_fine(head: &Head, remote: &str, world: &World) -> bool {
    let has = |fault| world.has(fault);
    let Some(origin) = head.only("origin") else {
        return !head.has_header("origin");
    };
    if has(Fault::LetsEveryOriginIn) {
        return true;
    }
    if plain(origin) == Client::from_head(head, remote, world).origin() {
        return !has(Fault::RefusesOwnOrigin);
    }
    match head.path() {
        "/access/listed" => is_listed(origin, world),
        "/access/null" => origin == "null" && !has(Fault::RefusesNull),
        path => Cors::for_path(path, world).is_some_and(|cors| cors.allows(origin)),
    }
}

/// The list of `/access/listed`.
fn is_listed(origin: &str, world: &World) -> bool {
    if world.has(Fault::ComparesListsAsText) {
        return origin == "https://good.example";
    }
    let origin = plain(origin);
    let patterns = !world.has(Fault::KnowsNoOriginPatterns);
    match origin.split_once("://") {
        _ if world.has(Fault::IgnoresOriginLists) => false,
        Some(("https", "good.example")) => true,
        Some(("https", host)) => {
            let port = host.strip_suffix(":8080").or(host.strip_suffix(":8081"));
            let below = |host: &str, domain: &str| {
                host.strip_suffix(domain)
                    .is_some_and(|labels| !labels.is_empty())
            };
            patterns
                && (below(host, ".wild.example")
                    || port.is_some_and(|host| below(host, ".port.example")))
        }
        Some(("http", host)) => {
            patterns && (host == "any.example" || host.starts_with("any.example:"))
        }
        _ => false,
    }
}

/// An origin in lower case, without the port that goes with its scheme.
fn plain(origin: &str) -> String {
    let origin = origin.to_ascii_lowercase();
    let default = if origin.starts_with("https:") {
        ":443"
    } else {
        ":80"
    };
    origin.strip_suffix(default).unwrap_or(&origin).to_owned()
}

/// The CORS configuration of a path.
struct Cors {
    origins: Vec<&'static str>,
    any: bool,
    below: Option<&'static str>,
    methods: &'static [&'static str],
    headers: &'static [&'static str],
    exposed: Option<&'static str>,
    age: Option<u32>,
    credentials: bool,
    private: bool,
}

impl Cors {
    fn for_path(path: &str, world: &World) -> Option<Self> {
        let app = Self {
            origins: vec!["https://app.example"],
            any: false,
            below: None,
            methods: &["GET", "HEAD"],
            headers: &[],
            exposed: None,
            age: None,
            credentials: false,
            private: false,
        };
        let one = world.has(Fault::KnowsOneCorsConfiguration);
        Some(match path {
            "/access/cors" => Self {
                below: (!world.has(Fault::KnowsNoOriginPatterns)).then_some(".apps.example"),
                methods: &["GET", "PUT"],
                headers: &["x-one", "x-two"],
                exposed: Some("x-three"),
                age: Some(600),
                credentials: true,
                private: world.has(Fault::AllowsPrivateNetworks),
                ..app
            },
            "/access/combined" if one => Self {
                age: Some(600),
                credentials: true,
                ..app
            },
            "/access/combined" => Self {
                origins: vec!["https://app.example", "https://own.example"],
                age: Some(5),
                credentials: true,
                ..app
            },
            "/access/public" => Self {
                any: !world.has(Fault::RefusesAnyOrigin),
                ..app
            },
            "/access/private" => Self {
                private: true,
                ..app
            },
            _ => return None,
        })
    }

    fn allows(&self, origin: &str) -> bool {
        let host = origin.strip_prefix("https://").unwrap_or_default();
        self.any
            || self.origins.contains(&origin)
            || self.below.is_some_and(|domain| host.ends_with(domain))
    }

    /// The lines that name an allowed origin.
    fn lines(&self, origin: &str) -> Vec<(&'static str, String)> {
        let named = if self.any { "*" } else { origin };
        let mut lines = vec![("access-control-allow-origin", named.to_owned())];
        if self.credentials {
            lines.push(("access-control-allow-credentials", "true".to_owned()));
        }
        lines
    }
}

/// What the answers depend on.
fn vary(world: &World) -> Vec<(&'static str, String)> {
    let all = "origin, access-control-request-method, access-control-request-headers";
    let mut lines = vec![("vary", all.to_owned())];
    if world.has(Fault::RepeatsVary) {
        lines.push(("vary", "Origin".to_owned()));
    }
    lines
}

/// The answer to a preflight request, where a configuration applies.
pub(super) fn preflight(head: &Head, remote: &str, world: &World) -> Option<Decision> {
    let has = |fault| world.has(fault);
    let (origin, method) = (
        head.first("origin")?,
        head.first("access-control-request-method")?,
    );
    if head.method != "OPTIONS" || has(Fault::LeavesPreflightsToTheApplication) {
        return None;
    }
    let cors = Cors::for_path(head.path(), world)?;
    let own = plain(origin) == Client::from_head(head, remote, world).origin();
    let requested: Vec<_> = head
        .all("access-control-request-headers")
        .flat_map(|line| line.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    let headers: Vec<_> = requested
        .iter()
        .map(String::as_str)
        .filter(|name| cors.headers.contains(name))
        .collect();
    let allowed = (cors.allows(origin) || has(Fault::LetsEveryOriginIn))
        && (cors.methods.contains(&method) || has(Fault::ChecksNoCorsMethods))
        && (requested.is_empty() || !headers.is_empty() || has(Fault::ChecksNoCorsHeaders));
    let mut lines = vary(world);
    if allowed && !own && !has(Fault::OmitsCorsHeaders) {
        lines.extend(cors.lines(origin));
        lines.push(("access-control-allow-methods", cors.methods.join(", ")));
        if !headers.is_empty() {
            lines.push(("access-control-allow-headers", headers.join(", ")));
        }
        if let Some(age) = cors.age {
            lines.push(("access-control-max-age", age.to_string()));
        }
        if cors.private && head.has_header("access-control-request-private-network") {
            lines.push(("access-control-allow-private-network", "true".to_owned()));
        }
    }
    let refused = "the CORS request is not allowed\n";
    let (status, text, body) = match allowed || own {
        true => (204, "", ""),
        false => (403, TEXT, refused),
    };
    let lines: String = lines
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    Some(Decision::Answer {
        status,
        headers: format!("{text}{lines}"),
        body: body.to_owned(),
    })
}

/// What an accepted handshake adds to its answer.
pub(super) fn lines(head: &Head, remote: &str, world: &World) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    if let Some(cors) = Cors::for_path(head.path(), world) {
        lines.extend(vary(world));
        let own = Client::from_head(head, remote, world).origin();
        if let Some(origin) = head.first("origin")
            && plain(origin) != own
            && !world.has(Fault::OmitsCorsHeaders)
        {
            lines.extend(cors.lines(origin));
            lines.extend(
                cors.exposed
                    .map(|names| ("access-control-expose-headers", names.to_owned())),
            );
        }
    }
    if head.path() == "/access/adds" && !world.has(Fault::LosesApplicationHeaders) {
        lines.push(("set-cookie", "seen=yes".to_owned()));
        lines.push(("x-interceptor", "adds".to_owned()));
    }
    lines
}

/// Lets interceptors and the HTTP session take part; the error is the answer of who refuses.
pub(super) fn intercept(head: &Head, remote: &str, world: &World) -> Result<(), Decision> {
    let has = |fault| world.has(fault);
    let note = |entry: &str| {
        if let Some(key) = head.parameter("key") {
            // Nobody may be reading any more, and that is fine.
            let _ = world.journals.writer(key).send(entry.to_owned());
        }
    };
    let answer = |status, headers: &str, body: &str| {
        Err(Decision::Answer {
            status,
            headers: headers.to_owned(),
            body: body.to_owned(),
        })
    };
    match head.path() {
        "/access/session" => {
            note("loaded");
            let broken = head.has_header("x-broken") && !has(Fault::IgnoresBrokenSessions);
            if broken {
                answer(500, TEXT, "the server failed\n")
            } else {
                Ok(())
            }
        }
        "/access/unasked" if has(Fault::LoadsUnasked) => {
            note("loaded");
            Ok(())
        }
        "/access/noted" => {
            let names = ["service", "first", "second"];
            let mut passed = Vec::new();
            let mut status = 101;
            for name in if has(Fault::ReversesInterceptors) {
                ["second", "first", "service"]
            } else {
                names
            } {
                note(&format!("before {name}"));
                if head.first("x-refuse") == Some(name) {
                    status = 401;
                    if !has(Fault::GoesOnAfterRefusal) {
                        break;
                    }
                }
                passed.push(name);
            }
            if !has(Fault::RunsAfterInOrder) {
                passed.reverse();
            }
            passed
                .iter()
                .for_each(|name| note(&format!("after {name}: {status}")));
            match status {
                101 => Ok(()),
                _ if has(Fault::RefusesWithStatusAlone) => answer(status, "", ""),
                _ => answer(status, "www-authenticate: Bearer\r\n", "who are you?\n"),
            }
        }
        "/access/noted-few" => {
            let place = world.around.has_place(head.path(), remote, world);
            let told = match place {
                Err(status) if !has(Fault::TellsWhatWasDecided) => status,
                _ => 101,
            };
            ["before first", "before second"].into_iter().for_each(note);
            note(&format!("after second: {told}"));
            note(&format!("after first: {told}"));
            place.or_else(|status| answer(status, "", "no\n"))
        }
        "/access/noted-slow" | "/access/noted-panics" => {
            let status = if head.path().ends_with("slow") {
                503
            } else {
                500
            };
            note("before first");
            if !has(Fault::ForgetsThoseThatPassed) {
                note(&format!("after first: {status}"));
            }
            answer(status, "", "no\n")
        }
        "/access/panics-after" | "/access/slow-after" if has(Fault::HeedsAfter) => {
            answer(500, TEXT, "the server failed\n")
        }
        "/access/panics-after" => {
            note("before first");
            note("after first: 101");
            Ok(())
        }
        "/access/panics" => {
            if has(Fault::DiesOfPanics) {
                world.stop();
            }
            answer(500, TEXT, "the server failed\n")
        }
        "/access/token" => {
            let mut offers = head
                .all("sec-websocket-protocol")
                .flat_map(|line| line.split(','));
            match offers.any(|offer| offer.trim().starts_with("bearer.")) {
                true => Ok(()),
                false => answer(401, TEXT, "who are you?\n"),
            }
        }
        "/access/slow" if has(Fault::WaitsForInterceptors) => Err(Decision::Hang),
        "/access/slow" => {
            thread::sleep(Duration::from_millis(100));
            answer(503, TEXT, "the handshake took too long\n")
        }
        "/access/patient" if has(Fault::HurriesEveryone) => {
            answer(503, TEXT, "the handshake took too long\n")
        }
        _ => Ok(()),
    }
}

/// The subprotocol of an accepted handshake; the error is the status to refuse with.
pub(super) fn subprotocol(head: &Head, world: &World) -> Result<Option<String>, u16> {
    let has = |fault| world.has(fault);
    let offered: Vec<_> = head
        .all("sec-websocket-protocol")
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .collect();
    let find = |wanted: &[&str]| {
        offered
            .iter()
            .find(|name| wanted.contains(name))
            .map(|name| (*name).to_owned())
    };
    match head.path() {
        "/access/required" | "/access/token" => match find(&["chat.v1", "chat.v2"]) {
            Some(_) if has(Fault::ChoosesNoSubprotocol) => Err(400),
            Some(_) if has(Fault::RepeatsOffers) => {
                Ok(offered.first().map(|name| (*name).to_owned()))
            }
            None if !has(Fault::NeedsNoSubprotocol) => Err(400),
            found => Ok(found),
        },
        "/access/chosen" if has(Fault::AsksNoHook) => {
            Ok(offered.first().map(|name| (*name).to_owned()))
        }
        "/access/chosen" => match head.parameter("choose").unwrap_or_default() {
            "foreign" if has(Fault::TrustsTheHook) => Ok(Some("not-offered".to_owned())),
            wanted => Ok(find(&[wanted])),
        },
        _ => Ok(None),
    }
}

/// What a handler under `/access` answers to a question.
pub(super) fn answer(
    head: &Head,
    remote: &str,
    subprotocol: Option<&str>,
    world: &World,
    question: &str,
) -> Option<String> {
    let has = |fault| world.has(fault);
    let (verb, name) = question.split_once(' ').unwrap_or((question, ""));
    let found = route(head.path(), world).ok()?;
    match verb {
        "name" => Some(found.name.to_owned()),
        "parameter" if has(Fault::LosesParameters) => None,
        "parameter" => found
            .parameters
            .into_iter()
            .find_map(|(known, value)| (known == name).then_some(value)),
        "query" => head.query().map(|query| {
            if has(Fault::CleansQueries) {
                decoded(query)
            } else {
                query.to_owned()
            }
        }),
        "query-parameter" => {
            let mut pairs = head
                .query()?
                .split('&')
                .filter_map(|pair| pair.split_once('='));
            let is_it = |pair: &(&str, &str)| pair.0 == name;
            let last = has(Fault::TakesTheLastParameter);
            let (_, value) = if last {
                pairs.rfind(is_it)
            } else {
                pairs.find(is_it)
            }?;
            Some(if has(Fault::KeepsEscapes) {
                value.to_owned()
            } else {
                decoded(&value.replace('+', " "))
            })
        }
        "remote" => Some(Client::from_head(head, remote, world).address),
        "secure" => Client::from_head(head, remote, world)
            .secure
            .then(|| "yes".to_owned()),
        "subprotocol" => subprotocol.map(str::to_owned),
        "principal" if has(Fault::LosesPrincipals) => None,
        "principal" if has(Fault::InventsUsers) => Some("nobody".to_owned()),
        "principal" => {
            matches!(head.path(), "/access/adds" | "/access/token").then(|| "alice".to_owned())
        }
        "attribute" if has(Fault::LosesAttributes) => None,
        "attribute" => match (head.path(), name) {
            ("/access/adds", "colour") => Some("blue".to_owned()),
            ("/access/session", "user") => Some("alice".to_owned()),
            ("/access/session", "secret") if has(Fault::CopiesWholeSessions) => {
                Some("s3cret".to_owned())
            }
            _ => None,
        },
        _ => None,
    }
}
