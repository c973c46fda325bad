//! The conformance suite over actix-ws, behind our own handshake.

use std::{io, net::TcpListener, process::ExitCode, sync::mpsc, thread};

use actix_web::{
    App, FromRequest, HttpRequest, HttpResponse, HttpResponseBuilder, HttpServer,
    dev::{self, ServerHandle},
    http::{
        ConnectionType, StatusCode,
        header::{HeaderName, HeaderValue},
    },
    middleware::from_fn,
    rt, web,
};
use bytes::Bytes;
use http::{HeaderMap, Response};
use switchwire_backend_actix::{ActixWsTransport, end_after_close, handshake_request, on_connect};
use switchwire_conformance_app::{AppOn, Backend, Served, Suite, TestApp};
use switchwire_core::{
    Error, HandshakeError, HandshakeRequest, RequestUpgradeStrategy, spi::SessionParameters,
};
use switchwire_service::{Dispatch, WebSocketDispatcher};

struct ActixWs;

impl Backend for ActixWs {
    fn name(&self) -> &'static str {
        "actix-ws"
    }

    fn serve(&self, app: TestApp) -> io::Result<Served> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let (started, handle) = mpsc::channel();
        let dispatcher = app.dispatcher();
        let server = move || {
            let app = move || {
                App::new()
                    .wrap(from_fn(end_after_close))
                    .app_data(web::Data::new(dispatcher.clone()))
                    .default_service(web::to(serve))
            };
            let server = HttpServer::new(app)
                .on_connect(on_connect)
                .workers(2)
                .disable_signals()
                .listen(listener)?
                .run();
            let _ = started.send(server.handle());
            rt::System::new().block_on(server)
        };
        thread::spawn(server);
        let handle = handle.recv().map_err(io::Error::other)?;
        Ok(Served::new(address, Stop(handle)))
    }
}

struct Stop(ServerHandle);

impl Drop for Stop {
    fn drop(&mut self) {
        drop(self.0.stop(false)); // the command is sent at once
    }
}

async fn serve(
    http: HttpRequest,
    payload: web::Payload,
    dispatcher: web::Data<WebSocketDispatcher>,
) -> HttpResponse {
    match dispatcher.dispatch(&OverActixWs, (http, payload)).await {
        Dispatch::NotWebSocket(_) => HttpResponse::Ok().body(TestApp::HTTP_BODY),
        Dispatch::Answered(response) => answer(response),
        Dispatch::Refused(error) => {
            let mut response = answer(error.into_response());
            response
                .head_mut()
                .set_connection_type(ConnectionType::Close);
            response
        }
        Dispatch::Accepted(response, session) => {
            rt::spawn(session);
            response
        }
    }
}

/// Our own handshake, with the engine's transport.
struct OverActixWs;

impl RequestUpgradeStrategy for OverActixWs {
    type Request = (HttpRequest, web::Payload);
    type Response = HttpResponse;
    type Transport = ActixWsTransport;
    type Upgrading = std::future::Ready<Result<ActixWsTransport, Error>>;

    fn server(&self) -> &'static str {
        "actix-ws"
    }

    fn handshake_request(&self, (http, _): &Self::Request) -> HandshakeRequest {
        handshake_request(http)
    }

    fn upgrade(
        &self,
        (http, payload): Self::Request,
        response: Response<()>,
        parameters: &SessionParameters,
    ) -> Result<(HttpResponse, Self::Upgrading), HandshakeError> {
        let mut payload = payload.into_inner();
        if let dev::Payload::None = payload {
            return Err(HandshakeError::Upgrade); // the server would read frames as requests
        }
        let payload = web::Payload::from_request(&http, &mut payload).into_inner();
        let payload = payload.expect("it never fails");
        let (mut switching, session, messages) =
            actix_ws::handle(&http, payload).map_err(|_| HandshakeError::Upgrade)?;
        let theirs: Vec<_> = switching.headers().keys().cloned().collect();
        for name in theirs {
            switching.headers_mut().remove(name);
        }
        copy_headers(response.headers(), &mut switching);
        switching
            .head_mut()
            .set_connection_type(ConnectionType::Upgrade);
        let transport = ActixWsTransport::new(&http, session, messages, parameters.settings());
        Ok((switching, std::future::ready(Ok(transport))))
    }
}

fn answer(response: Response<Bytes>) -> HttpResponse {
    let (head, body) = response.into_parts();
    let status = StatusCode::from_u16(head.status.as_u16()).expect("both crates know it");
    let mut response = HttpResponseBuilder::new(status).body(body);
    copy_headers(&head.headers, &mut response);
    response
}

fn copy_headers(from: &HeaderMap, to: &mut HttpResponse) {
    for (name, value) in from {
        let name = HeaderName::from_bytes(name.as_str().as_bytes());
        let value = HeaderValue::from_bytes(value.as_bytes());
        let (name, value) = name
            .ok()
            .zip(value.ok())
            .expect("both crates take the same");
        to.headers_mut().append(name, value);
    }
}

