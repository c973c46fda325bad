//! A process that holds idle connections, seen from the one that tells it what to do: a process of its own, because the
//! limit of open files is a process's.

use std::io::{BufRead, BufReader, Write};
use std::process::{self, ChildStdin, ChildStdout, Command, Stdio};

use super::idlers::DONE;
use super::{Endpoint, Failure};
use crate::process::{Process, this_program};

#[derive(Debug)]
pub(super) struct Holder {
    /// Ends the process when this is dropped.
    _process: Process,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Holder {
    /// Starts the `index`th process, which will hold so many connections.
    pub(super) fn start(
        endpoint: Endpoint,
        connections: usize,
        index: usize,
    ) -> Result<Self, Failure> {
        let mut command = Command::new(this_program());
        command.args(["hold", "--addr", &endpoint.addr.to_string()]);
        command.args([
            "--connections",
            &connections.to_string(),
            "--index",
            &index.to_string(),
        ]);
        command.args(["--parent", &process::id().to_string()]);
        if endpoint.raw {
            command.arg("--raw");
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let orders = child.stdin.take().expect("stdin is piped");
        let answers = BufReader::new(child.stdout.take().expect("stdout is piped"));
        Ok(Self {
            _process: Process(child),
            orders,
            answers,
        })
    }

    /// Has the process do something with all its connections and waits until it is done.
    pub(super) fn order(&mut self, order: &str) -> Result<(), Failure> {
        writeln!(self.orders, "{order}")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        match answer.trim() {
            DONE => Ok(()),
            "" => Err(Failure::new(
                "the process that holds the connections is gone",
            )),
            failure => Err(Failure::new(failure)),
        }
    }
}
