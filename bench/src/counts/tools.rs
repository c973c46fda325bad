//! callgrind and strace.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::load::Failure;
use crate::process::{Server, this_program};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tool {
    Callgrind,
    Strace,
}

/// A server under a tool, and where the tool writes what it counted.
#[derive(Debug)]
pub(super) struct Traced {
    tool: Tool,
    server: Server,
    folder: TempDir,
}

impl Tool {
    pub(super) const ALL: [Self; 2] = [Self::Callgrind, Self::Strace];

    pub(super) fn is_installed(self) -> bool {
        let program = match self {
            Self::Callgrind => "valgrind",
            Self::Strace => "strace",
        };
        Command::new(program)
            .arg("-V")
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok()
    }

    /// Runs this program with these arguments under the tool.
    pub(super) fn start(self, args: &[String]) -> io::Result<Traced> {
        let folder = tempfile::tempdir()?;
        let output = folder.path().join(OUTPUT);
        let mut command = match self {
            Self::Callgrind => {
                let mut command = Command::new("valgrind");
                command.args(["--quiet", "--tool=callgrind"]);
                command.arg(format!("--callgrind-out-file={}", output.display()));
                command
            }
            Self::Strace => {
                let mut command = Command::new("strace");
                // -D makes the tracer the grandchild, so that the server is our own child and ends with us.
                command.args(["-D", "-f", "-c", "-o"]).arg(&output);
                command
            }
        };
        let server = Server::start(command.arg(this_program()).args(args))?;
        Ok(Traced {
            tool: self,
            server,
            folder,
        })
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Callgrind => "callgrind",
            Self::Strace => "strace",
        })
    }
}

impl Traced {
    pub(super) fn server(&self) -> &Server {
        &self.server
    }

    /// Ends the server and answers with what was counted; keeps callgrind's profile if asked to.
    pub(super) fn finish(self, keep: Option<&Path>) -> Result<u64, Failure> {
        self.server.terminate()?;
        let output = self.folder.path().join(OUTPUT);
        let deadline = Instant::now() + WRITTEN_WITHIN;
        // strace is no child of ours: look until it has written its last line.
        let count = loop {
            let written = fs::read_to_string(&output).unwrap_or_default();
            if let Some(count) = self.tool.parse(&written) {
                break count;
            }
            if Instant::now() > deadline {
                return Err(Failure::new(format!(
                    "{} did not write what it counted",
                    self.tool
                )));
            }
            sleep(Duration::from_millis(10));
        };
        if let (Tool::Callgrind, Some(keep)) = (self.tool, keep) {
            if let Some(folder) = keep.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::copy(&output, keep)?;
        }
        Ok(count)
    }
}

impl Tool {
    fn parse(self, output: &str) -> Option<u64> {
        match self {
            Self::Callgrind => output
                .lines()
                .find_map(|line| line.strip_prefix("totals: "))?
                .trim()
                .parse()
                .ok(),
            // "100.00    0.001234           1      1234        56 total"
            Self::Strace => {
                let total = output.lines().find(|line| line.ends_with(" total"))?;
                total.split_ascii_whitespace().nth(3)?.parse().ok()
            }
        }
    }
}

const OUTPUT: &str = "counted";
const WRITTEN_WITHIN: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_found() {
        let strace = "% time     seconds  usecs/call     calls    errors syscall\n------ --- --- --- ---\n 99.00    0.1         1       900        12 recvfrom\n------\n100.00    0.000100           1      1234        56 total\n";
        assert_eq!(Tool::Strace.parse(strace), Some(1234));
        assert_eq!(Tool::Strace.parse("% time"), None);
        assert_eq!(
            Tool::Callgrind.parse("events: Ir\n1 2\ntotals: 987654\n"),
            Some(987_654)
        );
    }
}