/// What the engine makes impossible: the cause, and the cases.
const IMPOSSIBLE: &[(&str, &[&str])] = &[
    (
        "actix-http 3.20 checks the handshake once more, in its own way (ws/mod.rs, verify_handshake: no stray \
         bits in a key, one line of `Upgrade`; h1/decoder.rs: `Connection: close`)",
        &[
            "rfc6455::s4_1::the_key_of_the_rfc_with_stray_bits_is_accepted",
            "exact::keys",
            "exact::upgrade",
            "exact::connection",
        ],
    ),
    (
        "actix-http 3.20 closes after a refused handshake (h1/dispatcher.rs, should_close_for_unread_payload)",
        &["contract::handshake::refusal_leaves_the_connection_usable"],
    ),
    (
        "actix-http 3.20 takes a length in more bytes than it needs (ws/frame.rs, parse_metadata)",
        &[
            "rfc6455::s5_2::length_of_125_in_16_bits_fails",
            "rfc6455::s5_2::length_of_65535_in_64_bits_fails",
            "rfc6455::s5_2::short_length_in_16_bits_fails",
            "rfc6455::s5_2::short_length_in_64_bits_fails",
        ],
    ),
    (
        "actix-http 3.20 checks a frame when its payload is there (ws/frame.rs, parse)",
        &[
            "rfc6455::s5_5::ping_that_announces_too_much_fails_at_its_header",
            "rfc6455::s10_4::giant_length_of_a_fragment_fails_at_its_header",
            "rfc6455::s10_4::giant_length_fails_at_its_header",
            "rfc6455::s8_1::invalid_text_fails_before_its_frame_ends",
            "rfc6455::s8_1::giant_text_with_an_invalid_start_fails",
            "limits::frame_over_the_limit_fails_at_its_header",
            "limits::message_over_the_limit_fails_at_the_header_that_tells",
            "rfc6455::s7_1_7::size_error_is_told_before_tcp_ends",
            "contract::session::message_too_big_is_told_as_such",
            "contract::session::giant_frame_is_told_though_the_handler_does_not_read",
        ],
    ),
    (
        "actix-ws 0.4 joins fragments and checks their text when the last is there, and does not count them \
         (aggregated.rs, poll_next)",
        &[
            "rfc6455::s8_1::overlong_form_in_a_fragment_fails_before_its_message_ends",
            "rfc6455::s8_1::invalid_fragment_fails_before_its_message_ends",
            "limits::empty_fragments_count",
            "limits::one_fragment_too_many_fails",
            "limits::one_byte_fragments_without_end_fail",
            "limits::empty_fragments_without_end_fail",
            "contract::settings::one_fragment_too_many_for_one_endpoint_is_fine_for_another",
            "keepalive::peer_that_sends_fragments_is_kept",
            "rate::fragments_are_bytes",
        ],
    ),
    (
        "actix-ws 0.4 does not tell that a message has begun, nor how much of it there is (stream.rs: `buf` is private)",
        &[
            "limits::message_that_begins_with_the_end_of_another_is_closed_with_1008",
            "limits::message_that_never_ends_is_closed_with_1008",
            "limits::message_that_stops_between_fragments_is_closed_with_1008",
            "limits::message_that_stops_in_a_frame_is_closed_with_1008",
            "limits::message_that_trickles_is_closed_with_1008",
            "keepalive::peer_that_sends_a_large_frame_slowly_is_kept",
        ],
    ),
    (
        "actix-ws 0.4 ends the connection when it has written a Close, and does not wait for the answer (stream.rs, \
         StreamingBody: `closing`)",
        &[
            "age::old_session_is_closed_though_busy",
            "age::peer_that_ignores_the_close_is_dropped",
            "contract::close::closing_after_the_end_does_nothing",
            "contract::close::deadline_is_told_to_the_handler",
            "contract::close::future_resolves_when_the_peer_answered",
            "contract::close::message_on_its_way_is_received",
            "contract::shutdown::all_who_owe_an_answer_give_it",
            "contract::shutdown::earliest_deadline_counts_for_all_calls",
            "contract::shutdown::every_session_gets_1001",
            "contract::shutdown::handler_finishes_its_work",
            "contract::shutdown::later_deadline_changes_nothing",
            "contract::shutdown::message_that_crosses_the_close_is_received",
            "contract::shutdown::peer_that_does_not_answer_is_dropped_at_the_deadline",
            "contract::shutdown::report_counts_each_session_once",
            "idle::session_without_messages_is_closed",
        ],
    ),
    (
        "actix-http 3.20 has one error for an opcode, a close code and a reason that is not UTF-8 (ws/frame.rs, \
         try_parse_close_payload: `BadOpCode`)",
        &["exact::frames"],
    ),
    (
        "actix-ws 0.4 takes 32 messages of any size, and does not tell when it has written them (lib.rs, handle: \
         `channel(32)`)",
        &[
            "slow::close_drops_a_peer_that_never_reads",
            "slow::close_tells_a_peer_that_does_not_read_1008",
            "slow::drop_oldest_sends_the_end",
            "slow::wait_waits",
        ],
    ),
];

/// These depend on how soon the server takes the messages that the engine has taken.
const A_RACE: [&str; 9] = [
    "contract::topic::slow_member_delays_nobody",
    "contract::topic::slow_member_is_waited_for",
    "contract::topic::member_that_leaves_is_not_waited_for",
    "contract::topic::member_that_ends_is_not_waited_for",
    "contract::topic::member_that_takes_nothing_is_waited_for_as_long_as_its_policy_says",
    "contract::topic::who_has_no_room_is_counted",
    "contract::topic::who_joins_while_others_are_waited_for_gets_what_follows",
    "keepalive::room_goes_on_though_one_takes_nothing",
    "slow::wait_loses_nothing",
];

fn main() -> ExitCode {
    // The server keeps a connection for a second after the closing handshake.
    let suite = Suite::new(AppOn(ActixWs)).at_once(16);
    let cases = IMPOSSIBLE
        .iter()
        .flat_map(|(cause, cases)| cases.iter().map(move |case| (*case, *cause)));
    let suite = cases.fold(suite, |suite, (case, cause)| {
        suite.known_failure(case, cause)
    });
    let (cause, _) = IMPOSSIBLE[IMPOSSIBLE.len() - 1];
    A_RACE
        .into_iter()
        .fold(suite, |suite, case| suite.unsteady_failure(case, cause))
        .main()
}
