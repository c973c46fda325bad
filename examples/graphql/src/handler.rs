//! GraphQL over a WebSocket session, for any schema and on any server: it needs `switchwire-core` and nothing else of switchwire.

use std::{sync::Arc, time::Duration};

use async_graphql::{
    Data, Executor,
    http::{ALL_WEBSOCKET_PROTOCOLS, WebSocket, WebSocketProtocols, WsMessage},
};
use futures_util::{StreamExt, future::ready};
use serde_json::Value;
use switchwire_core::{
    CloseCode, CloseStatus, HandlerError, HandlerResult, WebSocketHandler, WebSocketMessage,
    WebSocketSession, async_trait,
};
use tokio::time::timeout;

/// How long a client may take to say `connection_init`.
const INIT_TIMEOUT: Duration = Duration::from_secs(10);

/// The text `on_init` refuses with.
const FORBIDDEN: &str = "Forbidden";

type OnInit = dyn Fn(&Value) -> Option<Data> + Send + Sync;

/// Serves the operations of a schema over `graphql-transport-ws`, and over the older `graphql-ws` for clients that offer only that.
pub(crate) struct GraphQlHandler<E> {
    executor: E,
    on_init: Arc<OnInit>,
}

impl<E: Executor> GraphQlHandler<E> {
    /// A handler that asks `on_init` for the data that resolvers see, given the payload of `connection_init`;
    /// `None` keeps the client out.
    pub(crate) fn new(
        executor: E,
        on_init: impl Fn(&Value) -> Option<Data> + Send + Sync + 'static,
    ) -> Self {
        Self {
            executor,
            on_init: Arc::new(on_init),
        }
    }
}

#[async_trait]
impl<E: Executor> WebSocketHandler for GraphQlHandler<E> {
    async fn handle(&self, session: WebSocketSession) -> HandlerResult {
        let agreed = session.handshake_info().subprotocol();
        let protocol = agreed.and_then(|name| name.parse().ok());
        let protocol: WebSocketProtocols =
            protocol.expect("a session without one of these is refused");
        let on_init = self.on_init.clone();
        let init = move |payload| ready(on_init(&payload).ok_or_else(|| FORBIDDEN.into()));

        let messages = session.receive_stream();
        let messages =
            messages.filter_map(|message| ready(message.ok().map(WebSocketMessage::into_payload)));
        let answers = WebSocket::new(self.executor.clone(), messages, protocol);
        let mut answers = Box::pin(answers.on_connection_init(init));

        let Ok(mut answer) = timeout(INIT_TIMEOUT, answers.next()).await else {
            return Err(refusal(4408, "Connection initialisation timeout")?);
        };
        while let Some(message) = answer {
            match message {
                WsMessage::Text(text) => session.send(text).await?,
                WsMessage::Close(code, reason) => return Err(translated(code, &reason)?),
            }
            answer = answers.next().await;
        }
        Ok(())
    }

    fn subprotocols(&self) -> &[&'static str] {
        &ALL_WEBSOCKET_PROTOCOLS
    }

    fn requires_subprotocol(&self) -> bool {
        true
    }
}

/// The status that `graphql-transport-ws` names for what async-graphql closes with another.
fn translated(code: u16, reason: &str) -> Result<HandlerError, HandlerError> {
    match (code, reason) {
        (1011, _) => refusal(4401, "Unauthorized"),
        (1002, FORBIDDEN) => refusal(4403, FORBIDDEN),
        (1002, _) => refusal(4400, "Invalid message"),
        _ => refusal(code, reason),
    }
}

fn refusal(code: u16, reason: &str) -> Result<HandlerError, HandlerError> {
    let status = CloseStatus::new(CloseCode::new(code)?, reason)?;
    Ok(HandlerError::closing_with(status, reason))
}
