//! What clients do, right and wrong. Each goes on until it is told to stop, and comes back when the server ends it.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use futures_util::{SinkExt, StreamExt};
use socket2::SockRef;
use tokio::{
    net::{TcpSocket, TcpStream},
    time::{Instant, sleep, timeout},
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, Message, protocol::frame::coding::CloseCode},
};

use crate::tally::{Tally, count};

type Socket = WebSocketStream<TcpStream>;

/// What all clients know.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) address: SocketAddr,
    pub(crate) tally: Arc<Tally>,
    /// Set when all is to end.
    pub(crate) ending: AtomicBool,
    /// Counted up when all are to break off at once and come back.
    pub(crate) storms: tokio::sync::watch::Sender<u32>,
}

/// Nothing that is meant to happen takes longer.
const SOON: Duration = Duration::from_secs(20);

/// How a visit ended.
enum End {
    /// The client closed, or broke off on purpose.
    Wanted,
    /// The server closed with this code.
    Closed(CloseCode),
    /// The connection broke.
    Broken,
}

impl World {
    fn is_ending(&self) -> bool {
        self.ending.load(Relaxed)
    }

    /// A session, as soon as the server accepts one.
    async fn open(&self, path: &str, receive_buffer: Option<u32>) -> io::Result<Socket> {
        let until = Instant::now() + SOON;
        loop {
            match self.try_open(path, receive_buffer).await {
                Ok(socket) => {
                    count(&self.tally.sessions);
                    return Ok(socket);
                }
                // While the server restarts, it refuses or is not there.
                Err(_) if Instant::now() < until => sleep(Duration::from_millis(20)).await,
                Err(error) => return Err(error),
            }
        }
    }

    async fn try_open(&self, path: &str, receive_buffer: Option<u32>) -> io::Result<Socket> {
        let socket = TcpSocket::new_v4()?;
        if let Some(size) = receive_buffer {
            socket.set_recv_buffer_size(size)?;
        }
        let stream = socket.connect(self.address).await?;
        stream.set_nodelay(true)?;
        let url = format!("ws://{}{path}", self.address);
        let opened = timeout(SOON, client_async(url, stream)).await?;
        Ok(opened.map_err(io::Error::other)?.0)
    }

    fn judge(&self, end: &End) {
        match end {
            End::Wanted => {}
            End::Closed(CloseCode::Away) => count(&self.tally.going_away),
            End::Closed(_) | End::Broken => count(&self.tally.broken),
        }
    }
}

/// Sends numbered messages of all sizes, and wants each back in order. Now and then it breaks off in the middle.
pub(crate) async fn echo(world: Arc<World>, number: u32) -> io::Result<()> {
    let mut storms = world.storms.subscribe();
    while !world.is_ending() {
        storms.mark_unchanged();
        let mut socket = world.open("/echo", None).await?;
        let resets = number.is_multiple_of(7);
        let mut sent = 0_u64;
        let end = loop {
            if world.is_ending() {
                break leave(socket).await;
            }
            if storms.has_changed().unwrap_or(true) || (resets && sent == 50) {
                count(&world.tally.resets);
                let _ = SockRef::from(socket.get_ref()).set_linger(Some(Duration::ZERO));
                break End::Wanted;
            }
            let mut text = format!("{sent} ");
            text.push_str(&"x".repeat([0, 10, 300, 5_000, 70_000][(sent % 5) as usize]));
            let sending = socket.send(Message::text(text.clone()));
            if timeout(SOON, sending).await?.is_err() {
                break end_of(&mut socket).await;
            }
            match next(&mut socket).await {
                Ok(back) if back == text => count(&world.tally.echoed),
                Ok(_) => count(&world.tally.wrong),
                Err(end) => break end,
            }
            sent += 1;
            sleep(Duration::from_millis(50)).await;
        };
        world.judge(&end);
    }
    Ok(())
}

/// Hears the topic: each number follows the one before.
pub(crate) async fn member(world: Arc<World>, is_late: bool) -> io::Result<()> {
    let path = if is_late { "/late" } else { "/member" };
    let buffer = is_late.then_some(4 << 10);
    while !world.is_ending() {
        let mut socket = world.open(path, buffer).await?;
        let mut last: Option<u64> = None;
        let end = loop {
            let heard = tokio::select! {
                heard = next(&mut socket) => heard,
                () = until_ending(&world) => break leave(socket).await,
            };
            let text = match heard {
                Ok(text) => text,
                Err(end) => break end,
            };
            let number = text
                .split(' ')
                .next()
                .and_then(|number| number.parse().ok());
            match (last, number) {
                (_, None) => count(&world.tally.wrong),
                // What lies between was dropped by the policy.
                (Some(last), Some(number)) if is_late && number > last => {
                    count(&world.tally.heard);
                }
                // A publisher that comes back begins anew.
                (Some(last), Some(number)) if number != last + 1 && number != 0 => {
                    count(&world.tally.wrong);
                }
                _ => count(&world.tally.heard),
            }
            last = number;
            if is_late {
                sleep(Duration::from_secs(1)).await;
            }
        };
        match end {
            // It had not read as far as the Close when the closing deadline passed.
            End::Broken if is_late => count(&world.tally.cut),
            end => world.judge(&end),
        }
    }
    Ok(())
}

