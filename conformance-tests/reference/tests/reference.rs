//! Every case is green on the reference server.

use std::process::ExitCode;

use switchwire_conformance::Suite;
use switchwire_conformance_reference::Reference;

fn main() -> ExitCode {
    Suite::new(Reference::new()).main()
}
