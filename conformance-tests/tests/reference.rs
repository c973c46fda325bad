//! Every case is green on the reference server.

use std::process::ExitCode;

use switchwire_conformance::{Suite, reference::Reference};

fn main() -> ExitCode {
    Suite::new(Reference::new()).main()
}
