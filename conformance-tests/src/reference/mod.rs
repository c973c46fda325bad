//! A server and a client on plain `std` TCP, in threads, that do what the cases ask, and can be wrong on purpose.
//!
//! They prove the cases: each is green here, and red under at least one [`Fault`] or [`ClientFault`]. They share no code
//! with `switchwire-service` and `switchwire-client`, and are no example of how to write a server or a client.

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
mod production;
mod session;
mod slow;
mod topics;

use std::{
    io,
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

use self::{around::Around, hoards::Hoards, journal::Journals, topics::Topics};
pub use self::{
    client::{ClientFault, ReferenceClient},
    fault::Fault,
};
use crate::{Backend, Served, TestApp};

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

impl Backend for Reference {
    fn name(&self) -> &'static str {
        "reference"
    }

    /// Serves its own handlers on the paths of the app, which it does not need.
    fn serve(&self, app: TestApp) -> io::Result<Served> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let (worlds, is_control) = app.worlds();
        let world = worlds.0.get_or_init(|| Arc::new(World::new(self.fault)));
        let world = world.clone();
        let accepting = world.clone();
        thread::spawn(move || accept(&listener, &accepting, is_control));
        Ok(Served::new(address, Stop { address, world }))
    }
}

/// The world of an app that reference servers serve, which its control shares.
#[derive(Default)]
pub(crate) struct Worlds(OnceLock<Arc<World>>);

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
