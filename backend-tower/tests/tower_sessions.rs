//! Log in over HTTP, open a WebSocket with the cookie, and the handler knows the user.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use futures_util::StreamExt;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::service::TowerToHyperService;
use switchwire_backend_hyper::{HyperServer, UpgradeBody};
use switchwire_backend_tower::{TowerSessionsLayer, UpgradeLayer};
use switchwire_core::{WebSocketSession, async_trait};
use switchwire_service::{HandshakeWebSocketService, UrlHandlerMapping, WebSocketDispatcher};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_tungstenite::{connect_async, tungstenite::client::IntoClientRequest};
use tower::{ServiceBuilder, service_fn};
use tower_sessions::{
    MemoryStore, Session, SessionManagerLayer, SessionStore,
    session::{Id, Record},
    session_store::Result,
};

/// A store that counts how often it is asked.
#[derive(Debug, Clone, Default)]
struct Counting(MemoryStore, Arc<AtomicUsize>);

#[async_trait]
impl SessionStore for Counting {
    async fn create(&self, record: &mut Record) -> Result<()> {
        self.0.create(record).await
    }

    async fn save(&self, record: &Record) -> Result<()> {
        self.0.save(record).await
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.load(id).await
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.0.delete(id).await
    }
}

/// The login page of the application: puts a user and a secret into the session.
async fn log_in(
    request: Request<Incoming>,
) -> std::result::Result<Response<Full<Bytes>>, Infallible> {
    let session = request.extensions().get::<Session>().unwrap();
    session.insert("user", "alice").await.unwrap();
    session.insert("secret", 42).await.unwrap();
    Ok(Response::new(Full::from("welcome")))
}

/// Runs `client` against a server whose handler says which attributes it sees.
async fn with_server(
    service: HandshakeWebSocketService,
    store: Counting,
    client: impl AsyncFnOnce(SocketAddr),
) {
    let mapping = UrlHandlerMapping::new().with("/me", |session: WebSocketSession| async move {
        let value = |name| session.attributes().get_named::<serde_json::Value>(name);
        let (user, secret) = (value("user"), value("secret"));
        Ok(session.send(format!("{user:?} {secret:?}")).await?)
    });
    let dispatcher = WebSocketDispatcher::from(mapping.unwrap()).with_service(service);
    let service = ServiceBuilder::new()
        .layer(SessionManagerLayer::new(store.clone()).with_secure(false))
        .layer(TowerSessionsLayer::new(store))
        .map_response(|response: Response<UpgradeBody<_>>| response.map(BodyExt::boxed))
        .layer(UpgradeLayer::new(dispatcher))
        .service(service_fn(log_in));
    let server = HyperServer::from_service(TowerToHyperService::new(service));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(server.serve(listener));
    client(address).await;
    serving.abort();
}

/// The session's cookie, from the answer to the login page.
async fn cookie(address: SocketAddr) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    let request = "GET /login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    let lines = answer.lines().filter_map(|line| line.split_once(": "));
    let mut cookies = lines.filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
    let (_, value) = cookies.next().expect("the login page sets a cookie");
    value.split(';').next().unwrap().to_owned()
}

/// What the handler says to a client with this cookie.
async fn seen(address: SocketAddr, cookie: &str) -> String {
    let mut request = format!("ws://{address}/me").into_client_request().unwrap();
    request
        .headers_mut()
        .insert("cookie", cookie.parse().unwrap());
    let (mut socket, _) = connect_async(request).await.unwrap();
    socket.next().await.unwrap().unwrap().to_string()
}

#[tokio::test]
async fn the_handler_sees_what_is_asked_for_and_nothing_else() {
    let service = HandshakeWebSocketService::new().with_session_attributes(|name| name == "user");
    with_server(service, Counting::default(), async |address| {
        let cookie = cookie(address).await;
        assert_eq!(seen(address, &cookie).await, "Some(String(\"alice\")) None");
        assert_eq!(
            seen(address, "id=AAAAAAAAAAAAAAAAAAAAAA").await,
            "None None"
        );
        assert_eq!(seen(address, "a=b").await, "None None");
    })
    .await;
}

#[tokio::test]
async fn without_being_asked_the_session_is_not_loaded() {
    let store = Counting::default();
    let service = HandshakeWebSocketService::new();
    with_server(service, store.clone(), async |address| {
        let cookie = cookie(address).await;
        let loaded = store.1.load(Ordering::Relaxed);
        assert_eq!(seen(address, &cookie).await, "None None");
        assert_eq!(store.1.load(Ordering::Relaxed), loaded);
    })
    .await;
}
