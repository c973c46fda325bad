//! An axum application as applications are: a login with HTTP sessions, tower-http's layers, TLS by axum-server, two
//! WebSockets of axum's own beside a chat of switchwire's, and a graceful end.

use std::{
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use axum::{
    Form, Router,
    extract::{FromRequestParts, Path, Request, State, WebSocketUpgrade, ws::WebSocket},
    http::{StatusCode, request::Parts},
    middleware::{Next, from_fn},
    response::{Html, IntoResponse, Response},
    routing::{any, get, post},
};
use axum_server::{Handle, tls_rustls::RustlsConfig};
use clap::Parser;
use switchwire::{
    ConnectionInfo, HandlerResult, SessionRegistry, Topic, UpgradeEndpoint, WebSocketSession,
    axum::WebSocketRequest,
};
use tower_http::{compression::CompressionLayer, timeout::TimeoutLayer, trace::TraceLayer};
use tower_sessions::{MemoryStore, Session, SessionManagerLayer};

/// How long sessions and requests may take to end.
const DEADLINE: Duration = Duration::from_secs(10);

/// A chat on axum, over TLS with a certificate of the moment.
#[derive(Debug, Parser)]
struct Options {
    /// The address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:9443", value_name = "ADDR")]
    listen: SocketAddr,
}

#[derive(Clone)]
struct App {
    /// Made once, so that its limits hold for all sessions.
    chat: UpgradeEndpoint,
    room: Topic,
}

/// The name that a browser has logged in with.
struct User(String);

impl<S: Send + Sync> FromRequestParts<S> for User {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let session = Session::from_request_parts(parts, state).await;
        let session = session.map_err(IntoResponse::into_response)?;
        let name: Option<String> = session.get("user").await.ok().flatten();
        name.map(Self)
            .ok_or_else(|| (StatusCode::UNAUTHORIZED, "log in first\n").into_response())
    }
}

#[derive(serde::Deserialize)]
struct Login {
    name: String,
}

async fn log_in(session: Session, Form(login): Form<Login>) -> Response {
    if login.name.is_empty() || login.name.len() > 40 {
        return (StatusCode::BAD_REQUEST, "a name has 1 to 40 bytes\n").into_response();
    }
    match session.insert("user", login.name).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// The page and its WebSocket have one path.
async fn chat(
    State(app): State<App>,
    Path(room): Path<u32>,
    user: Result<User, Response>,
    request: Option<WebSocketRequest>,
) -> Response {
    let Some(request) = request else {
        return Html(include_str!("../assets/chat.html")).into_response();
    };
    match user {
        Ok(User(name)) => {
            request
                .on_upgrade(&app.chat, move |session| {
                    talk(session, app.room, room, name)
                })
                .await
        }
        Err(refusal) => refusal,
    }
}

async fn talk(
    mut session: WebSocketSession,
    everyone: Topic,
    room: u32,
    name: String,
) -> HandlerResult {
    let _member = everyone.join(&session.sender());
    everyone
        .publish(format!("{name} has entered room {room}"))
        .await;
    while let Some(message) = session.receive().await? {
        if let Some(text) = message.as_text() {
            everyone.publish(format!("{name}: {text}")).await;
        }
    }
    Ok(())
}

/// A WebSocket of axum's own.
async fn echo(request: WebSocketUpgrade) -> Response {
    request.on_upgrade(|mut socket: WebSocket| async move {
        while let Some(Ok(message)) = socket.recv().await {
            if socket.send(message).await.is_err() {
                return;
            }
        }
    })
}

/// Another one.
async fn greet(Path(name): Path<String>, request: WebSocketUpgrade) -> Response {
    request.on_upgrade(move |mut socket: WebSocket| async move {
        let _ = socket.send(format!("hello {name}").into()).await;
    })
}

/// axum-server does not say that its connections are over TLS, and pages over `https:` would be refused.
async fn over_tls(mut request: Request, next: Next) -> Response {
    let peer = request
        .extensions()
        .get::<axum::extract::ConnectInfo<SocketAddr>>();
    let info = ConnectionInfo {
        remote_address: peer.map(|peer| peer.0),
        secure: true,
        ..ConnectionInfo::default()
    };
    request.extensions_mut().insert(info);
    next.run(request).await
}

fn app(sessions: &SessionRegistry) -> Router {
    let endpoint = UpgradeEndpoint::new().with_registry(sessions.clone());
    Router::new()
        .route("/rooms/{room}", any(chat))
        .route("/login", post(log_in))
        .route("/axum/echo", any(echo))
        .route("/axum/greet/{name}", any(greet))
        .route(
            "/",
            get(|| async { Html(r#"<a href="/rooms/1">room 1</a>"#) }),
        )
        .with_state(App {
            chat: endpoint,
            room: Topic::new(),
        })
        .layer(SessionManagerLayer::new(MemoryStore::default()))
        .layer(from_fn(over_tls))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::REQUEST_TIMEOUT,
            Duration::from_secs(5),
        ))
        .layer(CompressionLayer::new())
        .layer(TraceLayer::new_for_http())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options::parse();
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let key = made.signing_key.serialize_der();
    let config = RustlsConfig::from_der(vec![made.cert.der().to_vec()], key).await?;
    let listener = TcpListener::bind(options.listen)?;
    listener.set_nonblocking(true)?;
    println!(
        "open https://localhost:{}/rooms/1 in a browser",
        listener.local_addr()?.port()
    );

    let sessions = SessionRegistry::new();
    let app = app(&sessions).into_make_service_with_connect_info::<SocketAddr>();
    let handle = Handle::new();
    let ending = handle.clone();
    let drained = sessions.drain_on(stop(), DEADLINE);
    tokio::spawn(async move {
        drained.await;
        ending.graceful_shutdown(Some(DEADLINE));
    });
    axum_server::from_tcp_rustls(listener, config)?
        .handle(handle)
        .serve(app)
        .await?;
    println!("stopped");
    Ok(())
}

async fn stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
