//! fastwebsockets on a plain tokio socket.

use std::io;

use fastwebsockets::{FragmentCollector, Frame, OpCode, Payload, Role, WebSocket, WebSocketError};
use tokio::net::TcpStream;

use super::{App, Listen, flood::Worker, handshake, runtime};

pub(super) fn serve(listen: &Listen) -> io::Result<()> {
    let app = listen.app;
    runtime::accept_each(listen, move |mut stream| async move {
        if handshake::accept(&mut stream).await.is_ok() {
            // A connection that fails is the client's to notice.
            let _ = match app {
                App::Flood => flood(stream).await,
                App::Echo | App::Fanout => echo(stream).await,
            };
        }
    })
}

async fn echo(stream: TcpStream) -> Result<(), WebSocketError> {
    let mut websocket = FragmentCollector::new(WebSocket::after_handshake(stream, Role::Server));
    loop {
        let frame = websocket.read_frame().await?;
        match frame.opcode {
            OpCode::Close => return Ok(()),
            OpCode::Text | OpCode::Binary => websocket.write_frame(frame).await?,
            _ => {}
        }
    }
}

async fn flood(stream: TcpStream) -> Result<(), WebSocketError> {
    let mut websocket = FragmentCollector::new(WebSocket::after_handshake(stream, Role::Server));
    let mut worker = Worker::default();
    loop {
        match websocket.read_frame().await?.opcode {
            OpCode::Close => return Ok(()),
            OpCode::Binary => {
                if let Some(acknowledgement) = worker.take() {
                    let payload = Payload::Owned(acknowledgement.to_vec());
                    websocket.write_frame(Frame::binary(payload)).await?;
                }
            }
            _ => {}
        }
    }
}
