//! axum's `ws` by hand, as its documentation shows it.

use std::io;

use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::routing::any;
use tokio::net::TcpListener;
use tokio::sync::broadcast::{self, Sender};

use super::{App, FANOUT_CAPACITY, GREETING, Listen, flood::Worker, runtime};

pub(super) fn serve(listen: &Listen) -> io::Result<()> {
    let listener = listen.bind()?;
    let app = match listen.app {
        App::Echo => {
            Router::new().route("/", any(async |ws: WebSocketUpgrade| ws.on_upgrade(echo)))
        }
        App::Flood => {
            Router::new().route("/", any(async |ws: WebSocketUpgrade| ws.on_upgrade(flood)))
        }
        App::Fanout => {
            let (everyone, _) = broadcast::channel(FANOUT_CAPACITY);
            let handler = async move |ws: WebSocketUpgrade| {
                ws.on_upgrade(move |websocket| fanout(websocket, everyone))
            };
            Router::new().route("/", any(handler))
        }
    };
    runtime::block_on(async move { axum::serve(TcpListener::from_std(listener)?, app).await })?
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
        if let Message::Binary(_) = message
            && let Some(acknowledgement) = worker.take()
        {
            let acknowledgement = Message::Binary(acknowledgement.to_vec().into());
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
                Some(Ok(message @ (Message::Text(_) | Message::Binary(_)))) => drop(everyone.send(message)),
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
