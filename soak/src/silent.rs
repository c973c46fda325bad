//! Peers from which nothing comes and to which nothing goes: by when they are gone, what they hold until then, and that
//! nobody else waits for them.

mod measured;
mod memory;
mod network;
mod peers;
mod served;
mod talk;

use std::{fmt, io, process::ExitCode, time::Duration};

use clap::{Parser, ValueEnum};
use tokio::time::{Instant, sleep, sleep_until};

use self::{
    measured::Measured,
    memory::Memory,
    network::Network,
    peers::{Peers, Role},
    talk::Talk,
};

/// Peers that fall silent, with default settings: in a chat room, where one sends 8 MiB and reads nothing while two others
/// talk, and 150 that send 1 MiB messages to an echo until they are blocked.
#[derive(Debug, Parser)]
struct Options {
    /// A server to run it on; may be repeated. Default: all.
    #[arg(long, value_name = "NAME")]
    server: Vec<String>,
    /// How the peers fall silent.
    #[arg(long, value_enum, default_value_t = Silence::ReadsNothing)]
    peer: Silence,
    /// Which side of ours is held up: `client` has 150 sessions of our client with a server that reads nothing.
    #[arg(long, value_enum, default_value_t = Ours::Server)]
    ours: Ours,
    /// With this idle timeout besides, in seconds.
    #[arg(long, value_name = "SECONDS")]
    idle_timeout: Option<u64>,
    /// Times of a second instead of the defaults, and 30 peers: some ten seconds for each run.
    #[arg(long)]
    quick: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Silence {
    /// The program reads nothing.
    ReadsNothing,
    /// The process is stopped (SIGSTOP).
    Stopped,
    /// The host is gone: a network namespace, whose link goes down. Needs root and iproute2.
    HostGone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Ours {
    Server,
    Client,
}

/// How long things may take, and how many peers there are.
#[derive(Debug, Clone, Copy)]
struct Limits {
    gone: Duration,
    /// When all that was held must have been given back.
    over: Duration,
    peers: usize,
}

/// What may be left of what was allocated, and of resident memory.
const LEFT: u64 = 10 << 20;

/// Does what the command line says, as one of the processes that take part.
pub(crate) fn run(role: &str) -> Option<io::Result<ExitCode>> {
    Some(match role {
        "silent-peers" => compare(),
        "silent-serve" => served::serve().map(|()| ExitCode::SUCCESS),
        "silent-clients" => served::connect().map(|()| ExitCode::SUCCESS),
        "silent-side" => peers::be_silent().map(|()| ExitCode::SUCCESS),
        _ => return None,
    })
}

fn compare() -> io::Result<ExitCode> {
    let options = Options::parse_from(std::env::args().skip(1));
    crate::process::raise_file_limit()?;
    let runtime = tokio::runtime::Runtime::new()?;
    let mut servers = options.server.clone();
    if options.ours == Ours::Client {
        servers = vec!["client".to_owned()];
    } else if servers.is_empty() {
        servers = ["hyper", "actix", "warp"].map(str::to_owned).into();
    }
    let mut is_well = true;
    for server in servers {
        let runs: &[Role] = match options.ours {
            Ours::Server => &[Role::Room, Role::Echo],
            Ours::Client => &[Role::Server],
        };
        for role in runs {
            let found = runtime.block_on(measure(&options, &server, *role))?;
            println!("{found}");
            is_well &= found.is_well();
        }
    }
    Ok(ExitCode::from(u8::from(!is_well)))
}

/// One run: peers fall silent, and what is ours is watched.
async fn measure(options: &Options, server: &str, role: Role) -> io::Result<Found> {
    let limits = options.limits();
    let network = match options.peer {
        Silence::HostGone => Some(Network::new()?),
        Silence::ReadsNothing | Silence::Stopped => None,
    };
    let host = network.as_ref().map_or("127.0.0.1", |it| it.host());
    let settings = options.settings();
    let mut peers = Peers::new(options.peer, network.as_ref());
    let (ours, before) = if role == Role::Server {
        let address = peers.start(role, "", limits.peers).await?;
        let ours = Measured::clients(&address, limits.peers, &settings)?;
        (ours, Memory::default())
    } else {
        let ours = Measured::server(server, host, &settings).await?;
        talk::warm_up(&ours.address).await?;
        let before = ours.settled().await?;
        peers.start(role, &ours.address, limits.peers).await?;
        (ours, before)
    };
    let talk = (role == Role::Room).then(|| Talk::start(&ours.address));
    let others = if role == Role::Room { 2 } else { 0 };
    let silent = if role == Role::Room {
        1
    } else {
        limits.peers as u64
    };
    // All are there.
    ours.until(|memory| memory.sessions == silent + others, limits.gone)
        .await?;
    peers.fall_silent()?;
    let began = Instant::now();
    let gone = ours
        .until(|memory| memory.sessions <= others, limits.over)
        .await?
        .then(|| began.elapsed());
    sleep_until(began + limits.over).await;
    let silence = match talk {
        Some(talk) => Some(talk.end().await?),
        None => None,
    };
    sleep(Duration::from_secs(1)).await; // a report more
    let after = ours.last();
    Ok(Found {
        name: format!("{server}, {role:?}, {:?}", options.peer),
        limits,
        gone,
        silence,
        most: ours.most(),
        before,
        after,
    })
}

impl Options {
    fn limits(&self) -> Limits {
        if self.quick {
            Limits {
                gone: Duration::from_secs(6),
                over: Duration::from_secs(9),
                peers: 30,
            }
        } else {
            Limits {
                gone: Duration::from_secs(60),
                over: Duration::from_secs(90),
                peers: 150,
            }
        }
    }

    /// The environment that tells our process its settings.
    fn settings(&self) -> Vec<(&'static str, String)> {
        let quick = self.quick.then(|| (served::QUICK, "1".to_owned()));
        let idle = self
            .idle_timeout
            .map(|idle| (served::IDLE, idle.to_string()));
        quick.into_iter().chain(idle).collect()
    }
}

/// What was found.
#[derive(Debug)]
struct Found {
    name: String,
    limits: Limits,
    /// After how long the last silent peer was gone.
    gone: Option<Duration>,
    /// The longest time in which those who talk did not hear each other.
    silence: Option<Duration>,
    most: Memory,
    before: Memory,
    after: Memory,
}

impl Found {
    fn is_well(&self) -> bool {
        let in_time = |time: Duration| time <= self.limits.gone;
        self.gone.is_some_and(in_time)
            && self.silence.is_none_or(in_time)
            && self.after.allocated <= self.before.allocated + LEFT
            && self.after.resident <= self.before.resident + LEFT
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.is_well() { "ok" } else { "FAILED" };
        let at_most = self.limits.gone.as_secs();
        writeln!(f, "{}: {verdict}", self.name)?;
        match self.gone {
            Some(gone) => writeln!(
                f,
                "  gone after {:.1} s, at most {at_most}",
                gone.as_secs_f64()
            )?,
            None => writeln!(
                f,
                "  not gone after {} s, {} sessions are there",
                self.limits.over.as_secs(),
                self.after.sessions
            )?,
        }
        if let Some(silence) = self.silence {
            let silence = silence.as_secs_f64();
            writeln!(
                f,
                "  the others did not hear each other for {silence:.1} s, at most {at_most}"
            )?;
        }
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        writeln!(f, "  {:>10} {:>10} {:>10}", "before", "most", "after")?;
        for (what, of) in [
            ("MiB allocated", (|it| it.allocated) as fn(&Memory) -> u64),
            ("MiB resident", |it| it.resident),
        ] {
            let [before, most, after] =
                [&self.before, &self.most, &self.after].map(|it| mib(of(it)));
            writeln!(f, "  {before:>10.1} {most:>10.1} {after:>10.1}  {what}")?;
        }
        Ok(())
    }
}
