//! sockudo-ws on a plain tokio socket.

use std::io;

use futures_util::{SinkExt, StreamExt};
use sockudo_ws::{Config, Error, Message, WebSocketStream};
use tokio::net::TcpStream;
use tokio::sync::broadcast::{self, Sender};

use super::{App, FANOUT_CAPACITY, GREETING, Listen, flood::Worker, handshake, runtime};

pub(super) fn serve(listen: &Listen) -> io::Result<()> {
    let app = listen.app;
    let (everyone, _) = broadcast::channel(FANOUT_CAPACITY);
    runtime::accept_each(listen, move |mut stream| {
        let everyone = everyone.clone();
        async move {
            if handshake::accept(&mut stream).await.is_err() {
                return;
            }
            // A connection that fails is the client's to notice.
            let _ = match app {
                App::Echo => echo(stream).await,
                App::Fanout => fanout(stream, everyone).await,
                App::Flood => flood(stream).await,
            };
        }
    })
}

async fn echo(stream: TcpStream) -> Result<(), Error> {
    let mut websocket = WebSocketStream::server(stream, Config::default());
    while let Some(message) = websocket.next().await {
        match message? {
            message @ (Message::Text(_) | Message::Binary(_)) => websocket.send(message).await?,
            Message::Close(_) => break,
            _ => {}
        }
    }
    Ok(())
}

async fn flood(stream: TcpStream) -> Result<(), Error> {
    let mut websocket = WebSocketStream::server(stream, Config::default());
    let mut worker = Worker::default();
    while let Some(message) = websocket.next().await {
        match message? {
            Message::Binary(_) => {
                if let Some(acknowledgement) = worker.take() {
                    websocket
                        .send(Message::binary(acknowledgement.to_vec()))
                        .await?;
                }
            }
            Message::Close(_) => break,
            _ => {}
        }
    }
    Ok(())
}

async fn fanout(stream: TcpStream, everyone: Sender<Message>) -> Result<(), Error> {
    let mut websocket = WebSocketStream::server(stream, Config::default());
    let mut messages = everyone.subscribe();
    websocket.send(Message::text(GREETING)).await?;
    loop {
        tokio::select! {
            message = websocket.next() => match message {
                Some(Ok(message @ (Message::Text(_) | Message::Binary(_)))) => drop(everyone.send(message)),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Ok(()),
                Some(Ok(_)) => {}
            },
            message = messages.recv() => {
                let Ok(message) = message else { return Ok(()) };
                websocket.send(message).await?;
            }
        }
    }
}
