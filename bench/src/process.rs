//! A server as a child process, and what it uses.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::ops::Sub;
use std::process::{self, Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, SysconfVar, sysconf};

use crate::servers::LISTENING;

/// A running server: one process, or several that share a port; they are killed when this is dropped.
///
/// A server asks the kernel to be killed when its parent dies (see [`crate::confine`]), so that nothing is left however
/// this process ends.
#[derive(Debug)]
pub(crate) struct Server {
    processes: Vec<Process>,
    addr: SocketAddr,
}

/// A child process that is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Process(pub(crate) Child);

/// CPU time of a process: user and system in ticks of usually 10 ms, and both together to the nanosecond.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) user: Duration,
    pub(crate) system: Duration,
    pub(crate) total: Duration,
}

impl Server {
    /// Starts the command and waits until it says where it listens.
    pub(crate) fn start(command: &mut Command) -> io::Result<Self> {
        let (process, addr) = start(command)?;
        Ok(Self {
            processes: vec![process],
            addr,
        })
    }

    /// Starts another process, which has to listen on the same address.
    pub(crate) fn join(&mut self, command: &mut Command) -> io::Result<()> {
        let (process, _) = start(command)?;
        self.processes.push(process);
        Ok(())
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(crate) fn usage(&self) -> io::Result<Usage> {
        let ticks = sysconf(SysconfVar::CLK_TCK)?.unwrap_or(100) as u64;
        let mut sum = Usage::default();
        for process in &self.processes {
            let times = parse_times(&process.proc("stat")?, ticks);
            let (user, system) = times.ok_or(io::ErrorKind::InvalidData)?;
            sum.user += user;
            sum.system += system;
            sum.total += process.run_time()?;
        }
        Ok(sum)
    }

    /// Resident memory in bytes.
    pub(crate) fn rss(&self) -> io::Result<u64> {
        let mut sum = 0;
        for process in &self.processes {
            sum += parse_rss(&process.proc("smaps_rollup")?).ok_or(io::ErrorKind::InvalidData)?;
        }
        Ok(sum)
    }

    pub(crate) fn open_files(&self) -> io::Result<usize> {
        let mut sum = 0;
        for Process(child) in &self.processes {
            sum += fs::read_dir(format!("/proc/{}/fd", child.id()))?.count();
        }
        Ok(sum)
    }

    /// Asks the server to end and waits until it has.
    pub(crate) fn terminate(mut self) -> io::Result<()> {
        for Process(child) in &mut self.processes {
            kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM)?;
            let deadline = Instant::now() + ENDED_WITHIN;
            while child.try_wait()?.is_none() {
                if Instant::now() > deadline {
                    return Err(io::Error::other("the server did not end when asked to"));
                }
                thread::sleep(Duration::from_millis(5));
            }
        }
        Ok(())
    }
}

/// This program, also if its file has been replaced since.
pub(crate) fn this_program() -> String {
    format!("/proc/{}/exe", process::id())
}

impl Process {
    /// The time its threads ran.
    fn run_time(&self) -> io::Result<Duration> {
        let mut sum = Duration::ZERO;
        for task in fs::read_dir(format!("/proc/{}/task", self.0.id()))? {
            let schedstat = fs::read_to_string(task?.path().join("schedstat"))?;
            let nanos = schedstat
                .split(' ')
                .next()
                .and_then(|nanos| nanos.parse().ok());
            sum += Duration::from_nanos(nanos.ok_or(io::ErrorKind::InvalidData)?);
        }
        Ok(sum)
    }

    fn proc(&self, file: &str) -> io::Result<String> {
        fs::read_to_string(format!("/proc/{}/{file}", self.0.id()))
            .map_err(|error| io::Error::new(error.kind(), format!("the server is gone: {error}")))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already; either way it is waited for.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(command: &mut Command) -> io::Result<(Process, SocketAddr)> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let stdout = child.stdout.take().expect("stdout is piped");
    let process = Process(child);
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
    let addr = receiver
        .recv_timeout(STARTED_WITHIN)
        .map_err(|_| io::Error::other("the server did not say where it listens"))?;
    Ok((process, addr))
}

impl Sub for Usage {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self {
            user: self.user - earlier.user,
            system: self.system - earlier.system,
            total: self.total - earlier.total,
        }
    }
}

/// User and system time from `/proc/PID/stat`: the fields after the command, which is in parentheses and may contain
/// anything.
fn parse_times(stat: &str, ticks_per_second: u64) -> Option<(Duration, Duration)> {
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok();
    let time = |ticks: u64| Duration::from_nanos(ticks * 1_000_000_000 / ticks_per_second);
    Some((time(next()?), time(next()?)))
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
        let times = parse_times(stat, 100).expect("a stat line");
        assert_eq!(
            times,
            (Duration::from_millis(2500), Duration::from_millis(750))
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
