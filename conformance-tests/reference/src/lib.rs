#![doc = include_str!("../README.md")]

mod access;
mod answers;
mod around;
mod client;
mod connection;
mod fault;
mod handlers;
mod handshake;
mod hoards;
mod http;
mod inbound;
mod journal;
mod keeping;
mod paths;
mod production;
mod session;
mod slow;
mod topics;

use std::{
    io,
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

use self::{around::Around, hoards::Hoards, journal::Journals, topics::Topics};
pub use self::{
    client::{ClientFault, ReferenceClient},
    fault::Fault,
};
use switchwire_conformance::{Served, Target};

/// The reference server.
#[derive(Debug, Default)]
pub struct Reference {
    fault: Option<Fault>,
}

impl Reference {
    /// A server that does everything right.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A server that does one thing wrong.
    #[must_use]
    pub fn with_fault(fault: Fault) -> Self {
        Self { fault: Some(fault) }
    }
}

impl Target for Reference {
    fn name(&self) -> &'static str {
        "reference"
    }

    fn start(&self) -> io::Result<Served> {
        serve(&Arc::new(World::new(self.fault)), false)
    }

    fn start_with_control(&self) -> io::Result<(Served, Served)> {
        let world = Arc::new(World::new(self.fault));
        Ok((serve(&world, false)?, serve(&world, true)?))
    }
}

fn serve(world: &Arc<World>, is_control: bool) -> io::Result<Served> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let (world, accepting) = (world.clone(), world.clone());
    thread::spawn(move || accept(&listener, &accepting, is_control));
    Ok(Served::new(address, Stop { address, world }))
}

/// What all connections of a server share.
struct World {
    fault: Option<Fault>,
    stopped: AtomicBool,
    /// How many sessions there were: the next one's id.
    sessions: AtomicU64,
    /// The attribute that [`Fault::SharesAttributes`] shares.
    attribute: Mutex<Option<String>>,
    /// Connections whose handler has not read what fits: nothing more is read from them.
    stuck: Mutex<Vec<TcpStream>>,
    journals: Journals,
    around: Around,
    topics: Topics,
    hoards: Hoards,
}

impl World {
    fn new(fault: Option<Fault>) -> Self {
        Self {
            fault,
            stopped: AtomicBool::new(false),
            sessions: AtomicU64::new(0),
            attribute: Mutex::default(),
            stuck: Mutex::default(),
            journals: Journals::default(),
            around: Around::default(),
            topics: Topics::default(),
            hoards: Hoards::default(),
        }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    /// Accepts no more.
    fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    fn keep_stuck(&self, stream: TcpStream) {
        self.stuck
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(stream);
    }
}

fn accept(listener: &TcpListener, world: &Arc<World>, is_control: bool) {
    for stream in listener.incoming() {
        if world.stopped.load(Ordering::Relaxed) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let world = world.clone();
        let one_by_one = world.has(Fault::DiesOfBadEnds);
        let serving = thread::spawn(move || {
            // A connection that breaks is the peer's business; cases see what they need.
            let _ = connection::serve(stream, &world, is_control);
        });
        if one_by_one {
            // So that it is surely dead before the next connection comes.
            let _ = serving.join();
        }
    }
}

struct Stop {
    address: SocketAddr,
    world: Arc<World>,
}

impl Drop for Stop {
    fn drop(&mut self) {
        self.world.stopped.store(true, Ordering::Relaxed);
        // Wakes the accepting thread, which then sees that it is over.
        let _ = TcpStream::connect(self.address);
    }
}
