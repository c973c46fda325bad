//! Endpoints and a middleware.

use poem::{Endpoint, IntoResponse, Middleware, Request, Response, Result};
use switchwire_core::{Endpoint as WebSocket, WebSocketHandler};
use switchwire_service::WebSocketDispatcher;

use crate::request::WebSocketRequest;

/// Makes an endpoint that serves WebSocket requests with one handler. poem's own routing decides
/// about the path. The handler gets the path's parameters.
///
/// It answers a request that does not ask for a WebSocket with 400.
///
/// ```
/// use poem::{Route, get};
/// use switchwire_backend_poem::websocket;
/// use switchwire_core::WebSocketSession;
///
/// async fn greet(session: WebSocketSession) -> switchwire_core::HandlerResult {
///     let name = session.handshake_info().path_parameter("name").unwrap_or_default().to_owned();
///     Ok(session.send(format!("hello {name}")).await?)
/// }
///
/// let app = Route::new().at("/hello/:name", websocket(greet));
/// ```
pub fn websocket(handler: impl WebSocketHandler + 'static) -> WebSocketEndpoint {
    dispatch(WebSocket::new(handler))
}

/// Makes an endpoint like [`websocket`] for an `Endpoint` with its own settings, for a mapping, or
/// for a whole dispatcher.
///
/// A mapping's patterns are whole paths, without the prefixes of routes that the endpoint is nested
/// in. A path that it does not have gets 404. The endpoint also answers a preflight request to a
/// path with a CORS configuration.
///
/// ```
/// use poem::Route;
/// use switchwire_backend_poem::dispatch;
/// use switchwire_core::WebSocketSession;
/// use switchwire_service::UrlHandlerMapping;
///
/// let mapping = UrlHandlerMapping::new().with("/chat/{room}", |session: WebSocketSession| async move {
///     let room = session.handshake_info().path_parameter("room").unwrap_or_default().to_owned();
///     Ok(session.send(format!("welcome to {room}")).await?)
/// })?;
/// let app = Route::new().nest("/v1", dispatch(mapping));
/// # Ok::<(), switchwire_service::InvalidMapping>(())
/// ```
pub fn dispatch(dispatcher: impl Into<WebSocketDispatcher>) -> WebSocketEndpoint {
    WebSocketEndpoint {
        dispatcher: dispatcher.into(),
    }
}

/// An endpoint of WebSockets only. See [`websocket`] and [`dispatch`].
#[derive(Debug, Clone)]
pub struct WebSocketEndpoint {
    dispatcher: WebSocketDispatcher,
}

impl Endpoint for WebSocketEndpoint {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        let request = WebSocketRequest::of(&request);
        Ok(request.dispatch(&self.dispatcher).await)
    }
}

/// A middleware that serves every WebSocket request with a mapping or a dispatcher, and passes all
/// other requests on, so that a page and its WebSocket can have the same path. A WebSocket request
/// for a path that is not mapped gets 404.
///
/// ```
/// use poem::{EndpointExt, Route, endpoint::make_sync};
/// use switchwire_backend_poem::UpgradeMiddleware;
/// use switchwire_core::WebSocketSession;
/// use switchwire_service::UrlHandlerMapping;
///
/// let mapping = UrlHandlerMapping::new().with("/hello", |session: WebSocketSession| async move {
///     Ok(session.send("hello").await?)
/// })?;
/// let page = make_sync(|_| "open me as a WebSocket");
/// let app = Route::new().at("/hello", page).with(UpgradeMiddleware::new(mapping));
/// # Ok::<(), switchwire_service::InvalidMapping>(())
/// ```
#[derive(Debug, Clone)]
pub struct UpgradeMiddleware {
    dispatcher: WebSocketDispatcher,
}

impl UpgradeMiddleware {
    /// Makes a middleware that passes WebSocket requests to `dispatcher`.
    #[must_use]
    pub fn new(dispatcher: impl Into<WebSocketDispatcher>) -> Self {
        Self {
            dispatcher: dispatcher.into(),
        }
    }
}

impl<E: Endpoint> Middleware<E> for UpgradeMiddleware {
    type Output = WithUpgrade<E>;

    fn transform(&self, inner: E) -> WithUpgrade<E> {
        let dispatcher = self.dispatcher.clone();
        WithUpgrade { dispatcher, inner }
    }
}

/// The endpoint of an [`UpgradeMiddleware`].
#[derive(Debug, Clone)]
pub struct WithUpgrade<E> {
    dispatcher: WebSocketDispatcher,
    inner: E,
}

impl<E: Endpoint> Endpoint for WithUpgrade<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        let path = request.uri().path();
        if self
            .dispatcher
            .wants(request.method(), request.headers(), path)
        {
            let asked = WebSocketRequest::of(&request);
            if let Ok(response) = asked.try_dispatch(&self.dispatcher).await {
                return Ok(response);
            }
        }
        Ok(self.inner.call(request).await?.into_response())
    }
}
