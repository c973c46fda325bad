#![cfg_attr(feature = "full", doc = include_str!("lib.md"))]
#![cfg_attr(
    not(feature = "full"),
    doc = "One WebSocket handler, any Rust HTTP server. The documentation is complete with all features."
)]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub use switchwire_core::{
    Attributes, ByteString, Bytes, ClientRequest, CloseCode, CloseOutcome, CloseStatus, CloseWith,
    Closed, ConnectError, CorsConfiguration, CorsConfigurationBuilder, Dropped, Endpoint, Error,
    ErrorKind, HandlerError, HandlerResult, HandshakeError, HandshakeInfo, HandshakeInterceptor,
    HandshakeRequest, HandshakeViolation, HttpSession, InvalidCloseStatus, InvalidCors,
    InvalidOrigin, InvalidRequest, InvalidSettings, Origin, OriginPattern, Principal, ProxyError,
    RatePolicy, ReceiveStream, RedirectError, RequestUpgradeStrategy, ResponseHeaders, SessionId,
    ShuttingDown, SlowConsumerPolicy, TrySendError, WebSocketClient, WebSocketHandler,
    WebSocketMessage, WebSocketSender, WebSocketService, WebSocketSession, WebSocketSettings,
    WebSocketSettingsBuilder, async_trait, join_both, join_either,
};
pub use switchwire_service::{
    Broadcast, HandshakeWebSocketService, InvalidMapping, InvalidProxy, Membership, OriginPolicy,
    Published, SessionRegistry, ShutdownReport, Topic, TrustedProxies, UrlHandlerMapping,
    WebSocketDispatcher,
};

/// Serving on hyper 1.
#[cfg(feature = "hyper")]
pub mod hyper {
    pub use switchwire_backend_hyper::*;
}

/// Serving on warp 0.4.
#[cfg(feature = "warp")]
pub mod warp {
    pub use switchwire_backend_warp::*;
}

/// Serving on actix-web 4.
#[cfg(feature = "actix")]
pub mod actix {
    pub use switchwire_backend_actix::*;
}

/// Connecting to a server.
#[cfg(feature = "client")]
pub mod client {
    pub use switchwire_client::*;
}

/// Testing handlers in memory, in milliseconds: the way to test one.
///
/// A [`TestServer`](test::TestServer) is given what any other server is given, and is a [`WebSocketClient`] itself. Requests go
/// through the real dispatcher and the real opening handshake, messages through the real framing, with no socket between.
///
/// ```
/// use switchwire::{
///     ClientRequest, CloseCode, HandlerResult, UrlHandlerMapping, WebSocketClient, WebSocketSession, test::TestServer,
/// };
///
/// async fn shout(mut session: WebSocketSession) -> HandlerResult {
///     while let Some(message) = session.receive().await? {
///         session.send(message.as_text().unwrap_or("?").to_uppercase()).await?;
///     }
///     Ok(())
/// }
///
/// # const _: &str = r"
/// #[tokio::test]
/// # ";
/// async fn shouting_is_loud() {
///     let server = TestServer::new(UrlHandlerMapping::new().with("/shout", shout).unwrap());
///     let request = ClientRequest::new("ws://test/shout").unwrap();
///     let mut session = server.connect(request).await.unwrap();
///     session.send("hello").await.unwrap();
///     assert_eq!(session.receive().await.unwrap().unwrap().as_text(), Some("HELLO"));
///     assert_eq!(session.close(CloseCode::NORMAL).await.code(), 1000);
/// }
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
/// # runtime.block_on(shouting_is_loud());
/// ```
#[cfg(feature = "test")]
pub mod test {
    pub use switchwire_service::test::*;
}
