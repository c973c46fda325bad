//! The kit's own handlers. What they saw they tell in words, over the wire or to a journal.

mod access;
mod admission;
mod answers;
mod asking;
mod closing;
mod ending;
mod hoarding;
mod journal;
mod keeping;
mod production;
mod receiving;
mod sending;
mod service;
mod shutting;
mod slow;
mod topics;

use std::time::Duration;

use switchwire_conformance::contract::PROXY;
use switchwire_core::{
    CloseOutcome, Endpoint, Error, HandlerResult, WebSocketHandler, WebSocketSession,
    WebSocketSettings, WebSocketSettingsBuilder,
};
use switchwire_service::{
    InvalidMapping, SessionRegistry, TrustedProxies, UrlHandlerMapping, WebSocketDispatcher,
};

pub(crate) use self::journal::Journals;
use self::service::AppService;

/// Every handler by its path, and the decisions about handshakes.
pub(crate) fn dispatcher(journals: &Journals, registry: &SessionRegistry) -> WebSocketDispatcher {
    let mappings = mapping(journals, registry).and_then(|mapping| {
        let [first, last] = access::around()?;
        WebSocketDispatcher::new([mapping, last, first])
    });
    let proxies = TrustedProxies::x_forwarded([PROXY]).expect("an address");
    mappings
        .expect("the paths of the kit do not conflict")
        .with_service(AppService::new(journals))
        .with_trusted_proxies(proxies)
        .with_registry(registry.clone())
}

/// What stands beside the app with this registry: ends its sessions, and tells its journals when they have ended.
pub(crate) fn control(journals: &Journals, registry: &SessionRegistry) -> WebSocketDispatcher {
    let mapping = journal::add(UrlHandlerMapping::new(), journals)
        .and_then(|mapping| shutting::add_control(mapping, registry))
        .and_then(|mapping| hoarding::add_control(mapping, registry));
    mapping
        .expect("the paths of the kit do not conflict")
        .into()
}

fn mapping(
    journals: &Journals,
    registry: &SessionRegistry,
) -> Result<UrlHandlerMapping, InvalidMapping> {
    let mapping = UrlHandlerMapping::new()
        .with("/echo", echo)?
        .with_endpoint(
            "/small",
            limited(echo, |settings| {
                settings
                    .with_max_frame_size(1024)
                    .with_max_message_size(4096)
                    .with_max_fragments(8)
            }),
        )?
        .with_endpoint(
            "/large",
            limited(echo, |settings| {
                settings
                    .with_max_message_size(16 << 20)
                    .with_max_frame_size(16 << 20)
            }),
        )?
        .with_endpoint(
            "/large-head",
            limited(echo, |settings| {
                settings.with_max_request_head_size(48 << 10)
            }),
        )?
        .with("/response-headers", echo)?;
    let mapping = journal::add(mapping, journals)?;
    let mapping = asking::add(mapping)?;
    let mapping = access::add(mapping, journals)?;
    let mapping = receiving::add(mapping, journals)?;
    let mapping = sending::add(mapping, journals)?;
    let mapping = closing::add(mapping, journals)?;
    let mapping = production::add(mapping, journals)?;
    let mapping = slow::add(mapping, journals)?;
    let mapping = keeping::add(mapping, journals, registry)?;
    let mapping = topics::add(mapping)?;
    let mapping = admission::add(mapping)?;
    let mapping = hoarding::add(mapping, journals)?;
    let mapping = shutting::add(mapping, journals)?;
    let mapping = answers::add(mapping, journals)?;
    ending::add(mapping, journals)
}

async fn echo(mut session: WebSocketSession) -> HandlerResult {
    while let Some(message) = session.receive().await? {
        session.send(message).await?;
    }
    Ok(())
}

/// An endpoint with settings of its own.
fn limited(
    handler: impl WebSocketHandler + 'static,
    set: impl FnOnce(WebSocketSettingsBuilder) -> WebSocketSettingsBuilder,
) -> Endpoint {
    let settings = set(WebSocketSettings::builder());
    Endpoint::new(handler)
        .with_settings(settings.build().expect("the settings of the kit are valid"))
}

/// An endpoint whose deadlines are short enough to be waited for.
fn hurried(handler: impl WebSocketHandler + 'static) -> Endpoint {
    const SHORT: Duration = Duration::from_millis(100);
    limited(handler, |settings| {
        settings
            .with_closing_deadline(SHORT)
            .with_handler_grace(SHORT)
    })
}

/// Panics without a call of the panic hook: dozens of messages and backtraces of panics that are part of a case would hide
/// the one that is not.
fn panic_on_purpose(message: &'static str) -> ! {
    if cfg!(panic = "abort") {
        panic!("{message}; build it with panics that unwind, or leave out Feature::Unwinding");
    }
    std::panic::resume_unwind(Box::new(message))
}

/// The value of a query parameter, as it was sent.
fn parameter<'a>(session: &'a WebSocketSession, name: &str) -> Option<&'a str> {
    let query = session.handshake_info().query()?;
    query
        .split('&')
        .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

/// How a session ended, in words.
fn told(outcome: &CloseOutcome) -> String {
    let status = |code: u16, reason: &str| format!("{code} {reason}").trim_end().to_owned();
    match outcome {
        CloseOutcome::ByPeer(Some(by)) => {
            format!("closed by peer: {}", status(by.code().into(), by.reason()))
        }
        CloseOutcome::ByPeer(None) => "closed by peer: no status".to_owned(),
        CloseOutcome::ByUs(by) => {
            format!("closed by us: {}", status(by.code().into(), by.reason()))
        }
        CloseOutcome::Abnormal(error) => format!("closed abnormally: {:?}", error.kind()),
        CloseOutcome::TimedOut => "closed: timed out".to_owned(),
    }
}

/// What became of sending, in words.
fn sent(result: &Result<(), Error>) -> &'static str {
    match result {
        Ok(()) => "send succeeded",
        Err(_) => "send failed",
    }
}