/// Publishes numbered messages, one after another.
pub(crate) async fn publish(world: Arc<World>) -> io::Result<()> {
    while !world.is_ending() {
        let mut socket = world.open("/publish", None).await?;
        let mut number = 0_u64;
        let end = loop {
            if world.is_ending() {
                break leave(socket).await;
            }
            let text = format!("{number} {}", "y".repeat(16_000));
            if socket.send(Message::text(text)).await.is_err() {
                break end_of(&mut socket).await;
            }
            if let Err(end) = next(&mut socket).await {
                break end;
            }
            number += 1;
            sleep(Duration::from_millis(40)).await;
        };
        world.judge(&end);
    }
    Ok(())
}

/// Stops without a word, as a process does that is stopped or a machine that loses its network: TCP stays.
pub(crate) async fn vanish(world: Arc<World>) -> io::Result<()> {
    while !world.is_ending() {
        let socket = world.open("/echo", None).await?;
        count(&world.tally.vanished);
        let wait = sleep(Duration::from_secs(10));
        tokio::select! {
            () = wait => {}
            () = until_ending(&world) => return Ok(()),
        }
        // By now the server has given up, whether or not what it said of that is still there.
        let mut stream = socket.into_inner();
        let mut nowhere = tokio::io::sink();
        let rest = tokio::io::copy(&mut stream, &mut nowhere);
        if timeout(Duration::from_secs(2), rest).await.is_err() {
            count(&world.tally.wrong);
        }
    }
    Ok(())
}

async fn until_ending(world: &World) {
    while !world.is_ending() {
        sleep(Duration::from_millis(50)).await;
    }
}

/// The next text, or how it ended.
async fn next(socket: &mut Socket) -> Result<String, End> {
    loop {
        match timeout(SOON, socket.next()).await {
            Ok(Some(Ok(Message::Text(text)))) => return Ok(text.to_string()),
            Ok(Some(Ok(Message::Close(frame)))) => {
                let code = frame.map_or(CloseCode::Status, |frame| frame.code);
                while let Some(Ok(_)) = socket.next().await {} // answers, and waits for the end of TCP
                return Err(End::Closed(code));
            }
            Ok(Some(Ok(_))) => {}
            Ok(Some(Err(_)) | None) | Err(_) => return Err(End::Broken),
        }
    }
}

/// How it ended, when sending shows that it did: the server's Close may be there to be read.
async fn end_of(socket: &mut Socket) -> End {
    loop {
        match next(socket).await {
            Ok(_) => {}
            Err(end) => return end,
        }
    }
}

async fn leave(mut socket: Socket) -> End {
    let closing = async {
        socket.close(None).await?;
        while socket.next().await.is_some() {}
        Ok::<_, Error>(())
    };
    match timeout(SOON, closing).await {
        Ok(Ok(()) | Err(Error::ConnectionClosed | Error::AlreadyClosed)) => End::Wanted,
        Ok(Err(_)) | Err(_) => End::Broken,
    }
}

/// What a server says of itself.
#[derive(Debug)]
pub(crate) struct Counts {
    /// Sessions, besides the one that asks.
    pub(crate) sessions: u64,
    pub(crate) tasks: u64,
    /// Messages that its policy dropped.
    pub(crate) dropped: u64,
}

pub(crate) async fn counts(address: SocketAddr) -> io::Result<Counts> {
    let stream = TcpStream::connect(address).await?;
    let opened = client_async(format!("ws://{address}/count"), stream).await;
    let mut socket = opened.map_err(io::Error::other)?.0;
    let text = next(&mut socket).await;
    leave(socket).await;
    let counts = text.ok().and_then(|text| {
        let mut numbers = text.split(' ').map(|number| number.parse::<u64>().ok());
        Some(Counts {
            sessions: numbers.next()?? - 1,
            tasks: numbers.next()??,
            dropped: numbers.next()??,
        })
    });
    counts.ok_or_else(|| io::Error::other("no counts"))
}
