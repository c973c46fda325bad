//! Endpoints whose handler comes with each request.

#[allow(dead_code, reason = "each test needs a part")]
mod support;

use std::sync::Arc;

use http::StatusCode;
use switchwire_core::{HandlerResult, WebSocketSession, WebSocketSettings};
use switchwire_service::{Dispatch, SessionRegistry, UpgradeEndpoint};

use self::support::{NoServer, handshake};

async fn idle(_session: WebSocketSession) -> HandlerResult {
    Ok(())
}

/// The status of the answer. An accepted session ends at once.
async fn status(endpoint: &UpgradeEndpoint) -> StatusCode {
    match endpoint
        .dispatch(&NoServer, handshake("/any", &[]), idle)
        .await
    {
        Dispatch::Accepted(response, _session) => response.status(),
        Dispatch::Refused(error) => error.status(),
        other => panic!("{}", std::any::type_name_of_val(&other)),
    }
}

#[tokio::test]
async fn a_setting_that_the_server_lacks_is_found_at_start_up_and_never_ignored() {
    let settings = WebSocketSettings::builder().with_read_buffer_size(4096);
    let endpoint = UpgradeEndpoint::new().with_settings(settings.build().unwrap());
    assert!(endpoint.check_settings(&NoServer).is_err());
    assert_eq!(status(&endpoint).await, StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test]
async fn clones_share_limits_whatever_their_handlers() {
    let settings = WebSocketSettings::builder()
        .with_max_sessions(1)
        .build()
        .unwrap();
    let endpoint = UpgradeEndpoint::new().with_settings(settings);
    let request = handshake("/first", &[]);
    let handler = async |_session: WebSocketSession| Ok(());
    let first = endpoint.clone().dispatch(&NoServer, request, handler).await;
    assert!(matches!(first, Dispatch::Accepted(..)));
    assert_eq!(status(&endpoint).await, StatusCode::SERVICE_UNAVAILABLE);
    drop(first);
    assert_eq!(status(&endpoint).await, StatusCode::SWITCHING_PROTOCOLS);
}

#[tokio::test]
async fn changes_keep_what_was_set_before() {
    let registry = SessionRegistry::new();
    let settings = WebSocketSettings::builder().with_max_sessions(5).build();
    let endpoint = UpgradeEndpoint::new()
        .with_registry(registry.clone())
        .with_settings(settings.unwrap())
        .with_subprotocols(&["chat"])
        .unwrap();
    let request = handshake("/", &[("sec-websocket-protocol", "chat")]);
    let Dispatch::Accepted(response, session) = endpoint.dispatch(&NoServer, request, idle).await
    else {
        panic!("refused");
    };
    assert_eq!(response.headers()["sec-websocket-protocol"], "chat");
    assert_eq!(registry.len(), 1);
    drop(session);
    assert!(registry.is_empty());
}

#[tokio::test]
async fn a_refused_request_drops_its_handler() {
    let captured = Arc::new(());
    let kept = captured.clone();
    let handler = async move |_session: WebSocketSession| {
        drop(kept);
        Ok(())
    };
    let foreign = handshake("/", &[("origin", "https://evil.example")]);
    let endpoint = UpgradeEndpoint::new();
    let refused = endpoint.dispatch(&NoServer, foreign, handler).await;
    assert!(matches!(refused, Dispatch::Refused(_)));
    assert_eq!(Arc::strong_count(&captured), 1);
}
