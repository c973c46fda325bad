//! The process of ours that is watched.

use std::{
    env, io,
    process::Stdio,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    sync::watch,
    time::{sleep, timeout},
};

use super::memory::{EACH, Memory};

/// A server, or a process with clients. It is killed when this is dropped.
pub(super) struct Measured {
    _child: Child,
    pub(super) address: String,
    now: watch::Receiver<Memory>,
    most: Arc<Mutex<Memory>>,
}

/// How long a server may take to start.
const SOON: Duration = Duration::from_secs(20);

impl Measured {
    pub(super) async fn server(
        name: &str,
        host: &str,
        settings: &[(&'static str, String)],
    ) -> io::Result<Self> {
        let mut command = Command::new(env::current_exe()?);
        command.args([
            "silent-serve",
            "--server",
            name,
            "--listen",
            &format!("{host}:0"),
        ]);
        let mut measured = Self::start(command, settings)?;
        let mut address = measured.1;
        let address = timeout(SOON, address.wait_for(|it| !it.is_empty())).await;
        let address = address?.map_err(io::Error::other)?.clone();
        measured.0.address = address;
        Ok(measured.0)
    }

    pub(super) fn clients(
        address: &str,
        count: usize,
        settings: &[(&'static str, String)],
    ) -> io::Result<Self> {
        let mut command = Command::new(env::current_exe()?);
        command.args(["silent-clients", address, &count.to_string()]);
        Ok(Self::start(command, settings)?.0)
    }

    /// The process, and the address that it will tell.
    fn start(
        mut command: Command,
        settings: &[(&'static str, String)],
    ) -> io::Result<(Self, watch::Receiver<String>)> {
        let mut child = command
            .env("RUST_LOG", "error")
            .envs(settings.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let (tell, now) = watch::channel(Memory::default());
        let (tell_address, address) = watch::channel(String::new());
        let most = Arc::new(Mutex::new(Memory::default()));
        let highest = most.clone();
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some(memory) = Memory::parse(&line) {
                    let mut highest = highest.lock().expect("nobody panics with it");
                    *highest = highest.max(memory);
                    let _ = tell.send(memory);
                } else if let Some((_, rest)) = line.split_once("ws://") {
                    let address = rest.split('/').next().unwrap_or_default();
                    let _ = tell_address.send(address.to_owned());
                }
            }
        });
        let measured = Self {
            _child: child,
            address: String::new(),
            now,
            most,
        };
        Ok((measured, address))
    }

    /// Waits for something, at most so long; whether it came.
    pub(super) async fn until(
        &self,
        is: impl FnMut(&Memory) -> bool,
        time: Duration,
    ) -> io::Result<bool> {
        let mut now = self.now.clone();
        match timeout(time, now.wait_for(is)).await {
            Ok(Ok(_)) => Ok(true),
            Ok(Err(_)) => Err(io::Error::other("the process is gone")),
            Err(_) => Ok(false),
        }
    }

    /// What it holds when it has nothing to do.
    pub(super) async fn settled(&self) -> io::Result<Memory> {
        self.until(|memory| memory.sessions == 0, SOON).await?;
        sleep(4 * EACH).await;
        Ok(self.last())
    }

    pub(super) fn last(&self) -> Memory {
        *self.now.borrow()
    }

    pub(super) fn most(&self) -> Memory {
        *self.most.lock().expect("nobody panics with it")
    }
}
