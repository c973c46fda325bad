//! Two members of a room who talk.

use std::{io, time::Duration};

use futures_util::{SinkExt, StreamExt};
use tokio::{
    net::TcpStream,
    sync::watch,
    task::JoinSet,
    time::{Instant, interval},
};
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};

/// They say something so often.
const EACH: Duration = Duration::from_millis(100);

pub(super) struct Talk {
    members: JoinSet<io::Result<Duration>>,
    over: watch::Sender<bool>,
}

impl Talk {
    pub(super) fn start(address: &str) -> Self {
        let over = watch::Sender::new(false);
        let mut members = JoinSet::new();
        for (own, other) in [("a", "b"), ("b", "a")] {
            members.spawn(talk(address.to_owned(), own, other, over.subscribe()));
        }
        Self { members, over }
    }

    /// The longest time in which one did not hear the other.
    pub(super) async fn end(mut self) -> io::Result<Duration> {
        let _ = self.over.send(true);
        let mut longest = Duration::ZERO;
        while let Some(heard) = self.members.join_next().await {
            longest = longest.max(heard.map_err(io::Error::other)??);
        }
        Ok(longest)
    }
}

async fn talk(
    address: String,
    own: &'static str,
    other: &'static str,
    mut over: watch::Receiver<bool>,
) -> io::Result<Duration> {
    let (mut says, mut hears) = open(&address, "/room").await?.split();
    let mut clock = interval(EACH);
    let (mut last, mut longest) = (Instant::now(), Duration::ZERO);
    let speak = async {
        loop {
            clock.tick().await;
            says.send(Message::text(own)).await?;
        }
    };
    let hear = async {
        while let Some(message) = hears.next().await {
            match message? {
                Message::Text(text) if text == other => {
                    longest = longest.max(last.elapsed());
                    last = Instant::now();
                }
                _ => {}
            }
        }
        Ok::<_, tokio_tungstenite::tungstenite::Error>(())
    };
    // A session that ends is one that hears nothing any more.
    let ended: Result<(), tokio_tungstenite::tungstenite::Error> = tokio::select! {
        ended = speak => ended,
        ended = hear => ended,
        _ = over.wait_for(|over| *over) => Ok(()),
    };
    if let Err(error) = ended {
        eprintln!("one who talks: {error}");
    }
    let _ = over.wait_for(|over| *over).await;
    Ok(longest.max(last.elapsed()))
}

async fn open(address: &str, path: &str) -> io::Result<WebSocketStream<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    let opened = client_async(format!("ws://{address}{path}"), stream).await;
    Ok(opened.map_err(io::Error::other)?.0)
}

/// What a server needs when it is first used, it needs now.
pub(super) async fn warm_up(address: &str) -> io::Result<()> {
    for path in ["/echo", "/room"] {
        let mut socket = open(address, path).await?;
        for _ in 0..4 {
            let message = Message::binary(vec![0; 1 << 20]);
            socket.send(message).await.map_err(io::Error::other)?;
            let _ = socket.next().await;
        }
        let _ = socket.close(None).await;
        while socket.next().await.is_some_and(|it| it.is_ok()) {}
    }
    Ok(())
}
