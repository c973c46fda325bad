//! A host of its own: a network namespace with one link, which can go down.

use std::{io, process::Command};

/// Is deleted, with its link, when this is dropped.
#[derive(Debug)]
pub(super) struct Network {
    name: String,
    near: String,
    far: String,
}

/// Our end of the link, and theirs.
const NEAR: &str = "10.213.77.1";
const FAR: &str = "10.213.77.2";

impl Network {
    pub(super) fn new() -> io::Result<Self> {
        let id = std::process::id();
        let (name, near, far) = (format!("silent{id}"), format!("sn{id}"), format!("sf{id}"));
        ip(&["netns", "add", &name])?;
        let network = Self { name, near, far };
        let Self { name, near, far } = &network;
        ip(&["link", "add", near, "type", "veth", "peer", "name", far])?;
        ip(&["link", "set", far, "netns", name])?;
        ip(&["addr", "add", &format!("{NEAR}/30"), "dev", near])?;
        ip(&["link", "set", near, "up"])?;
        ip(&["-n", name, "addr", "add", &format!("{FAR}/30"), "dev", far])?;
        ip(&["-n", name, "link", "set", far, "up"])?;
        Ok(network)
    }

    /// The address that is reached from there.
    pub(super) fn host(&self) -> &'static str {
        NEAR
    }

    /// The address that is reached from here.
    pub(super) fn far_host(&self) -> &'static str {
        FAR
    }

    /// A command that runs this program there.
    pub(super) fn command(&self, program: &std::path::Path) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name]).arg(program);
        command
    }

    /// Cuts the link.
    pub(super) fn go_down(&self) -> io::Result<()> {
        ip(&["-n", &self.name, "link", "set", &self.far, "down"])
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // The link goes with its namespace, but later: the next one has the same name.
        let _ = ip(&["link", "del", &self.near]);
        let _ = ip(&["netns", "del", &self.name]);
    }
}

fn ip(arguments: &[&str]) -> io::Result<()> {
    let output = Command::new("ip").args(arguments).output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = format!("ip {}: {}", arguments.join(" "), said.trim());
    Err(io::Error::other(said))
}
