//! Reconnecting, over a client that only pretends, in time that only pretends.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests are outside of test functions"
)]

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::StreamExt;
use http::Response;
use switchwire_client::{Backoff, ConnectionState, ReconnectingClient};
use switchwire_core::{
    ClientRequest, CloseCode, CloseOutcome, ConnectError, CorsConfiguration, Endpoint, Error,
    ErrorKind, HandlerResult, HandshakeRequest, WebSocketClient, WebSocketHandler,
    WebSocketSession, async_trait,
};
use switchwire_service::test::TestServer;
use tokio::time::{Instant, sleep};

type Ended = Result<CloseOutcome, ConnectError>;

/// Ends each attempt as its list says, after a while.
#[derive(Default)]
struct Pretender {
    ends: Mutex<VecDeque<(Duration, Ended)>>,
    attempts: Mutex<Vec<Instant>>,
}

impl Pretender {
    fn new(ends: impl IntoIterator<Item = Ended>) -> Arc<Self> {
        Self::lasting(ends.into_iter().map(|end| (Duration::ZERO, end)))
    }

    fn lasting(ends: impl IntoIterator<Item = (Duration, Ended)>) -> Arc<Self> {
        Arc::new(Self {
            ends: Mutex::new(ends.into_iter().collect()),
            attempts: Mutex::default(),
        })
    }

    /// The times between the attempts.
    fn waits(&self) -> Vec<Duration> {
        let attempts = self.attempts.lock().unwrap();
        attempts.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }
}

struct Shared(Arc<Pretender>);

#[async_trait]
impl WebSocketClient for Shared {
    async fn execute(&self, _: ClientRequest, _: Arc<dyn WebSocketHandler>) -> Ended {
        self.0.attempts.lock().unwrap().push(Instant::now());
        let next = self.0.ends.lock().unwrap().pop_front();
        match next {
            Some((time, end)) => {
                sleep(time).await;
                end
            }
            None => std::future::pending().await,
        }
    }

    async fn connect(&self, _: ClientRequest) -> Result<WebSocketSession, ConnectError> {
        unreachable!("reconnecting executes")
    }
}

async fn run(pretender: &Arc<Pretender>, backoff: Backoff) -> Ended {
    let client = ReconnectingClient::new(Shared(pretender.clone())).with_backoff(backoff);
    client.run(request(), handler()).await
}

fn request() -> ClientRequest {
    ClientRequest::new("ws://h/").unwrap()
}

fn handler() -> Arc<dyn WebSocketHandler> {
    Arc::new(|_: WebSocketSession| async { Ok(()) })
}

fn lost() -> Ended {
    Ok(CloseOutcome::Abnormal(Error::new(ErrorKind::Disconnected)))
}

fn closed(code: CloseCode) -> Ended {
    Ok(CloseOutcome::ByPeer(Some(code.into())))
}

fn refused(status: u16, retry_after: &str) -> Ended {
    let answer = Response::builder().status(status);
    let answer = answer.header("retry-after", retry_after).body(Bytes::new());
    Err(ConnectError::Refused(Box::new(answer.unwrap())))
}

/// Asks a handler all that a handler says of itself.
#[derive(Clone, Default)]
struct Asks(Arc<Mutex<Vec<String>>>);

#[async_trait]
impl WebSocketClient for Asks {
    async fn execute(&self, _: ClientRequest, handler: Arc<dyn WebSocketHandler>) -> Ended {
        let (head, ()) = http::Request::new(()).into_parts();
        let chosen = handler.select_subprotocol(&["a", "b"], &head.into());
        let cors = handler.cors_configuration();
        *self.0.lock().unwrap() = vec![
            format!("{:?}", handler.subprotocols()),
            format!("{chosen:?}"),
            handler.requires_subprotocol().to_string(),
            cors.is_some().to_string(),
        ];
        closed(CloseCode::NORMAL)
    }

    async fn connect(&self, _: ClientRequest) -> Result<WebSocketSession, ConnectError> {
        unreachable!("reconnecting executes")
    }
}

/// A handler with an opinion on everything.
struct Opinionated(CorsConfiguration);

#[async_trait]
impl WebSocketHandler for Opinionated {
    async fn handle(&self, _: WebSocketSession) -> HandlerResult {
        Ok(())
    }

    fn subprotocols(&self) -> &[&'static str] {
        &["a"]
    }

    fn select_subprotocol<'a>(&self, offered: &[&'a str], _: &HandshakeRequest) -> Option<&'a str> {
        offered.last().copied()
    }

    fn requires_subprotocol(&self) -> bool {
        true
    }

    fn cors_configuration(&self) -> Option<&CorsConfiguration> {
        Some(&self.0)
    }
}

#[tokio::test]
async fn the_client_sees_all_that_the_handler_says_of_itself() {
    let cors = CorsConfiguration::builder().build().unwrap();
    let asks = Asks::default();
    let client = ReconnectingClient::new(asks.clone());
    let handler = Arc::new(Opinionated(cors));
    client.run(request(), handler).await.unwrap();
    let said = asks.0.lock().unwrap();
    assert_eq!(*said, ["[\"a\"]", "Some(\"b\")", "true", "true"]);
}

