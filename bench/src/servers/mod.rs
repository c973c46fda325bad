//! The servers that are compared, each run as its own process by `serve PEER`.
//!
//! Each is written the way its own documentation shows it, with one worker and on one thread. Two things are the same
//! for all: the listening socket (see [`Listen::bind`]) and what the endpoint does (see [`App`]).

#[cfg(feature = "peers")]
mod actix;
#[cfg(feature = "peers")]
mod axum;
#[cfg(feature = "peers")]
mod fastwebsockets;
pub(crate) mod flood;
#[cfg(feature = "peers")]
mod handshake;
#[cfg(feature = "peers")]
mod hyper;
mod node;
#[cfg(feature = "peers")]
mod poem;
mod raw;
#[cfg(feature = "peers")]
mod rocket;
mod runtime;
#[cfg(feature = "peers")]
mod salvo;
#[cfg(feature = "peers")]
mod sockudo;
mod switchwire;
#[cfg(feature = "peers")]
mod tokio_websockets;
#[cfg(feature = "peers")]
mod warp;
#[cfg(feature = "peers")]
mod yawc;

use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};

use clap::ValueEnum;
use socket2::{Domain, Protocol, Socket, Type};

/// One server of the comparison.
#[derive(Debug)]
pub(crate) struct Peer {
    /// The name on the command line and in tables.
    pub(crate) name: &'static str,
    /// The packages of `Cargo.lock` whose versions matter.
    pub(crate) packages: &'static [&'static str],
    /// The server written by hand that this one has to beat.
    pub(crate) by_hand: Option<&'static str>,
    /// Scenarios it cannot do, and why.
    pub(crate) cannot: &'static [(&'static str, &'static str)],
    /// Why it cannot be run here, if so.
    pub(crate) missing: fn() -> Option<String>,
    /// Serves until the process ends.
    pub(crate) serve: fn(&Listen) -> io::Result<()>,
}

/// What the endpoint does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum App {
    /// Every message goes back to who sent it.
    Echo,
    /// Every message goes to every connection: by hand over a `tokio::sync::broadcast` channel. Each connection is greeted with
    /// [`GREETING`] once it has subscribed.
    Fanout,
    /// The handler works on every message and acknowledges some (see [`flood`]).
    Flood,
}

/// Where and what to serve.
#[derive(Debug)]
pub(crate) struct Listen {
    pub(crate) addr: SocketAddr,
    pub(crate) app: App,
}

/// The text a fan-out server sends to a connection that will from then on get every message.
pub(crate) const GREETING: &str = "ready";

/// Capacity of the broadcast channel; far more than the generator ever has in flight.
const FANOUT_CAPACITY: usize = 1024;

/// The peer that is the ceiling of the others.
pub(crate) const CEILING: &str = "raw-tcp";

