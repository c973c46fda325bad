//! yawc on a plain tokio socket, with its limits raised to the largest message sent.

use std::io;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::broadcast::{self, Sender};
use yawc::{Frame, OpCode, Options, Result, Role, WebSocket};

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

async fn echo(stream: TcpStream) -> Result<()> {
    let mut websocket = WebSocket::from_stream(stream, Role::Server, options())?;
    while let Some(frame) = websocket.next().await {
        if is_data(&frame) {
            websocket.send(frame).await?;
        }
    }
    Ok(())
}

async fn flood(stream: TcpStream) -> Result<()> {
    let mut websocket = WebSocket::from_stream(stream, Role::Server, options())?;
    let mut worker = Worker::default();
    while let Some(frame) = websocket.next().await {
        if is_data(&frame)
            && let Some(acknowledgement) = worker.take()
        {
            websocket
                .send(Frame::binary(acknowledgement.to_vec()))
                .await?;
        }
    }
    Ok(())
}

async fn fanout(stream: TcpStream, everyone: Sender<Frame>) -> Result<()> {
    let mut websocket = WebSocket::from_stream(stream, Role::Server, options())?;
    let mut messages = everyone.subscribe();
    websocket.send(Frame::text(GREETING)).await?;
    loop {
        tokio::select! {
            frame = websocket.next() => match frame {
                Some(frame) if is_data(&frame) => drop(everyone.send(frame)),
                Some(_) => {}
                None => return Ok(()),
            },
            frame = messages.recv() => {
                let Ok(frame) = frame else { return Ok(()) };
                websocket.send(frame).await?;
            }
        }
    }
}

fn is_data(frame: &Frame) -> bool {
    matches!(frame.opcode(), OpCode::Text | OpCode::Binary)
}

fn options() -> Options {
    Options::default()
        .with_utf8()
        .with_limits(MAX_MESSAGE, 2 * MAX_MESSAGE)
}

const MAX_MESSAGE: usize = 2 * 1024 * 1024;
