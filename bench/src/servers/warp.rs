//! `warp::ws` by hand: the echo as warp's documentation shows it, one half forwarded into the other, and the fan-out as
//! its chat example does, with a task for each half.

use std::convert::Infallible;
use std::io;

use futures_util::{FutureExt, SinkExt, StreamExt};
use tokio::net::TcpListener;
use tokio::sync::broadcast::{self, Sender};
use warp::Filter;
use warp::ws::{Message, WebSocket, Ws};

use super::{App, FANOUT_CAPACITY, GREETING, Listen, runtime};

pub(super) fn serve(listen: &Listen) -> io::Result<()> {
    let listener = listen.bind()?;
    runtime::block_on(async move {
        let listener = TcpListener::from_std(listener)?;
        match listen.app {
            App::Echo => {
                let route = warp::ws().map(|ws: Ws| ws.on_upgrade(echo));
                warp::serve(route).incoming(listener).run().await;
            }
            App::Fanout => {
                let (everyone, _) = broadcast::channel(FANOUT_CAPACITY);
                let route = warp::ws().and(with(everyone)).map(|ws: Ws, everyone| {
                    ws.on_upgrade(move |websocket| fanout(websocket, everyone))
                });
                warp::serve(route).incoming(listener).run().await;
            }
        }
        Ok(())
    })?
}

fn with(
    everyone: Sender<Message>,
) -> impl Filter<Extract = (Sender<Message>,), Error = Infallible> + Clone {
    warp::any().map(move || everyone.clone())
}

async fn echo(websocket: WebSocket) {
    let (tx, rx) = websocket.split();
    // A connection that fails is the client's to notice.
    rx.forward(tx).map(drop).await;
}

async fn fanout(websocket: WebSocket, everyone: Sender<Message>) {
    let (mut tx, mut rx) = websocket.split();
    let mut messages = everyone.subscribe();
    tokio::spawn(async move {
        if tx.send(Message::text(GREETING)).await.is_err() {
            return;
        }
        while let Ok(message) = messages.recv().await {
            if tx.send(message).await.is_err() {
                return;
            }
        }
    });
    while let Some(Ok(message)) = rx.next().await {
        if message.is_text() || message.is_binary() {
            let _ = everyone.send(message);
        }
    }
}
