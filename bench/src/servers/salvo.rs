//! salvo's `websocket` by hand, as its documentation shows it.

use std::io;

use salvo::conn::tcp::TcpAcceptor;
use salvo::websocket::{Message, WebSocket, WebSocketUpgrade};
use salvo::{Depot, Request, Response, Router, Server, affix_state, handler, http::StatusError};
use tokio::net::TcpListener;
use tokio::sync::broadcast::{self, Sender};

use super::{App, FANOUT_CAPACITY, GREETING, Listen, flood::Worker, runtime};

pub(super) fn serve(listen: &Listen) -> io::Result<()> {
    let listener = listen.bind()?;
    let (everyone, _) = broadcast::channel::<Message>(FANOUT_CAPACITY);
    let router = Router::new().hoop(affix_state::inject(everyone));
    let router = match listen.app {
        App::Echo => router.goal(upgrade_echo),
        App::Flood => router.goal(upgrade_flood),
        App::Fanout => router.goal(upgrade_fanout),
    };
    runtime::block_on(async move {
        let acceptor = TcpAcceptor::try_from(TcpListener::from_std(listener)?)?;
        Server::new(acceptor).serve(router).await;
        Ok(())
    })?
}

#[handler]
async fn upgrade_echo(request: &mut Request, response: &mut Response) -> Result<(), StatusError> {
    WebSocketUpgrade::new()
        .upgrade(request, response, echo)
        .await
}

#[handler]
async fn upgrade_flood(request: &mut Request, response: &mut Response) -> Result<(), StatusError> {
    WebSocketUpgrade::new()
        .upgrade(request, response, flood)
        .await
}

#[handler]
async fn upgrade_fanout(
    request: &mut Request,
    depot: &mut Depot,
    response: &mut Response,
) -> Result<(), StatusError> {
    let everyone = depot.get_typed::<Sender<Message>>();
    let everyone = everyone.expect("the router has it").clone();
    let handler = move |websocket| fanout(websocket, everyone);
    WebSocketUpgrade::new()
        .upgrade(request, response, handler)
        .await
}

async fn echo(mut websocket: WebSocket) {
    while let Some(Ok(message)) = websocket.recv().await {
        if websocket.send(message).await.is_err() {
            return;
        }
    }
}

async fn flood(mut websocket: WebSocket) {
    let mut worker = Worker::default();
    while let Some(Ok(message)) = websocket.recv().await {
        if message.is_binary()
            && let Some(acknowledgement) = worker.take()
        {
            let acknowledgement = Message::binary(acknowledgement.to_vec());
            if websocket.send(acknowledgement).await.is_err() {
                return;
            }
        }
    }
}

async fn fanout(mut websocket: WebSocket, everyone: Sender<Message>) {
    let mut messages = everyone.subscribe();
    if websocket.send(Message::text(GREETING)).await.is_err() {
        return;
    }
    loop {
        tokio::select! {
            message = websocket.recv() => match message {
                Some(Ok(message)) if message.is_text() || message.is_binary() => drop(everyone.send(message)),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            },
            message = messages.recv() => {
                let Ok(message) = message else { return };
                if websocket.send(message).await.is_err() {
                    return;
                }
            }
        }
    }
}
