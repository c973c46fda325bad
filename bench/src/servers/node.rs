//! Node's `ws`, where node and the package are installed.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use clap::ValueEnum;

use super::Listen;

/// Becomes node, so that the process id, the core and the tie to the parent stay what they are.
pub(super) fn serve(listen: &Listen) -> io::Result<()> {
    let app = listen.app.to_possible_value().expect("no app is hidden");
    Err(Command::new("node")
        .args([
            &server(),
            &listen.addr.ip().to_string(),
            &listen.addr.port().to_string(),
            app.get_name(),
        ])
        .exec())
}

pub(super) fn missing() -> Option<String> {
    let found = Command::new("node")
        .args([
            "-e",
            "require(require.resolve('ws', { paths: [process.argv[1]] }))",
            FOLDER,
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match found {
        Err(_) => Some("node is not installed".into()),
        Ok(status) if !status.success() => {
            Some("node has no ws package: run `npm ci` in bench/node".into())
        }
        Ok(_) => None,
    }
}

fn server() -> String {
    format!("{FOLDER}/server.js")
}

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/node");