/// Every server, in the order of the tables.
pub(crate) const PEERS: &[Peer] = &[
    Peer {
        name: CEILING,
        packages: &["tokio"],
        by_hand: None,
        cannot: &[],
        missing: never,
        serve: raw::serve,
    },
    #[cfg(feature = "peers")]
    Peer {
        name: "hyper-tungstenite",
        packages: &["hyper", "hyper-tungstenite", "tokio-tungstenite"],
        by_hand: None,
        cannot: &[],
        missing: never,
        serve: hyper::serve,
    },
    #[cfg(feature = "peers")]
    Peer {
        name: "warp-ws",
        packages: &["warp"],
        by_hand: None,
        cannot: &[],
        missing: never,
        serve: warp::serve_loop,
    },
    #[cfg(feature = "peers")]
    Peer {
        name: "warp-ws-forward",
        packages: &["warp"],
        by_hand: None,
        cannot: &[
            ("fanout", "it forwards a connection to itself"),
            ("fanout-10k", "it forwards a connection to itself"),
            ("flood", "it forwards a connection to itself"),
            (
                "handshakes",
                "what it has not flushed when a Close frame comes is lost",
            ),
        ],
        missing: never,
        serve: warp::serve_forward,
    },
    #[cfg(feature = "peers")]
    Peer {
        name: "actix-ws",
        packages: &["actix-web", "actix-ws"],
        by_hand: None,
        cannot: &[],
        missing: never,
        serve: actix::serve,
    },
    #[cfg(feature = "peers")]
    Peer {
        name: "axum-ws",
        packages: &["axum"],
        by_hand: None,
        cannot: &[],
        missing: never,
        serve: axum::serve,
    },
    #[cfg(feature = "peers")]
    Peer {
        name: "poem-ws",
        packages: &["poem"],
        by_hand: None,
        cannot: &[],
        missing: never,
        serve: poem::serve,
    },
    #[cfg(feature = "peers")]
    Peer {
        name: "salvo-ws",
        packages: &["salvo"],
        by_hand: None,
        cannot: &[],
        missing: never,
        serve: salvo::serve,
    },
    #[cfg(feature = "peers")]
    Peer {
        name: "rocket-ws",
        packages: &["rocket", "rocket_ws"],
        by_hand: None,
        cannot: &[("idle", "Rocket shares no port between processes")],
        missing: never,
        serve: rocket::serve,
    },
    #[cfg(feature = "peers")]
    Peer {
        name: "fastwebsockets",
        packages: &["fastwebsockets"],
        by_hand: None,
        cannot: &[
            ("fanout", "it has no cancel safe receive"),
            ("fanout-10k", "it has no cancel safe receive"),
        ],
        missing: never,
        serve: fastwebsockets::serve,
    },
    #[cfg(feature = "peers")]
    Peer {
        name: "tokio-websockets",
        packages: &["tokio-websockets"],
        by_hand: None,
        cannot: &[],
        missing: never,
        serve: tokio_websockets::serve,
    },
    #[cfg(feature = "peers")]
    Peer {
        name: "sockudo-ws",
        packages: &["sockudo-ws"],
        by_hand: None,
        cannot: &[],
        missing: never,
        serve: sockudo::serve,
    },
    #[cfg(feature = "peers")]
    Peer {
        name: "yawc",
        packages: &["yawc"],
        by_hand: None,
        cannot: &[],
        missing: never,
        serve: yawc::serve,
    },
    Peer {
        name: "switchwire-hyper",
        packages: &[],
        by_hand: Some("hyper-tungstenite"),
        cannot: &[],
        missing: never,
        serve: switchwire::serve_hyper,
    },
    Peer {
        name: "switchwire-axum",
        packages: &[],
        by_hand: Some("axum-ws"),
        cannot: &[],
        missing: never,
        serve: switchwire::serve_axum,
    },
    Peer {
        name: "switchwire-warp",
        packages: &[],
        by_hand: Some("warp-ws"),
        cannot: &[],
        missing: never,
        serve: switchwire::serve_warp,
    },
    Peer {
        name: "switchwire-actix",
        packages: &[],
        by_hand: Some("actix-ws"),
        cannot: &[],
        missing: never,
        serve: switchwire::serve_actix,
    },
    #[cfg(feature = "peers")]
    Peer {
        name: "switchwire-poem",
        packages: &[],
        by_hand: Some("poem-ws"),
        cannot: &[],
        missing: never,
        serve: switchwire::serve_poem,
    },
    #[cfg(feature = "peers")]
    Peer {
        name: "switchwire-salvo",
        packages: &[],
        by_hand: Some("salvo-ws"),
        cannot: &[],
        missing: never,
        serve: switchwire::serve_salvo,
    },
    #[cfg(feature = "peers")]
    Peer {
        name: "switchwire-rocket",
        packages: &[],
        by_hand: Some("rocket-ws"),
        cannot: &[("idle", "Rocket shares no port between processes")],
        missing: never,
        serve: switchwire::serve_rocket,
    },
    Peer {
        name: "node-ws",
        packages: &[],
        by_hand: None,
        cannot: &[("idle", "this node shares no port between processes")],
        missing: node::missing,
        serve: node::serve,
    },
];

impl Peer {
    pub(crate) fn find(name: &str) -> Option<&'static Self> {
        PEERS.iter().find(|peer| peer.name == name)
    }

    /// Why it cannot do a scenario, if so.
    pub(crate) fn cannot(&self, scenario: &str) -> Option<&'static str> {
        let (_, reason) = self.cannot.iter().find(|(name, _)| *name == scenario)?;
        Some(reason)
    }

    pub(crate) fn is_ours(&self) -> bool {
        self.name.starts_with("switchwire")
    }
}

impl Listen {
    /// Binds the socket all servers use, and tells the parent process where it is.
    ///
    /// `TCP_NODELAY` is set on the listening socket and inherited by every accepted one, so that servers that do not set
    /// it themselves are not measured with Nagle's algorithm.
    pub(crate) fn bind(&self) -> io::Result<TcpListener> {
        let socket = Socket::new(
            Domain::for_address(self.addr),
            Type::STREAM,
            Some(Protocol::TCP),
        )?;
        socket.set_reuse_address(true)?;
        socket.set_reuse_port(true)?;
        socket.set_tcp_nodelay(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&self.addr.into())?;
        socket.listen(BACKLOG)?;
        let listener = TcpListener::from(socket);
        announce(listener.local_addr()?)?;
        Ok(listener)
    }
}

/// Tells the parent process that the server can be connected to.
fn announce(address: SocketAddr) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{LISTENING}{address}")?;
    stdout.flush()
}

fn never() -> Option<String> {
    None
}

/// What a server prints once it can be connected to, followed by its address.
pub(crate) const LISTENING: &str = "listening on ";

const BACKLOG: i32 = 4096;
