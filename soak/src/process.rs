//! The server as a child process, and what it uses.

use std::{fs, io, net::SocketAddr, process::Stdio, time::Duration};

use nix::{
    sys::{
        resource::{Resource, getrlimit, setrlimit},
        signal::{Signal, kill},
    },
    unistd::Pid,
};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

/// A server that is killed when this is dropped.
pub(crate) struct Server {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    pub(crate) address: SocketAddr,
}

/// How long a server may take to start, and to stop.
const SOON: Duration = Duration::from_secs(20);

impl Server {
    pub(crate) async fn start(server: &str, listen: &str) -> io::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["serve", "--server", server, "--listen", listen])
            .env("RUST_LOG", "error")
            // What is freed is given back, so that what is in use can be seen.
            .env("MALLOC_ARENA_MAX", "1")
            .env("MALLOC_TRIM_THRESHOLD_", "65536")
            .env("MALLOC_MMAP_THRESHOLD_", "65536")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = child.stdout.take().expect("it is piped");
        let mut lines = BufReader::new(stdout).lines();
        let first = timeout(SOON, lines.next_line()).await??;
        let address = first.as_deref().and_then(|line| {
            let (_, rest) = line.split_once("ws://")?;
            rest.split_once('/')?.0.parse().ok()
        });
        let address = address.ok_or_else(|| io::Error::other("the server did not start"))?;
        Ok(Self {
            child,
            lines,
            address,
        })
    }

    /// Tells it to stop, and returns what it says of that.
    pub(crate) async fn stop(mut self) -> io::Result<String> {
        let id = self.child.id().unwrap_or_default();
        kill(Pid::from_raw(id as i32), Signal::SIGTERM)?;
        let said = timeout(SOON, self.lines.next_line()).await??;
        let status = timeout(SOON, self.child.wait()).await??;
        if !status.success() {
            return Err(io::Error::other(format!("the server ended with {status}")));
        }
        Ok(said.unwrap_or_default())
    }

    pub(crate) fn open_files(&self) -> io::Result<usize> {
        Ok(fs::read_dir(self.proc("fd"))?.count())
    }

    /// Bytes of memory that are its own and in use.
    pub(crate) fn memory(&self) -> io::Result<u64> {
        let usage = fs::read_to_string(self.proc("smaps_rollup"))?;
        let line = usage
            .lines()
            .find_map(|line| line.strip_prefix("Pss_Anon:"));
        let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
        kib.map(|kib| kib << 10)
            .ok_or_else(|| io::Error::other("the kernel does not tell the memory in use"))
    }

    fn proc(&self, name: &str) -> String {
        format!("/proc/{}/{name}", self.child.id().unwrap_or_default())
    }
}

/// As many descriptors as the system allows.
pub(crate) fn raise_file_limit() -> io::Result<()> {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    Ok(setrlimit(Resource::RLIMIT_NOFILE, most, most)?)
}
