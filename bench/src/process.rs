//! A server as a child process, and what it uses.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::ops::Sub;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, SysconfVar, sysconf};

use crate::servers::LISTENING;

/// A running server; it is killed when this is dropped.
///
/// The server itself asks the kernel to be killed when its parent dies (see [`crate::confine`]), so that nothing is left
/// however this process ends.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    addr: SocketAddr,
}

/// CPU time of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) user: Duration,
    pub(crate) system: Duration,
}

impl Server {
    /// Starts the command and waits until it says where it listens.
    pub(crate) fn start(command: &mut Command) -> io::Result<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().expect("stdout is piped");
        let (sender, receiver) = mpsc::channel();
        // The thread ends with the server's stdout. It also keeps the pipe from filling up.
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if let Some(addr) = line
                    .strip_prefix(LISTENING)
                    .and_then(|addr| addr.parse().ok())
                {
                    let _ = sender.send(addr);
                }
            }
        });
        // From here on dropping the server ends the child.
        let mut server = Self {
            child,
            addr: SocketAddr::from(([127, 0, 0, 1], 0)),
        };
        server.addr = receiver
            .recv_timeout(STARTED_WITHIN)
            .map_err(|_| io::Error::other("the server did not say where it listens"))?;
        Ok(server)
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(crate) fn usage(&self) -> io::Result<Usage> {
        let ticks = sysconf(SysconfVar::CLK_TCK)?.unwrap_or(100) as u64;
        parse_usage(&self.proc("stat")?, ticks).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    /// Resident memory in bytes.
    pub(crate) fn rss(&self) -> io::Result<u64> {
        parse_rss(&self.proc("smaps_rollup")?).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    pub(crate) fn open_files(&self) -> io::Result<usize> {
        Ok(fs::read_dir(format!("/proc/{}/fd", self.child.id()))?.count())
    }

    /// Asks the server to end and waits until it has.
    pub(crate) fn terminate(mut self) -> io::Result<()> {
        kill(Pid::from_raw(self.child.id() as i32), Signal::SIGTERM)?;
        let deadline = Instant::now() + ENDED_WITHIN;
        while self.child.try_wait()?.is_none() {
            if Instant::now() > deadline {
                return Err(io::Error::other("the server did not end when asked to"));
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    fn proc(&self, file: &str) -> io::Result<String> {
        fs::read_to_string(format!("/proc/{}/{file}", self.child.id()))
            .map_err(|error| io::Error::new(error.kind(), format!("the server is gone: {error}")))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already; either way it is waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Sub for Usage {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self {
            user: self.user - earlier.user,
            system: self.system - earlier.system,
        }
    }
}

/// `/proc/PID/stat`: the fields after the command, which is in parentheses and may contain anything.
fn parse_usage(stat: &str, ticks_per_second: u64) -> Option<Usage> {
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok();
    let (user, system) = (next()?, next()?);
    let time = |ticks: u64| Duration::from_nanos(ticks * 1_000_000_000 / ticks_per_second);
    Some(Usage {
        user: time(user),
        system: time(system),
    })
}

fn parse_rss(rollup: &str) -> Option<u64> {
    let line = rollup.lines().find_map(|line| line.strip_prefix("Rss:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

/// Generous, because a server may have to start under valgrind.
const STARTED_WITHIN: Duration = Duration::from_secs(60);
const ENDED_WITHIN: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_is_found_behind_a_strange_command_name() {
        let stat = "42 (a) b (c) R 1 42 42 0 -1 4194304 100 0 0 0 250 75 0 0 20 0 1 0 100 1000 10";
        let usage = parse_usage(stat, 100).expect("a stat line");
        assert_eq!(
            usage,
            Usage {
                user: Duration::from_millis(2500),
                system: Duration::from_millis(750)
            }
        );
    }

    #[test]
    fn rss_is_in_bytes() {
        assert_eq!(
            parse_rss("5-7 ---p 0 0:0 0 [rollup]\nRss:                1744 kB\nPss: 1 kB\n"),
            Some(1744 * 1024)
        );
    }

    #[test]
    fn a_server_that_never_listens_is_an_error_and_is_ended() {
        let error = Server::start(&mut Command::new("true")).expect_err("true does not listen");
        assert!(error.to_string().contains("did not say"), "{error}");
    }
}
