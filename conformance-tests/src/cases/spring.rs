//! The six scenarios of Spring WebFlux's own suite, by name, so that its users find them again.

use crate::{Case, case::ensure, requirements::*, wire::Frame};

pub(super) const CASES: &[Case] = &[
    Case::app(
        "spring::echo",
        &[&SESSION_RECEIVE_1, &SESSION_SEND_1],
        |server| {
            let mut peer = server.open("/echo")?;
            for n in 0..100 {
                peer.send(&Frame::text(format!("msg-{n}")));
            }
            for n in 0..100 {
                peer.expect_text(format!("msg-{n}"))?;
            }
            peer.close()
        },
    ),
    Case::app(
        "spring::sub_protocol",
        &[&HANDSHAKE_SUBPROTOCOL_1, &HANDSHAKE_INFO_1],
        |server| {
            let request = server
                .upgrade_to("/subprotocol")
                .and("Sec-WebSocket-Protocol", "chat");
            let (mut peer, reply) = server.accept(&request)?;
            ensure(
                reply.header("sec-websocket-protocol") == Some("chat"),
                "Sec-WebSocket-Protocol: chat",
                &reply,
            )?;
            peer.expect_text("chat")?;
            peer.close()
        },
    ),
    Case::app("spring::custom_header", &[&HANDSHAKE_INFO_1], |server| {
        let (mut peer, _) =
            server.accept(&server.upgrade_to("/handshake").and("my-header", "my-value"))?;
        peer.send(&Frame::text("header my-header"));
        peer.expect_text("my-value")?;
        peer.close()
    }),
    Case::app(
        "spring::session_closing",
        &[&SESSION_CLOSE_1, &SESSION_CLOSE_4],
        |server| {
            let mut peer = server.open("/closing-stream")?;
            for n in 0..3 {
                peer.expect_text(n.to_string())?;
            }
            peer.expect_close(1001).map(drop)
        },
    ),
    Case::app("spring::cookie", &[&HANDSHAKE_RESPONSE_1], |server| {
        let (peer, reply) = server.accept(&server.upgrade_to("/response-headers"))?;
        ensure(
            reply.all("set-cookie").any(|cookie| cookie == "one=1"),
            "Set-Cookie: one=1",
            &reply,
        )?;
        peer.close()
    }),
    Case::app(
        "spring::large_message",
        &[&SESSION_RECEIVE_1, &F13],
        |server| {
            let text = "0123456789abcdef".repeat(8 << 10);
            let mut peer = server.open("/echo")?;
            peer.send(&Frame::text(&text));
            peer.expect_text(&text)?;
            peer.close()
        },
    ),
];
