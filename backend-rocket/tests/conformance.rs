//! The conformance suite on Rocket, with a fairing in front of the application's routes.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    process::ExitCode,
    sync::mpsc,
    thread,
};

use rocket::{
    Config, Data, Request, Route, Shutdown,
    config::LogLevel,
    fairing::AdHoc,
    http::Method,
    route::{BoxFuture, Outcome},
    shield::Shield,
};
use switchwire_backend_rocket::fairing;
use switchwire_conformance_app::{AppOn, Backend, Served, Suite, TestApp};

pub(crate) struct Rocket;

impl Backend for Rocket {
    fn name(&self) -> &'static str {
        "rocket"
    }

    fn serve(&self, app: TestApp) -> io::Result<Served> {
        let config = Config {
            address: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            log_level: LogLevel::Off,
            ..Config::release_default()
        };
        let (started, address) = mpsc::channel();
        let pages = [Method::Get, Method::Post, Method::Options]
            .map(|method| Route::new(method, "/<_..>", page));
        let rocket = rocket::custom(config)
            .attach(Shield::new()) // without the headers that it adds to every answer
            .attach(fairing(app.dispatcher()))
            .mount("/", pages)
            .attach(AdHoc::on_liftoff("address", move |rocket| {
                Box::pin(async move {
                    let config = rocket.config();
                    let address = SocketAddr::new(config.address, config.port);
                    let _ = started.send((address, rocket.shutdown()));
                })
            }));
        thread::spawn(move || drop(rocket::execute(rocket.launch())));
        let (address, shutdown) = address.recv().map_err(io::Error::other)?;
        Ok(Served::new(address, Stop(shutdown)))
    }
}

fn page<'r>(request: &'r Request<'_>, _: Data<'r>) -> BoxFuture<'r> {
    Box::pin(async move { Outcome::from(request, TestApp::HTTP_BODY) })
}

struct Stop(Shutdown);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.clone().notify();
    }
}

/// In a 101, the value of `Connection` differs from that of the other servers in one capital. The
/// answers are the same otherwise.
const CAPITAL: &str = "rocket 0.5.2 writes `Connection: Upgrade` over the backend's `upgrade` \
    (server.rs:230, handle_upgrade: `response.set_raw_header(\"Connection\", \"Upgrade\")`)";

/// The cases of [`CAPITAL`].
const WITH_A_101: [&str; 14] = [
    "exact::application",
    "exact::bodies",
    "exact::connection",
    "exact::extensions",
    "exact::frames",
    "exact::hosts",
    "exact::keys",
    "exact::lines",
    "exact::origins",
    "exact::preflights",
    "exact::sizes",
    "exact::subprotocols",
    "exact::upgrade",
    "exact::websocket_versions",
];

const NO_VERSION: &str = "rocket 0.5.2 does not tell the version of a request (request/request.rs, from_hyp, \
    leaves out `hyper.version`) and sends a 101 whatever it is (server.rs:229, handle_upgrade)";

const NO_SOCKET: &str = "rocket 0.5.2 does not give away the socket: `kind` of IoStream is private \
    (data/io_stream.rs, `Upgraded(TokioIo<Upgraded>)`)";

fn main() -> ExitCode {
    let suite = Suite::new(AppOn(Rocket))
        // After the end of TCP behind a handshake, hyper closes at times before Rocket sends its 101.
        .unsteady_failure("exact::closes", CAPITAL)
        .known_failure("rfc6455::s4_2_1::http_1_0_is_refused", NO_VERSION)
        .known_failure("exact::versions", NO_VERSION)
        .known_failure(
            "exact::methods",
            "rocket 0.5.2 gives a method that it does not know to its catcher of 400, not to routes \
             (request/request.rs:1008, `errors.push(Kind::BadMethod(&hyper.method))`)",
        )
        .known_failure(
            "exact::targets",
            "rocket 0.5.2 gives a target without a path to its catcher of 400, not to routes \
             (request/request.rs:1029, `errors.push(Kind::InvalidUri(&hyper.uri))`)",
        )
        .known_failure(
            "rfc9112::s3_2_2::host_of_an_absolute_target_counts",
            "rocket 0.5.2 keeps path and query of a target alone (request/request.rs, from_hyp)",
        )
        .known_failure(
            "keepalive::peer_that_ends_tcp_behind_a_full_queue_is_given_up",
            NO_SOCKET,
        )
        .known_failure(
            "keepalive::peer_that_closes_behind_a_full_queue_and_ends_tcp_is_given_up",
            NO_SOCKET,
        );
    WITH_A_101
        .into_iter()
        .fold(suite, |suite, case| suite.known_failure(case, CAPITAL))
        .main()
}
