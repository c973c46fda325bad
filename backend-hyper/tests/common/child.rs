//! A server in a process of its own, so that its memory and its descriptors can be limited and measured.
//!
//! The test binary runs itself: a test that finds itself in the child serves, and never returns.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::{
    env,
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    process::{Child, Command, Stdio, exit},
    str::FromStr,
    thread,
};

use tokio::net::TcpListener;

const CHILD: &str = "SWITCHWIRE_TEST_CHILD";
const MARK: &str = "the child says ";

/// A process that ends with this value.
pub(crate) struct Process(Child);

/// Runs this test again as another process, under limits as the shell's `ulimit` sets them; what it
/// [tells](tell) is returned.
pub(crate) fn spawn<T: FromStr>(test: &str, limits: &str) -> (Process, T) {
    let mut process = Command::new("sh")
        .args(["-c", &format!("{limits} && exec \"$0\" \"$@\"")])
        .arg(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(CHILD, test)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let told = lines.find_map(|line| {
        let line = line.unwrap();
        let (_, told) = line.split_once(MARK)?;
        told.parse().ok()
    });
    thread::spawn(move || lines.for_each(drop));
    (Process(process), told.expect("the child tells"))
}

/// Whether this is the child that runs `test`. Its process ends when that of the test does.
pub(crate) fn is_child(test: &str) -> bool {
    let is_child = env::var(CHILD).is_ok_and(|child| child == test);
    if is_child {
        thread::spawn(|| {
            let _ = std::io::stdin().read_to_end(&mut Vec::new());
            exit(0);
        });
    }
    is_child
}

/// Tells the test something.
pub(crate) fn tell(what: impl std::fmt::Display) {
    println!("{MARK}{what}");
}

/// Serves on one thread for ever.
pub(crate) fn serve<F: Future<Output = ()>>(serve: impl FnOnce(TcpListener) -> F) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().unwrap().block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        tell(listener.local_addr().unwrap());
        serve(listener).await;
    });
}

impl Process {
    /// Bytes of memory that are in use.
    pub(crate) fn resident(&self) -> usize {
        self.status("VmRSS:") << 10
    }

    /// Bytes of memory that are in use or set aside.
    pub(crate) fn reserved(&self) -> usize {
        self.status("VmSize:") << 10
    }

    fn status(&self, name: &str) -> usize {
        let status = self.read("status");
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap()
            .trim()
            .trim_end_matches(" kB")
            .parse()
            .unwrap()
    }

    /// Hundredths of seconds of processor time.
    pub(crate) fn processor_time(&self) -> u64 {
        let stat = self.read("stat");
        let (_, fields) = stat.rsplit_once(") ").unwrap();
        let times = fields.split(' ').skip(11).take(2);
        times.map(|time| time.parse::<u64>().unwrap()).sum()
    }

    fn read(&self, file: &str) -> String {
        std::fs::read_to_string(format!("/proc/{}/{file}", self.0.id())).unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Where the child serves.
pub(crate) type Served = (Process, SocketAddr);
