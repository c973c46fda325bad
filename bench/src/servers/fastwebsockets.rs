//! fastwebsockets on a plain tokio socket.

use std::io;

use fastwebsockets::{FragmentCollector, OpCode, Role, WebSocket, WebSocketError};
use tokio::net::TcpStream;

use super::{Listen, handshake, runtime};

pub(super) fn serve(listen: &Listen) -> io::Result<()> {
    runtime::accept_each(listen, |mut stream| async move {
        if handshake::accept(&mut stream).await.is_ok() {
            // A connection that fails is the client's to notice.
            let _ = echo(stream).await;
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
