//! poem's `websocket` by hand, as its documentation shows it.

use std::io;

use futures_util::{SinkExt, StreamExt};
use poem::listener::TcpAcceptor;
use poem::web::Data;
use poem::web::websocket::{Message, WebSocket, WebSocketStream};
use poem::{EndpointExt, IntoResponse, Route, Server, get, handler};
use tokio::sync::broadcast::{self, Sender};

use super::{App, FANOUT_CAPACITY, GREETING, Listen, flood::Worker, runtime};

pub(super) fn serve(listen: &Listen) -> io::Result<()> {
    let listener = listen.bind()?;
    let app = Route::new();
    let app = match listen.app {
        App::Echo => app.at("/", get(upgrade_echo)),
        App::Flood => app.at("/", get(upgrade_flood)),
        App::Fanout => app.at("/", get(upgrade_fanout)),
    };
    let (everyone, _) = broadcast::channel::<Message>(FANOUT_CAPACITY);
    let app = app.data(everyone);
    runtime::block_on(async move {
        Server::new_with_acceptor(TcpAcceptor::from_std(listener)?)
            .run(app)
            .await
    })?
}

#[handler]
fn upgrade_echo(websocket: WebSocket) -> impl IntoResponse {
    websocket.on_upgrade(echo)
}

#[handler]
fn upgrade_flood(websocket: WebSocket) -> impl IntoResponse {
    websocket.on_upgrade(flood)
}

#[handler]
fn upgrade_fanout(
    websocket: WebSocket,
    Data(everyone): Data<&Sender<Message>>,
) -> impl IntoResponse {
    let everyone = everyone.clone();
    websocket.on_upgrade(move |stream| fanout(stream, everyone))
}

async fn echo(mut stream: WebSocketStream) {
    while let Some(Ok(message)) = stream.next().await {
        if stream.send(message).await.is_err() {
            return;
        }
    }
}

async fn flood(mut stream: WebSocketStream) {
    let mut worker = Worker::default();
    while let Some(Ok(message)) = stream.next().await {
        if let Message::Binary(_) = message
            && let Some(acknowledgement) = worker.take()
        {
            let acknowledgement = Message::Binary(acknowledgement.to_vec());
            if stream.send(acknowledgement).await.is_err() {
                return;
            }
        }
    }
}

async fn fanout(mut stream: WebSocketStream, everyone: Sender<Message>) {
    let mut messages = everyone.subscribe();
    if stream.send(Message::text(GREETING)).await.is_err() {
        return;
    }
    loop {
        tokio::select! {
            message = stream.next() => match message {
                Some(Ok(message @ (Message::Text(_) | Message::Binary(_)))) => drop(everyone.send(message)),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            },
            message = messages.recv() => {
                let Ok(message) = message else { return };
                if stream.send(message).await.is_err() {
                    return;
                }
            }
        }
    }
}
