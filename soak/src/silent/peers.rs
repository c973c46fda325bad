//! Those who fall silent, in a process of their own.

use std::{
    io::{self, BufRead, BufReader, Write},
    process::{Child, Command, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::timeout,
};
use tokio_tungstenite::{accept_async, client_async};

use super::{Silence, network::Network};

/// What they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A member of the room that sends 8 MiB in frames of 8 KiB.
    Room,
    /// Clients that send messages of 1 MiB until they are blocked.
    Echo,
    /// A server.
    Server,
}

/// The process; it is killed when this is dropped.
pub(super) struct Peers<'a> {
    silence: Silence,
    network: Option<&'a Network>,
    child: Option<Child>,
}

/// What the process prints when nothing moves any more, or when it has begun if something else is to end it.
const READY: &str = "ready";

impl<'a> Peers<'a> {
    pub(super) fn new(silence: Silence, network: Option<&'a Network>) -> Self {
        Self {
            silence,
            network,
            child: None,
        }
    }

    /// Starts them; with the address of a server.
    pub(super) async fn start(
        &mut self,
        role: Role,
        address: &str,
        count: usize,
    ) -> io::Result<String> {
        let program = std::env::current_exe()?;
        let mut command = match self.network {
            Some(network) => network.command(&program),
            None => Command::new(&program),
        };
        let host = self.network.map_or("127.0.0.1", Network::far_host);
        let address = match role {
            Role::Server => format!("{host}:0"),
            Role::Room | Role::Echo => address.to_owned(),
        };
        let reads = (self.silence != Silence::ReadsNothing).to_string();
        let mut child = command
            .args(["silent-side", &format!("{role:?}"), &address])
            .args([&count.to_string(), &reads])
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().expect("it is piped");
        self.child = Some(child);
        let first = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            BufReader::new(stdout).read_line(&mut line).map(|_| line)
        });
        let line = timeout(Duration::from_secs(60), first).await??;
        let line = line.map_err(io::Error::other)?;
        let said = line.trim().strip_prefix(READY);
        let said = said.ok_or_else(|| io::Error::other("those who fall silent did not start"))?;
        Ok(said.trim().to_owned())
    }

    /// From now on nothing comes from them, and nothing goes to them.
    pub(super) fn fall_silent(&mut self) -> io::Result<()> {
        let child = self.child.as_ref().expect("they were started");
        match self.silence {
            Silence::ReadsNothing => Ok(()),
            Silence::Stopped => Ok(kill(Pid::from_raw(child.id() as i32), Signal::SIGSTOP)?),
            Silence::HostGone => self.network.expect("there is one").go_down(),
        }
    }
}

impl Drop for Peers<'_> {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The process itself: its role, an address, how many, and whether they read what comes.
pub(super) fn be_silent() -> io::Result<()> {
    crate::process::raise_file_limit()?;
    let arguments: Vec<String> = std::env::args().skip(2).collect();
    let [role, address, count, reads] = &arguments[..] else {
        return Err(io::Error::other("four arguments are needed"));
    };
    let count = count.parse().map_err(io::Error::other)?;
    let reads = reads == "true";
    tokio::runtime::Runtime::new()?.block_on(async {
        match role.as_str() {
            "Room" => send_all(address, "/room", 1, 8 << 10, 1024, reads).await?,
            "Echo" => send_all(address, "/echo", count, 1 << 20, 1_000_000, reads).await?,
            _ => return listen(address, reads).await,
        }
        std::future::pending().await
    })
}

/// Says that it is time to look at the other side.
fn say_ready(address: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{READY} {address}")?;
    stdout.flush()
}

/// So many connections that each send so many messages, or until they are blocked for a second.
async fn send_all(
    address: &str,
    path: &str,
    connections: usize,
    size: usize,
    messages: usize,
    reads: bool,
) -> io::Result<()> {
    let mut senders = JoinSet::new();
    for _ in 0..connections {
        let stream = TcpStream::connect(address).await?;
        let opened = client_async(format!("ws://{address}{path}"), stream).await;
        let stream = opened.map_err(io::Error::other)?.0.into_inner();
        senders.spawn(send(stream, size, messages, reads));
    }
    if reads {
        // They are in full swing.
        tokio::time::sleep(Duration::from_millis(300)).await;
        tokio::spawn(senders.join_all());
    } else {
        // None is closed before all are blocked, and afterwards none at all.
        let blocked = senders.join_all().await;
        Box::leak(Box::new(blocked));
    }
    say_ready("")
}

async fn send(mut stream: TcpStream, size: usize, messages: usize, reads: bool) -> TcpStream {
    let frame = frame(size);
    let (mut read, mut write) = stream.split();
    let sending = async {
        for _ in 0..messages {
            match timeout(Duration::from_secs(1), write.write_all(&frame)).await {
                Ok(Ok(())) => {}
                Err(_) if reads => {} // until something else ends it
                Ok(Err(_)) | Err(_) => break,
            }
        }
    };
    if reads {
        let mut nowhere = tokio::io::sink();
        tokio::select! {
            () = async { sending.await; std::future::pending().await } => {}
            _ = tokio::io::copy(&mut read, &mut nowhere) => {}
        }
    } else {
        sending.await;
    }
    stream
}

/// A binary frame whose masking key is zero.
fn frame(size: usize) -> Vec<u8> {
    let mut frame = vec![0x82, 0x80 | 127];
    frame.extend((size as u64).to_be_bytes());
    frame.extend([0; 4]);
    if size <= 0xffff {
        frame = vec![0x82, 0x80 | 126];
        frame.extend((size as u16).to_be_bytes());
        frame.extend([0; 4]);
    }
    frame.resize(frame.len() + size, 0);
    frame
}

/// A server that accepts everybody.
async fn listen(address: &str, reads: bool) -> io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    say_ready(&listener.local_addr()?.to_string())?;
    let mut sockets = Vec::new();
    loop {
        let (stream, _) = listener.accept().await?;
        let opened = accept_async(stream).await;
        let mut stream = opened.map_err(io::Error::other)?.into_inner();
        if reads {
            tokio::spawn(async move {
                let mut buffer = vec![0; 64 << 10];
                while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
            });
        } else {
            sockets.push(stream);
        }
    }
}
