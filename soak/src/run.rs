//! One server's run: warmed up, loaded, restarted under load, loaded again, and left to itself.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep},
};

use crate::{
    clients::{self, Counts, World, counts},
    process::Server,
    tally::{Left, Outcome, Tally},
};

/// How long what is over may take to be gone.
const SOON: Duration = Duration::from_secs(20);

/// Connections that may be on their way out when descriptors and tasks are counted, such as that of the counting client; one has
/// two tasks at most, of the server and of its session.
const CONNECTIONS: u64 = 2;

/// Memory that an allocator holds on to or not, from one time to the next, beside a tenth. The sessions of a load that were
/// all kept would be more, with 300 at a time and up.
const SLACK: u64 = 2 << 20;

pub(crate) async fn run(server: &str, clients: u32, time: Duration) -> io::Result<Outcome> {
    let tally = Arc::new(Tally::default());
    let first = Server::start(server, "127.0.0.1:0").await?;
    let address = first.address;

    // The restart: whoever is there gets 1001, and comes back to the new server.
    let (world, tasks) = load(address, &tally, clients);
    sleep(time / 4).await;
    let mut stopped = vec![first.stop().await?];
    let second = Server::start(server, &address.to_string()).await?;
    sleep(time / 8).await;
    end(&world, tasks).await?;

    // The same twice, as a server holds on to some memory when it is first used: the second time must leave no more behind.
    round(&second, &tally, clients, time / 4).await?;
    let before = settled(&second, 0).await?;
    let peak = round(&second, &tally, clients, time / 4).await?;
    let after = settled(&second, before[1] + CONNECTIONS).await?;
    tally.dropped.store(counts(address).await?.dropped, Relaxed);
    stopped.push(second.stop().await?);

    let most = [
        0,
        before[1] + CONNECTIONS,
        before[2] + 2 * CONNECTIONS,
        before[3] + before[3] / 10 + SLACK,
    ];
    let left = ["sessions", "descriptors", "tasks", "bytes of memory"]
        .into_iter()
        .enumerate()
        .map(|(at, what)| Left {
            what,
            before: before[at],
            peak: peak[at],
            after: after[at],
            most: most[at],
        });
    let left = left.collect();
    Ok(Outcome {
        server: server.to_owned(),
        tally,
        left,
        stopped,
    })
}

/// A load with a storm in the middle; what there was at its height.
async fn round(
    server: &Server,
    tally: &Arc<Tally>,
    clients: u32,
    time: Duration,
) -> io::Result<[u64; 4]> {
    let (world, tasks) = load(server.address, tally, clients);
    sleep(time / 2).await;
    let peak = measure(server).await?;
    storm(&world);
    sleep(time / 2).await;
    end(&world, tasks).await?;
    Ok(peak)
}

/// Starts clients of all kinds.
fn load(
    address: SocketAddr,
    tally: &Arc<Tally>,
    number: u32,
) -> (Arc<World>, JoinSet<io::Result<()>>) {
    let world = Arc::new(World {
        address,
        tally: tally.clone(),
        ending: AtomicBool::new(false),
        storms: watch::Sender::new(0),
    });
    let mut tasks = JoinSet::new();
    tasks.spawn(clients::publish(world.clone()));
    for number in 1..number {
        let world = world.clone();
        match number % 20 {
            0 => tasks.spawn(clients::vanish(world)),
            1 => tasks.spawn(clients::member(world, true)),
            2..7 => tasks.spawn(clients::member(world, false)),
            _ => tasks.spawn(clients::echo(world, number)),
        };
    }
    (world, tasks)
}

/// All who echo break off at once, and come back.
fn storm(world: &World) {
    world.storms.send_modify(|storms| *storms += 1);
}

/// Ends all clients.
async fn end(world: &World, mut tasks: JoinSet<io::Result<()>>) -> io::Result<()> {
    world.ending.store(true, Relaxed);
    while let Some(ended) = tasks.join_next().await {
        ended.map_err(io::Error::other)??;
    }
    Ok(())
}

/// Sessions, descriptors, tasks and memory.
async fn measure(server: &Server) -> io::Result<[u64; 4]> {
    let Counts {
        sessions, tasks, ..
    } = counts(server.address).await?;
    Ok([
        sessions,
        server.open_files()? as u64,
        tasks,
        server.memory()?,
    ])
}

/// The same once nothing is left of the sessions, or when that took too long.
async fn settled(server: &Server, descriptors: u64) -> io::Result<[u64; 4]> {
    let until = Instant::now() + SOON;
    let mut last = [u64::MAX; 4];
    loop {
        let now = measure(server).await?;
        let is_still = now[1] == last[1] && (descriptors == 0 || now[1] <= descriptors);
        if (now[0] == 0 && is_still) || Instant::now() > until {
            return Ok(now);
        }
        last = now;
        sleep(Duration::from_millis(300)).await;
    }
}
