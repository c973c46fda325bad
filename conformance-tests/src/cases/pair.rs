//! What needs both ends: a client against a server that serves the kit's own handlers.

use bytes::Bytes;
use switchwire_core::{CloseCode, CloseStatus};

use crate::{
    PairCase,
    case::{Failure, Verdict, ensure},
    requirements::*,
    wire::Session,
};

pub(super) const CASES: &[PairCase] = &[
    PairCase::new(
        "pair::echo_of_a_hundred_in_order",
        &[&SESSION_RECEIVE_1, &SESSION_SEND_1],
        |pair| {
            let mut session = pair.open("/echo")?;
            for n in 0..100 {
                session.send(format!("message {n}"))?;
            }
            (0..100).try_for_each(|n| session.expect(format!("message {n}")))?;
            ends(&session)
        },
    ),
    PairCase::new(
        "pair::empty_messages_are_echoed",
        &[&SESSION_RECEIVE_1],
        |pair| {
            let mut session = pair.open("/echo")?;
            session.send("")?;
            session.send(Bytes::new())?;
            session.expect("")?;
            session.expect(Bytes::new())?;
            ends(&session)
        },
    ),
    PairCase::new(
        "pair::every_size_of_length_is_echoed",
        &[&SESSION_RECEIVE_1, &C26],
        |pair| {
            let mut session = pair.open("/echo")?;
            for len in [1, 125, 126, 127, 65535, 65536, 65537] {
                let payload: Vec<u8> = (0..len).map(|n| n as u8).collect();
                session.send(payload.clone())?;
                session.expect(payload)?;
            }
            ends(&session)
        },
    ),
    PairCase::new(
        "pair::subprotocol_is_agreed_on",
        &[&HANDSHAKE_SUBPROTOCOL_1, &C16],
        |pair| {
            let request = pair
                .request("/subprotocol")?
                .with_subprotocols(["unknown", "chat"])?;
            let mut session = pair.client().connect(request).session()?;
            let chosen = session.info().subprotocol();
            ensure(
                chosen == Some("chat"),
                "the subprotocol chat",
                format_args!("{chosen:?}"),
            )?;
            session.expect("chat")?;
            ends(&session)
        },
    ),
    PairCase::new(
        "pair::headers_reach_the_handler",
        &[&HANDSHAKE_INFO_1, &CLIENT_REQUEST_1],
        |pair| {
            let request = pair
                .request("/handshake")?
                .with_header("my-header", "my-value")?;
            let mut session = pair.client().connect(request).session()?;
            session.send("header my-header")?;
            session.expect("my-value")?;
            ends(&session)
        },
    ),
    PairCase::new(
        "pair::cookies_go_both_ways",
        &[&HANDSHAKE_INFO_1, &HANDSHAKE_RESPONSE_1],
        |pair| {
            let request = pair.request("/handshake")?.with_cookie("theme", "dark")?;
            let mut session = pair.client().connect(request).session()?;
            session.send("header cookie")?;
            session.expect("theme=dark")?;
            ends(&session)?;
            let session = pair.open("/response-headers")?;
            let headers = session.info().headers();
            let lines: Vec<_> = headers.get_all("set-cookie").iter().collect();
            ensure(
                lines.len() == 2 && lines[0] == "one=1",
                "two cookies",
                format_args!("{lines:?}"),
            )?;
            ends(&session)
        },
    ),
    PairCase::new(
        "pair::client_closes_with_code_and_reason",
        &[&SESSION_CLOSE_1, &K17],
        |pair| {
            let (mut journal, key) = pair.journal()?;
            let session = pair.open(&format!("/watch?{key}"))?;
            let status = CloseStatus::new(CloseCode::GOING_AWAY, "tab closed");
            session.close(status.map_err(|error| Failure::new("a status", error))?);
            session.expect_outcome("closed by this side: 1001 (tab closed)")?;
            journal.expect("end")?;
            journal.expect("end again")?;
            journal.expect("closed by peer: 1001 tab closed")
        },
    ),
    PairCase::new(
        "pair::server_closes_behind_its_messages",
        &[&SESSION_CLOSE_4, &K17],
        |pair| {
            let mut session = pair.open("/closing-stream")?;
            (0..3).try_for_each(|n| session.expect(n.to_string()))?;
            session.expect_end()?;
            session.expect_outcome("closed by the peer: 1001")
        },
    ),
    PairCase::new(
        "pair::server_closes_with_code_and_reason",
        &[&SESSION_CLOSE_1, &K17],
        |pair| {
            let mut session = pair.open("/close?code=4001&reason=bye&how=unawaited")?;
            session.expect_end()?;
            session.expect_outcome("closed by the peer: 4001 (bye)")
        },
    ),
    PairCase::new(
        "pair::large_text_is_echoed",
        &[&SESSION_RECEIVE_1, &F13],
        |pair| {
            let mut session = pair.open("/large")?;
            // A character of two bytes, so that frames and buffers cut it.
            let text = format!("x{}", "\u{e9}".repeat((1 << 19) - 1));
            session.send(text.clone())?;
            session.expect(text)?;
            ends(&session)
        },
    ),
    PairCase::new(
        "pair::message_of_1_mib_is_echoed",
        &[&SESSION_RECEIVE_1, &F13],
        |pair| {
            let mut session = pair.open("/large")?;
            let payload: Vec<u8> = (0..1_u32 << 20).map(|n| (n % 251) as u8).collect();
            session.send(payload.clone())?;
            session.expect(payload)?;
            ends(&session)
        },
    ),
    PairCase::new(
        "pair::slow_reader_on_the_client_loses_nothing",
        &[&SESSION_RECEIVE_4, &SESSION_SEND_2],
        |pair| {
            let (mut journal, key) = pair.journal()?;
            let mut session = pair.open(&format!("/push?{key}"))?;
            let mut accepted = 0;
            while journal.receive_soon()?.is_some() {
                accepted += 1;
            }
            let seen = format_args!("{accepted} messages of 64 KiB were accepted");
            ensure(accepted < 512, "the server to wait", seen)?;
            for n in 0..512_u32 {
                let mut payload = vec![0; 64 << 10];
                payload[..4].copy_from_slice(&n.to_be_bytes());
                session.expect(payload)?;
            }
            session.expect_end()?;
            session.expect_outcome("closed by the peer: 1000")
        },
    ),
    PairCase::new(
        "pair::slow_reader_on_the_server_stops_the_client",
        &[&SESSION_RECEIVE_4, &SESSION_BACKPRESSURE_2],
        |pair| {
            let session = pair.open("/never-reads")?;
            let most = 1000;
            let sent = session.send_until_full(&[0; 64 << 10], most)?;
            ensure(
                sent < most,
                "sending to wait",
                format_args!("{sent} messages of 64 KiB"),
            )
        },
    ),
    PairCase::new(
        "pair::refusal_reaches_the_caller",
        &[&C11, &HANDSHAKE_REFUSAL_1],
        |pair| {
            let call = pair.client().connect(pair.request("/no-such-path")?);
            call.expect_refusal(404).map(drop)
        },
    ),
];

/// The closing handshake, begun by the client.
fn ends(session: &Session) -> Verdict {
    session.close(CloseCode::NORMAL);
    session.expect_outcome("closed by this side: 1000")
}
