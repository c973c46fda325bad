//! The conformance suite over tokio-tungstenite, behind hyper and our own handshake.

#[path = "common/hyper.rs"]
mod hyper_server;

use std::{io, process::ExitCode, thread};

use switchwire_conformance_app::{AppOn, Backend, Served, Suite, TestApp};
use tokio::{net::TcpListener, runtime::Runtime, sync::oneshot};

struct Tungstenite;

impl Backend for Tungstenite {
    fn name(&self) -> &'static str {
        "tokio-tungstenite"
    }

    fn serve(&self, app: TestApp) -> io::Result<Served> {
        let runtime = Runtime::new()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?;
        let (guard, dropped) = oneshot::channel::<()>();
        thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = hyper_server::serve(listener, app.dispatcher()) => {}
                    _ = dropped => {}
                }
            });
        });
        Ok(Served::new(address, guard))
    }
}

/// What the engine makes impossible: the cause, and the cases.
const IMPOSSIBLE: &[(&str, &[&str])] = &[
    (
        "tungstenite 0.30 answers a Close when it reads it, and takes no message after it \
         (protocol/mod.rs, do_close and write: `SendAfterClosing`)",
        &[
            "contract::session::answer_comes_before_that_to_the_close_where_there_is_a_grace",
            "exact::subprotocols",
            "exact::frames",
        ],
    ),
    (
        "tungstenite 0.30 takes 1014 for 1002 (protocol/frame/coding.rs, CloseCode: 1014 is `Bad`)",
        &["rfc6455::s7_4::close_1014_is_answered_with_1014"],
    ),
    (
        "tungstenite 0.30 takes a length in more bytes than it needs (protocol/frame/frame.rs, parse)",
        &[
            "rfc6455::s5_2::short_length_in_16_bits_fails",
            "rfc6455::s5_2::length_of_125_in_16_bits_fails",
            "rfc6455::s5_2::short_length_in_64_bits_fails",
            "rfc6455::s5_2::length_of_65535_in_64_bits_fails",
        ],
    ),
    (
        "tungstenite 0.30 checks a frame when its payload is there (protocol/mod.rs, \
         read_message_frame)",
        &[
            "rfc6455::s5_5::ping_that_announces_too_much_fails_at_its_header",
            "rfc6455::s8_1::invalid_text_fails_before_its_frame_ends",
            "limits::message_over_the_limit_fails_at_the_header_that_tells",
        ],
    ),
    (
        "tungstenite 0.30 does not count fragments, nor tell of them (protocol/mod.rs, \
         read_message_frame: `Ok(None)`)",
        &[
            "limits::one_fragment_too_many_fails",
            "limits::one_byte_fragments_without_end_fail",
            "limits::empty_fragments_count",
            "limits::empty_fragments_without_end_fail",
            "contract::settings::one_fragment_too_many_for_one_endpoint_is_fine_for_another",
            "keepalive::peer_that_sends_fragments_is_kept",
            "rate::fragments_are_bytes",
        ],
    ),
    (
        "tungstenite 0.30 does not tell that a message has begun, nor how much of it there is \
         (protocol/mod.rs: `incomplete` is private)",
        &[
            "limits::message_that_never_ends_is_closed_with_1008",
            "limits::message_that_stops_between_fragments_is_closed_with_1008",
            "limits::message_that_stops_in_a_frame_is_closed_with_1008",
            "limits::message_that_trickles_is_closed_with_1008",
            "limits::message_that_begins_with_the_end_of_another_is_closed_with_1008",
            "keepalive::peer_that_sends_a_large_frame_slowly_is_kept",
        ],
    ),
    (
        "tungstenite 0.30 answers a ping when it reads it (protocol/mod.rs, read_message_frame: \
         `set_additional`)",
        &["rate::pings_over_the_rate_close_with_1008"],
    ),
];

fn main() -> ExitCode {
    let cases = IMPOSSIBLE
        .iter()
        .flat_map(|(cause, cases)| cases.iter().map(move |case| (*case, *cause)));
    let suite = Suite::new(AppOn(Tungstenite));
    cases
        .fold(suite, |suite, (case, cause)| {
            suite.known_failure(case, cause)
        })
        .main()
}
