//! A peer on a raw socket, which can be as right and as wrong as a test wants.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::{collections::HashMap, net::SocketAddr, time::Duration};

use switchwire_core::{HandlerResult, WebSocketSession};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// Nothing that is meant to happen takes longer.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// What is not meant to happen would have by then.
pub(crate) const SILENCE: Duration = Duration::from_millis(300);

/// Waits for what is meant to happen.
pub(crate) async fn soon<F: Future>(event: F) -> F::Output {
    timeout(SOON, event).await.expect("it happens in time")
}

/// One connection, byte by byte.
pub(crate) struct Peer<IO = TcpStream> {
    pub(crate) io: IO,
    received: Vec<u8>,
}

/// The answer to a request.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: String,
}

/// A frame of the server.
#[derive(Debug, PartialEq)]
pub(crate) struct Frame {
    pub(crate) opcode: u8,
    pub(crate) payload: Vec<u8>,
}

impl Peer {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let socket = soon(TcpStream::connect(address)).await.unwrap();
        socket.set_nodelay(true).unwrap();
        Self::new(socket)
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Peer<IO> {
    pub(crate) fn new(io: IO) -> Self {
        let received = Vec::new();
        Self { io, received }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        soon(self.io.write_all(bytes.as_ref())).await.unwrap();
        soon(self.io.flush()).await.unwrap();
    }

    /// Sends a request, and returns its answer.
    pub(crate) async fn ask(&mut self, request: impl AsRef<[u8]>) -> Answer {
        self.send(request).await;
        self.answer().await
    }

    pub(crate) async fn answer(&mut self) -> Answer {
        let end = loop {
            match self.received.windows(4).position(|end| end == b"\r\n\r\n") {
                Some(end) => break end,
                None => assert!(self.read().await, "the connection ended in a head"),
            }
        };
        let head = String::from_utf8(self.take(end + 4)).unwrap();
        let (status_line, fields) = head.split_once("\r\n").unwrap();
        let fields = fields.lines().filter_map(|line| line.split_once(": "));
        let headers: HashMap<_, _> = fields
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let length = headers
            .get("content-length")
            .map_or(0, |length| length.parse().unwrap());
        while self.received.len() < length {
            assert!(self.read().await, "the connection ended in a body");
        }
        Answer {
            status: status_line.split(' ').nth(1).unwrap().parse().unwrap(),
            headers,
            body: String::from_utf8(self.take(length)).unwrap(),
        }
    }

    /// The next frame of the server, which is not masked.
    pub(crate) async fn frame(&mut self) -> Frame {
        loop {
            if let Some((opcode, header, length)) = parse(&self.received)
                && self.received.len() >= header + length
            {
                let payload = self.take(header + length).split_off(header);
                return Frame { opcode, payload };
            }
            assert!(self.read().await, "the connection ended before a frame");
        }
    }

    /// Sends something, and returns everything until the server closes the connection, which it may have done already.
    pub(crate) async fn tell(&mut self, bytes: impl AsRef<[u8]>) -> Vec<u8> {
        let _ = self.io.write_all(bytes.as_ref()).await;
        self.end().await
    }

    /// Waits until the server closes the connection; everything that came before that.
    pub(crate) async fn end(&mut self) -> Vec<u8> {
        while self.read().await {}
        std::mem::take(&mut self.received)
    }

    async fn read(&mut self) -> bool {
        soon(self.io.read_buf(&mut self.received))
            .await
            .is_ok_and(|read| read > 0)
    }

    fn take(&mut self, length: usize) -> Vec<u8> {
        let rest = self.received.split_off(length);
        std::mem::replace(&mut self.received, rest)
    }
}

/// Opcode, length of the header, and length of the payload.
fn parse(bytes: &[u8]) -> Option<(u8, usize, usize)> {
    let opcode = *bytes.first()? & 0x0f;
    Some(match bytes.get(1)? {
        126 => {
            let length = bytes.get(2..4)?.try_into().unwrap();
            (opcode, 4, u16::from_be_bytes(length).into())
        }
        127 => {
            let length = bytes.get(2..10)?.try_into().unwrap();
            (opcode, 10, u64::from_be_bytes(length) as usize)
        }
        length => (opcode, 2, usize::from(*length)),
    })
}

pub(crate) async fn echo(mut session: WebSocketSession) -> HandlerResult {
    while let Some(message) = session.receive().await? {
        session.send(message).await?;
    }
    Ok(())
}

pub(crate) fn text(payload: &str) -> Frame {
    Frame {
        opcode: 0x1,
        payload: payload.into(),
    }
}

/// A handshake that is right.
pub(crate) fn handshake(path: &str) -> String {
    handshake_with(path, "Sec-WebSocket-Version: 13\r\n")
}

/// A handshake with these lines instead of the version.
pub(crate) fn handshake_with(path: &str, lines: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{lines}\r\n"
    )
}

/// A request for a page.
pub(crate) fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

/// A final frame of a client, masked.
pub(crate) fn masked(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = header(opcode, payload.len() as u64);
    frame.extend(
        payload
            .iter()
            .zip(MASK.iter().cycle())
            .map(|(byte, key)| byte ^ key),
    );
    frame
}

/// The header of a final frame of a client that announces any length.
pub(crate) fn header(opcode: u8, length: u64) -> Vec<u8> {
    let mut header = vec![0x80 | opcode];
    match length {
        0..126 => header.push(0x80 | length as u8),
        126..0x1_0000 => {
            header.push(0x80 | 126);
            header.extend((length as u16).to_be_bytes());
        }
        _ => {
            header.push(0x80 | 127);
            header.extend(length.to_be_bytes());
        }
    }
    header.extend(MASK);
    header
}

const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
