use actix_web::{
    Route,
    dev::{AppService, HttpServiceFactory, ResourceDef},
    guard::{GuardContext, fn_guard},
    http::{Method as ActixMethod, header as actix_header},
    web::{self, ServiceConfig},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use switchwire_core::{Endpoint, InvalidSettings, WebSocketHandler};
use switchwire_service::WebSocketDispatcher;

use crate::{request::WebSocketRequest, upgrade::ActixRequestUpgradeStrategy};

/// Mounts a mapping or a whole dispatcher, for [`App::configure`](actix_web::App::configure).
///
/// Patterns are whole paths. A request that does not ask for a WebSocket goes to the services
/// registered after this one, so a page and its WebSocket can have the same path. The dispatcher
/// answers every request that asks for a WebSocket, with 404 for a path that is not mapped. To
/// serve WebSockets in another way, register that service before this one. The dispatcher also
/// answers a preflight request to a path with a CORS configuration, and it answers `CONNECT` with
/// 400 or 405: such a request has a body without an end, and a page that reads bodies would never
/// finish.
///
/// ```
/// use actix_web::{App, web};
/// use switchwire_backend_actix::configure;
/// use switchwire_core::WebSocketSession;
/// use switchwire_service::UrlHandlerMapping;
///
/// let mapping = UrlHandlerMapping::new().with("/hello", |session: WebSocketSession| async move {
///     Ok(session.send("hello").await?)
/// })?;
/// let app = App::new()
///     .configure(configure(mapping)?)
///     .route("/hello", web::get().to(|| async { "open me as a WebSocket" }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`InvalidSettings`] when an endpoint has a setting that [this server does not
/// support](crate::ActixRequestUpgradeStrategy).
pub fn configure(
    dispatcher: impl Into<WebSocketDispatcher>,
) -> Result<impl Fn(&mut ServiceConfig) + Clone + Send, InvalidSettings> {
    let dispatcher = dispatcher.into();
    dispatcher.check_settings(&ActixRequestUpgradeStrategy)?;
    Ok(move |config: &mut ServiceConfig| {
        let known = dispatcher.clone();
        let everywhere = web::scope("").guard(fn_guard(move |context| {
            context.head().method == ActixMethod::CONNECT || is_wanted(&known, context)
        }));
        config.service(everywhere.default_service(serve(dispatcher.clone())));
        config.service(Asterisk(dispatcher.clone()));
    })
}

/// Serves the target `*`, which is not a path and therefore in no scope.
struct Asterisk(WebSocketDispatcher);

/// The same target as the parameter of a route: a pattern for it needs one.
pub(crate) const ASTERISK: &str = "switchwire_asterisk";

impl HttpServiceFactory for Asterisk {
    fn register(self, config: &mut AppService) {
        let known = self.0.clone();
        let wanted = fn_guard(move |context| {
            context.head().method == ActixMethod::CONNECT || is_wanted(&known, context)
        });
        let target = ResourceDef::new(format!("{{{ASTERISK}:[*]}}"));
        config.register_service(target, Some(vec![Box::new(wanted)]), serve(self.0), None);
    }
}

/// Makes a route that serves WebSocket requests with one handler, for
/// [`Resource::route`](actix_web::Resource::route). The application's own routing decides about the
/// path. The handler gets the path's parameters.
///
/// A request that does not ask for a WebSocket goes to the routes after this one. A WebSocket
/// request for a path without such a route goes to the application's default service, and so does a
/// `CONNECT` request. Both have a body without an end. When the default service reads bodies, mount
/// a [`configure`] with an empty mapping before it, which refuses such requests.
///
/// ```
/// use actix_web::{App, web};
/// use switchwire_backend_actix::websocket;
/// use switchwire_core::WebSocketSession;
///
/// async fn greet(session: WebSocketSession) -> switchwire_core::HandlerResult {
///     let name = session.handshake_info().path_parameter("name").unwrap_or_default().to_owned();
///     Ok(session.send(format!("hello {name}")).await?)
/// }
///
/// let app = App::new().service(
///     web::resource("/hello/{name}")
///         .route(websocket(greet))
///         .route(web::get().to(|| async { "open me as a WebSocket" })),
/// );
/// ```
pub fn websocket(handler: impl WebSocketHandler + 'static) -> Route {
    dispatch(Endpoint::new(handler))
}

/// Makes a route like [`websocket`] for an [`Endpoint`] with its own settings, for a mapping, or
/// for a whole dispatcher.
///
/// A mapping's patterns are whole paths, whatever the scope of the route. A path that it does not
/// have gets 404.
///
/// # Panics
/// When an endpoint has a setting that [this server does not
/// support](crate::ActixRequestUpgradeStrategy): code that makes a route cannot return an error.
/// [`check_settings`](WebSocketDispatcher::check_settings) finds it before.
pub fn dispatch(dispatcher: impl Into<WebSocketDispatcher>) -> Route {
    let dispatcher = dispatcher.into();
    if let Err(error) = dispatcher.check_settings(&ActixRequestUpgradeStrategy) {
        panic!("{error}");
    }
    let known = dispatcher.clone();
    serve(dispatcher).guard(fn_guard(move |context| is_wanted(&known, context)))
}

fn serve(dispatcher: WebSocketDispatcher) -> Route {
    web::to(move |request: WebSocketRequest| {
        let dispatcher = dispatcher.clone();
        async move { request.dispatch(&dispatcher).await }
    })
}

/// Whether the dispatcher answers the request itself.
fn is_wanted(dispatcher: &WebSocketDispatcher, context: &GuardContext<'_>) -> bool {
    let head = context.head();
    let method = head.method.as_str().parse::<Method>();
    method.is_ok_and(|method| dispatcher.wants(&method, &headers(context), head.uri.path()))
}

/// The headers that show whether a request asks for a WebSocket.
fn headers(context: &GuardContext<'_>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (wanted, name) in &WANTED {
        for value in context.head().headers().get_all(wanted) {
            if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
                headers.append(name, value);
            }
        }
    }
    headers
}

/// In the server's version of `http` and in this crate's.
static WANTED: [(actix_header::HeaderName, HeaderName); 4] = [
    (actix_header::SEC_WEBSOCKET_KEY, header::SEC_WEBSOCKET_KEY),
    (actix_header::UPGRADE, header::UPGRADE),
    (actix_header::ORIGIN, header::ORIGIN),
    (
        actix_header::ACCESS_CONTROL_REQUEST_METHOD,
        header::ACCESS_CONTROL_REQUEST_METHOD,
    ),
];
