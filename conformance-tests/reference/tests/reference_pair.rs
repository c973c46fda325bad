//! Every case of a pair is green on the reference client and the reference server.

use std::process::ExitCode;

use switchwire_conformance::CrossSuite;
use switchwire_conformance_reference::{Reference, ReferenceClient};

fn main() -> ExitCode {
    CrossSuite::new()
        .client(ReferenceClient::new())
        .server(Reference::new())
        .main()
}
