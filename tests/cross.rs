//! Every client against every server: what needs both ends. A test is named `client::server::case`.

use std::process::ExitCode;

use switchwire_conformance_app::{AppOn, CrossSuite};

// The clients and servers are those that the conformance tests of the crates start.

#[path = "../backend-actix/tests/conformance.rs"]
#[expect(dead_code, reason = "its main is not needed here")]
mod actix;
#[path = "../backend-axum/tests/conformance.rs"]
#[expect(dead_code, reason = "its main is not needed here")]
mod axum;
#[path = "../client/tests/conformance.rs"]
#[expect(dead_code, reason = "its main is not needed here")]
mod clients;
#[path = "../backend-hyper/tests/conformance.rs"]
#[expect(dead_code, reason = "its main is not needed here")]
mod hyper;
#[path = "../backend-poem/tests/conformance.rs"]
#[expect(dead_code, reason = "its main is not needed here")]
mod poem;
#[path = "../backend-rocket/tests/conformance.rs"]
#[expect(dead_code, reason = "its main is not needed here")]
mod rocket;
#[path = "../backend-salvo/tests/conformance.rs"]
#[expect(dead_code, reason = "its main is not needed here")]
mod salvo;
#[path = "../backend-tower/tests/conformance.rs"]
#[expect(dead_code, reason = "its main is not needed here")]
mod tower;
#[path = "../backend-warp/tests/conformance.rs"]
#[expect(dead_code, reason = "its main is not needed here")]
mod warp;

fn main() -> ExitCode {
    CrossSuite::new()
        .client(clients::Tokio)
        .client(clients::Hyper)
        .server(AppOn(hyper::Hyper))
        .server(AppOn(tower::Tower))
        .server(AppOn(axum::Axum))
        .server(AppOn(poem::Poem))
        .server(AppOn(salvo::Salvo))
        .server(AppOn(rocket::Rocket))
        .server(AppOn(actix::Actix))
        .server(AppOn(warp::Warp))
        .main()
}
