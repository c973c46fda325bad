//! Every case of a client is green on the reference client.

use std::process::ExitCode;

use switchwire_conformance::{ClientSuite, reference::ReferenceClient};

fn main() -> ExitCode {
    ClientSuite::new(ReferenceClient::new()).main()
}
