//! A raw TCP echo: what the sockets and the runtime cost with no WebSocket at all. The ceiling of the others.

use std::io;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::broadcast::{self, Sender};

use super::{App, FANOUT_CAPACITY, GREETING, Listen, runtime};

pub(super) fn serve(listen: &Listen) -> io::Result<()> {
    let app = listen.app;
    let (everyone, _) = broadcast::channel(FANOUT_CAPACITY);
    runtime::accept_each(listen, move |stream| {
        let everyone = everyone.clone();
        async move {
            // A connection that fails is the client's to notice.
            let _ = match app {
                App::Echo => echo(stream).await,
                App::Fanout => fanout(stream, everyone).await,
            };
        }
    })
}

async fn echo(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..read]).await?;
    }
}

async fn fanout(mut stream: TcpStream, everyone: Sender<Bytes>) -> io::Result<()> {
    let mut messages = everyone.subscribe();
    // The generator expects the greeting of a WebSocket server: an unmasked text frame.
    stream.write_all(&[0x81, GREETING.len() as u8]).await?;
    stream.write_all(GREETING.as_bytes()).await?;
    let mut buffer = vec![0; BUFFER];
    loop {
        tokio::select! {
            read = stream.read(&mut buffer) => match read? {
                0 => return Ok(()),
                read => drop(everyone.send(Bytes::copy_from_slice(&buffer[..read]))),
            },
            message = messages.recv() => stream.write_all(&message.map_err(io::Error::other)?).await?,
        }
    }
}

const BUFFER: usize = 64 * 1024;
