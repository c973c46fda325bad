//! Every case of a client is green on the reference client.

use std::process::ExitCode;

use switchwire_conformance::ClientSuite;
use switchwire_conformance_reference::ReferenceClient;

fn main() -> ExitCode {
    ClientSuite::new(ReferenceClient::new()).main()
}
