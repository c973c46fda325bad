//! A raw TCP echo: what the sockets and the runtime cost with no WebSocket at all. The ceiling of the others.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Poll, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::broadcast::{self, Sender};

use super::{App, FANOUT_CAPACITY, GREETING, Listen, flood::Worker, runtime};

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
                App::Flood => flood(stream).await,
            };
        }
    })
}

/// Reads into a buffer all connections share and keeps only what the socket did not take.
async fn echo(mut stream: TcpStream) -> io::Result<()> {
    let mut unsent = Vec::new();
    poll_fn(|cx| {
        SHARED.with_borrow_mut(|buffer| {
            loop {
                while !unsent.is_empty() {
                    let written = ready!(Pin::new(&mut stream).poll_write(cx, &unsent))?;
                    unsent.drain(..written);
                }
                let mut read = ReadBuf::new(buffer);
                ready!(Pin::new(&mut stream).poll_read(cx, &mut read))?;
                let read = read.filled();
                if read.is_empty() {
                    return Poll::Ready(Ok(()));
                }
                let written = match Pin::new(&mut stream).poll_write(cx, read) {
                    Poll::Ready(written) => written?,
                    Poll::Pending => 0,
                };
                unsent.extend_from_slice(&read[written..]);
            }
        })
    })
    .await
}

async fn fanout(mut stream: TcpStream, everyone: Sender<Bytes>) -> io::Result<()> {
    let mut messages = everyone.subscribe();
    // The generator expects the greeting of a WebSocket server: an unmasked text frame.
    stream.write_all(&[0x81, GREETING.len() as u8]).await?;
    stream.write_all(GREETING.as_bytes()).await?;
    let mut buffer = vec![0; FANOUT_BUFFER];
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

/// Counts bytes where the others count messages.
async fn flood(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    let (mut worker, mut read) = (Worker::default(), 0);
    loop {
        read += match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            read => read,
        };
        while read >= FLOOD_FRAME {
            read -= FLOOD_FRAME;
            if let Some(acknowledgement) = worker.take() {
                // The generator expects an unmasked binary frame.
                let frame = [&[0x82, 8], &acknowledgement[..]].concat();
                stream.write_all(&frame).await?;
            }
        }
    }
}

thread_local! {
    static SHARED: RefCell<Vec<u8>> = RefCell::new(vec![0; BUFFER]);
}

/// A 64 KiB message with its header fits into it.
const BUFFER: usize = 128 * 1024;

/// A message of a flood: 256 KiB and a masked header.
const FLOOD_FRAME: usize = 256 * 1024 + 14;

const FANOUT_BUFFER: usize = 4 * 1024;
