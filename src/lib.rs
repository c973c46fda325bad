#![cfg_attr(feature = "hyper", doc = include_str!("../README.md"))]
#![cfg_attr(
    not(feature = "hyper"),
    doc = "One WebSocket handler, any Rust HTTP server. The documentation is complete with all features."
)]

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

#[cfg(feature = "test")]
pub use switchwire_service::test;

#[cfg(doctest)]
#[doc = include_str!("../docs/deploy.md")]
struct Deploy;