#[tokio::test(start_paused = true)]
async fn it_goes_on_until_an_end_that_is_final() {
    let refusal = || {
        Err(ConnectError::Connect(
            std::io::ErrorKind::ConnectionRefused.into(),
        ))
    };
    let ends = [
        lost(),
        refusal(),
        closed(CloseCode::GOING_AWAY),
        refused(503, ""),
        closed(CloseCode::NORMAL),
        lost(),
    ];
    let pretender = Pretender::new(ends);
    let outcome = run(&pretender, Backoff::default()).await.unwrap();
    assert_eq!(outcome.code(), 1000);
    let waits = pretender.waits();
    assert_eq!(waits.len(), 4);
    assert!(waits.is_sorted(), "{waits:?}");
    assert!(waits[0] >= Duration::from_millis(500) && waits[3] <= Duration::from_millis(8_001));

    for last in [
        refused(401, ""),
        refused(403, "1"),
        closed(CloseCode::POLICY_VIOLATION),
    ] {
        let pretender = Pretender::new([lost(), last]);
        drop(run(&pretender, Backoff::default()).await);
        assert_eq!(pretender.waits().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn attempts_are_bounded_and_counted_anew_after_a_stable_session() {
    let pretender = Pretender::new((0..10).map(|_| lost()));
    let outcome = run(&pretender, Backoff::default().with_attempts(3))
        .await
        .unwrap();
    assert_eq!(outcome.code(), 1006);
    assert_eq!(pretender.waits().len(), 2);

    let minute = Duration::from_secs(60);
    let ends = [
        Duration::ZERO,
        Duration::ZERO,
        minute,
        Duration::ZERO,
        Duration::ZERO,
        Duration::ZERO,
    ];
    let pretender = Pretender::lasting(ends.map(|time| (time, lost())));
    drop(run(&pretender, Backoff::default().with_attempts(3)).await);
    assert_eq!(
        pretender.waits().len(),
        5,
        "two, a stable one, and three more"
    );
}

#[tokio::test(start_paused = true)]
async fn the_state_counts_the_attempts_since_a_stable_session() {
    let lasting = [29, 30, 1, 40].map(|seconds| (Duration::from_secs(seconds), lost()));
    let client = Arc::new(ReconnectingClient::new(Shared(Pretender::lasting(lasting))));
    let mut states = client.states();
    let running = tokio::spawn({
        let client = client.clone();
        async move { client.run(request(), handler()).await }
    });
    let mut counts = Vec::new();
    while counts.len() < 5 {
        if let ConnectionState::Connecting(count) = states.next().await.unwrap() {
            counts.push(count);
        }
    }
    assert_eq!(counts, [1, 2, 1, 2, 1]);
    running.abort();
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_honoured_up_to_its_bound() {
    let pretender = Pretender::new([
        refused(503, "100"),
        refused(503, "100000"),
        closed(CloseCode::NORMAL),
    ]);
    let client = ReconnectingClient::new(Shared(pretender.clone()));
    let client = client.with_max_retry_after(Duration::from_secs(200));
    client.run(request(), handler()).await.unwrap();
    let waits: Vec<_> = pretender.waits().iter().map(Duration::as_secs).collect();
    assert_eq!(waits, [100, 200]);
}

#[tokio::test(start_paused = true)]
async fn the_application_may_decide() {
    let pretender = Pretender::new([closed(CloseCode::NORMAL), lost()]);
    let client = ReconnectingClient::new(Shared(pretender.clone()));
    let client = client.with_decision(|ended| ended.as_ref().is_ok_and(CloseOutcome::is_clean));
    assert_eq!(client.run(request(), handler()).await.unwrap().code(), 1006);
}

#[tokio::test(start_paused = true)]
async fn states_are_seen_and_a_drop_stops_at_once() {
    let pretender = Pretender::new([lost()]);
    let client = Arc::new(ReconnectingClient::new(Shared(pretender.clone())));
    let mut states = client.states();
    assert_eq!(states.next().await, Some(ConnectionState::Idle));
    let running = tokio::spawn({
        let client = client.clone();
        async move { client.run(request(), handler()).await }
    });
    let mut seen = Vec::new();
    while seen.last() != Some(&ConnectionState::Connecting(2)) {
        seen.push(states.next().await.unwrap());
    }
    assert!(
        seen.iter()
            .any(|state| matches!(state, ConnectionState::Waiting(_))),
        "{seen:?}"
    );
    running.abort();
    assert_eq!(states.next().await, Some(ConnectionState::Idle));
    assert_eq!(client.state(), ConnectionState::Idle);
    assert_eq!(Arc::strong_count(&client), 1);
    drop(client);
    assert_eq!(states.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn the_handler_gets_a_fresh_session_each_time() {
    let served = AtomicU32::new(0);
    let restarts = move |session: WebSocketSession| {
        let code = match served.fetch_add(1, Ordering::Relaxed) {
            0 | 1 => CloseCode::SERVICE_RESTART,
            _ => CloseCode::NORMAL,
        };
        async move {
            drop(session.close(code));
            Ok(())
        }
    };
    let client = ReconnectingClient::new(TestServer::new(Endpoint::new(restarts)));
    let ids = Arc::new(Mutex::new(Vec::new()));
    let handler = {
        let ids = ids.clone();
        move |mut session: WebSocketSession| {
            ids.lock().unwrap().push(session.id());
            async move {
                while session.receive().await?.is_some() {}
                Ok(())
            }
        }
    };
    let outcome = client.run(request(), Arc::new(handler)).await.unwrap();
    assert_eq!(outcome.code(), 1000);
    let mut ids = ids.lock().unwrap().clone();
    ids.dedup();
    assert_eq!(ids.len(), 3);
}
