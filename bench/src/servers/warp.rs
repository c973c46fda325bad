//! `warp::ws` by hand, two ways: with a loop that receives and sends, as in warp's chat example, and with one half
//! forwarded into the other, as in its echo example. `forward` flushes only when it has to wait, so it is much faster with
//! many messages in flight; but it is no place for a handler's own code.

use std::convert::Infallible;
use std::io;

use futures_util::{FutureExt, SinkExt, StreamExt};
use tokio::net::TcpListener;
use tokio::sync::broadcast::{self, Sender};
use warp::Filter;
use warp::ws::{Message, WebSocket, Ws};

use super::{App, FANOUT_CAPACITY, GREETING, Listen, flood::Worker, runtime};

pub(super) fn serve_loop(listen: &Listen) -> io::Result<()> {
    serve(listen, echo)
}

pub(super) fn serve_forward(listen: &Listen) -> io::Result<()> {
    serve(listen, forward)
}

fn serve<F, Fut>(listen: &Listen, echo: F) -> io::Result<()>
where
    F: Fn(WebSocket) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let listener = listen.bind()?;
    runtime::block_on(async move {
        let listener = TcpListener::from_std(listener)?;
        match listen.app {
            App::Echo => {
                let route = warp::ws().map(move |ws: Ws| ws.on_upgrade(echo.clone()));
                warp::serve(route).incoming(listener).run().await;
            }
            App::Flood => {
                let route = warp::ws().map(|ws: Ws| ws.on_upgrade(flood));
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

async fn echo(mut websocket: WebSocket) {
    while let Some(Ok(message)) = websocket.next().await {
        if (message.is_text() || message.is_binary()) && websocket.send(message).await.is_err() {
            return;
        }
    }
}

async fn flood(mut websocket: WebSocket) {
    let mut worker = Worker::default();
    while let Some(Ok(message)) = websocket.next().await {
        if message.is_binary()
            && let Some(acknowledgement) = worker.take()
            && websocket
                .send(Message::binary(acknowledgement.to_vec()))
                .await
                .is_err()
        {
            return;
        }
    }
}

async fn forward(websocket: WebSocket) {
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
