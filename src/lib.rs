#![cfg_attr(feature = "full", doc = include_str!("lib.md"))]
#![cfg_attr(
    not(feature = "full"),
    doc = "One WebSocket handler, any Rust HTTP server. The documentation is complete with all features."
)]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub use switchwire_core::future;
pub use switchwire_core::{
    Attributes, ByteString, Bytes, ClientRequest, CloseCode, CloseOutcome, CloseStatus, CloseWith,
    ConnectError, ConnectionInfo, CorsConfiguration, CorsConfigurationBuilder, Dropped, Endpoint,
    Error, ErrorKind, HandlerError, HandlerResult, HandshakeError, HandshakeInfo,
    HandshakeInterceptor, HandshakeRequest, HttpSession, InvalidCloseStatus, InvalidCors,
    InvalidOrigin, InvalidRequest, InvalidSettings, Origin, OriginPattern, Principal, RatePolicy,
    ReceiveStream, RequestUpgradeStrategy, ResponseHeaders, SessionId, SlowConsumerPolicy,
    TrySendError, WebSocketClient, WebSocketHandler, WebSocketMessage, WebSocketSender,
    WebSocketService, WebSocketSession, WebSocketSettings, WebSocketSettingsBuilder, async_trait,
    client::{HandshakeViolation, ProxyError, RedirectError},
    join_both, join_either,
};
pub use switchwire_service::{
    HandshakeWebSocketService, InvalidMapping, InvalidProxy, OriginPolicy, SessionRegistry,
    ShutdownReport, TrustedProxies, UpgradeEndpoint, UrlHandlerMapping, WebSocketDispatcher,
};
pub use switchwire_topics::{Broadcast, BroadcastError, Gap, Membership, Published, Topic};

/// Sessions over any byte stream, and sessions as byte streams.
///
/// - [`serve_stream`](stream::serve_stream) runs a session after the opening handshake;
///   [`serve_client_stream`](stream::serve_client_stream) does it on the other side.
/// - [`serve_accepted`](crate::UpgradeEndpoint::serve_accepted) and
///   [`serve_client_transport`](stream::serve_client_transport) do it over another engine.
/// - [`SessionStream`](stream::SessionStream) is a session as `AsyncRead + AsyncWrite`, for a tunnel, MQTT or SSH.
pub mod stream {
    pub use switchwire_driver::SessionStream;
    pub use switchwire_service::{
        hand_over_stream, hand_over_transport, serve_client_stream, serve_client_transport,
        serve_stream,
    };
}

/// Serving on hyper 1.
///
/// - [`HyperServer`](hyper::HyperServer) serves handlers, and an application beside them, on a TCP listener.
/// - [`TlsListener`](hyper::TlsListener) is its listener for TLS, with the feature `hyper-rustls`.
/// - [`UpgradeService`](hyper::UpgradeService) does the same as a hyper service, for an accept loop of your own.
#[cfg(feature = "hyper")]
pub mod hyper {
    pub use switchwire_backend_hyper::*;
    pub use switchwire_driver::Socket;
}

/// Serving on axum 0.8.
///
/// - [`websocket`](axum::websocket) is a route for one handler, [`router`](axum::router) a router of a whole mapping.
/// - [`WebSocketRequest`](axum::WebSocketRequest) is an extractor, which stands beside `State`, `Path` and your own.
/// - [`layer`](axum::layer) serves a mapping in front of a whole application.
/// - [`server`](axum::server) listens with the limits that axum's own server lacks.
#[cfg(feature = "axum")]
pub mod axum {
    pub use switchwire_backend_axum::*;
}

/// Serving on poem 3.
///
/// - [`websocket`](poem::websocket) is an endpoint for one handler, [`dispatch`](poem::dispatch) one for a whole mapping.
/// - [`WebSocketRequest`](poem::WebSocketRequest) is an extractor, which stands beside `Data`, `Path` and your own.
/// - [`UpgradeMiddleware`](poem::UpgradeMiddleware) serves a mapping in front of a whole application.
/// - [`server`](poem::server) listens with the limits that poem's own server lacks.
#[cfg(feature = "poem")]
pub mod poem {
    pub use switchwire_backend_poem::*;
}

/// Serving on salvo 1. It needs Rust 1.95.
///
/// - [`websocket`](salvo::websocket) is the goal of a route for one handler, [`dispatch`](salvo::dispatch) one for a whole mapping.
/// - [`WebSocketRequest`](salvo::WebSocketRequest) is an argument of handler functions, beside `PathParam` and your own.
/// - [`hoop`](salvo::hoop) serves a mapping in front of a whole application.
/// - [`acceptor`](salvo::acceptor) lets sessions run on the socket itself.
#[cfg(feature = "salvo")]
pub mod salvo {
    pub use switchwire_backend_salvo::*;
}

/// Serving on Rocket 0.5.
///
/// - [`WebSocketRequest`](rocket::WebSocketRequest) is a request guard, which stands beside `&State` and your own.
/// - [`routes`](rocket::routes) are those of a whole mapping, to mount.
/// - [`fairing`](rocket::fairing) serves a mapping in front of a whole application, and ends its sessions at shutdown.
#[cfg(feature = "rocket")]
pub mod rocket {
    pub use switchwire_backend_rocket::*;
}

/// Serving as a tower service, on any HTTP/1.1 server on hyper 1 that speaks tower.
///
/// - [`UpgradeLayer`](tower::UpgradeLayer) puts a mapping in front of a service.
/// - [`UpgradeService::only`](tower::UpgradeService::only) serves a mapping and nothing else.
#[cfg(feature = "tower")]
pub mod tower {
    pub use switchwire_backend_tower::*;
}

/// Serving on warp 0.4.
///
/// - [`websocket`](warp::websocket) is a filter for one handler, [`dispatch`](warp::dispatch) one for a whole mapping.
/// - [`http`](warp::http()) keeps WebSocket requests from routes that would answer anything.
/// - [`serve`](warp::serve()) listens without the traps of warp's own server.
#[cfg(feature = "warp")]
pub mod warp {
    pub use switchwire_backend_warp::*;
}

/// Serving on actix-web 4.
///
/// - [`websocket`](actix::websocket) is a route for one handler, [`configure`](actix::configure) mounts a whole mapping.
/// - [`on_connect`](actix::on_connect) belongs on the server: with it a session ends TCP itself.
/// - [`WebSocketRequest`](actix::WebSocketRequest) is an extractor, for functions that look at the request first.
/// - `serve_actix_ws`, with the feature `actix-ws`, runs a handler over what `actix_ws::handle` gives.
#[cfg(feature = "actix")]
pub mod actix {
    pub use switchwire_backend_actix::*;
}

/// Running a handler over a `WebSocketStream` of tokio-tungstenite 0.30 that an application already has.
///
/// - [`TungsteniteTransport`](tungstenite::TungsteniteTransport) is one, for
///   [`serve_accepted`](UpgradeEndpoint::serve_accepted).
/// - [`config`](tungstenite::config()) makes the engine's configuration with the limits of an endpoint.
#[cfg(feature = "tokio-tungstenite")]
pub mod tungstenite {
    pub use switchwire_engine_tungstenite::*;
}

/// Connecting to a server, with the same handlers and sessions.
///
/// - [`TokioClient`](client::TokioClient) opens a session.
/// - [`ReconnectingClient`](client::ReconnectingClient) opens one again when the network or a restart ended it.
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
