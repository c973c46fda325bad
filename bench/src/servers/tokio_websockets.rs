//! tokio-websockets on a plain tokio socket.

use std::io;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::broadcast::{self, Sender};
use tokio_websockets::{Error, Message, ServerBuilder, WebSocketStream};

use super::{App, FANOUT_CAPACITY, GREETING, Listen, flood::Worker, runtime};

pub(super) fn serve(listen: &Listen) -> io::Result<()> {
    let app = listen.app;
    let (everyone, _) = broadcast::channel(FANOUT_CAPACITY);
    runtime::accept_each(listen, move |stream| {
        let everyone = everyone.clone();
        async move {
            let Ok((_request, websocket)) = ServerBuilder::new().accept(stream).await else {
                return;
            };
            // A connection that fails is the client's to notice.
            let _ = match app {
                App::Echo => echo(websocket).await,
                App::Fanout => fanout(websocket, everyone).await,
                App::Flood => flood(websocket).await,
            };
        }
    })
}

async fn echo(mut websocket: WebSocketStream<TcpStream>) -> Result<(), Error> {
    while let Some(Ok(message)) = websocket.next().await {
        if message.is_text() || message.is_binary() {
            websocket.send(message).await?;
        }
    }
    Ok(())
}

async fn flood(mut websocket: WebSocketStream<TcpStream>) -> Result<(), Error> {
    let mut worker = Worker::default();
    while let Some(Ok(message)) = websocket.next().await {
        if message.is_binary()
            && let Some(acknowledgement) = worker.take()
        {
            websocket
                .send(Message::binary(acknowledgement.to_vec()))
                .await?;
        }
    }
    Ok(())
}

async fn fanout(
    mut websocket: WebSocketStream<TcpStream>,
    everyone: Sender<Message>,
) -> Result<(), Error> {
    let mut messages = everyone.subscribe();
    websocket.send(Message::text(GREETING)).await?;
    loop {
        tokio::select! {
            message = websocket.next() => match message {
                Some(Ok(message)) if message.is_text() || message.is_binary() => drop(everyone.send(message)),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Ok(()),
            },
            message = messages.recv() => {
                let Ok(message) = message else { return Ok(()) };
                websocket.send(message).await?;
            }
        }
    }
}
