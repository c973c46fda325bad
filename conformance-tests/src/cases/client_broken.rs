//! What is no answer, and what is too much of one (RFC 6455 section 10.4).

use switchwire_core::{ConnectError, client::HandshakeViolation as Not};

use crate::{ClientCase, case::ensure, requirements::*, wire::Answer};

pub(super) const CASES: &[ClientCase] = &[
    ClientCase::new(
        "client::contract::end_instead_of_an_answer_is_told",
        &[&CLIENT_ERROR_1],
        |client| {
            let (call, mut peer, _) = client.ask("/")?;
            peer.finish();
            call.expect_violation(&Not::Truncated)
        },
    ),
    ClientCase::new(
        "client::contract::answer_cut_off_in_its_head_is_told",
        &[&CLIENT_ERROR_1],
        |client| {
            let (call, mut peer, asked) = client.ask("/")?;
            let head = Answer::switching(&asked).encode();
            peer.write(&head[..head.len() - 2]);
            peer.finish();
            call.expect_violation(&Not::Truncated)
        },
    ),
    ClientCase::new(
        "client::contract::reset_instead_of_an_answer_is_told",
        &[&CLIENT_ERROR_1],
        |client| {
            let (call, peer, _) = client.ask("/")?;
            peer.reset();
            let expected = "the error that the network failed";
            call.expect_error(expected, |it| matches!(it, ConnectError::Io(_)))
        },
    ),
    ClientCase::new(
        "client::contract::answer_that_is_no_http_is_told",
        &[&CLIENT_ERROR_1],
        |client| {
            let (call, mut peer, _) = client.ask("/")?;
            peer.write(b"SSH-2.0-OpenSSH_9.9\r\n\r\n");
            call.expect_violation(&Not::Syntax)?;
            peer.expect_end_unasked()
        },
    ),
    ClientCase::new(
        "client::contract::header_without_a_colon_is_told",
        &[&CLIENT_ERROR_1],
        |client| {
            let (call, mut peer, _) = client.ask("/")?;
            peer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade websocket\r\n\r\n");
            call.expect_violation(&Not::Syntax)
        },
    ),
    // Limits.
    ClientCase::new(
        "client::s10_4::head_without_end_is_cut_off",
        &[&C19],
        |client| {
            let (call, mut peer, _) = client.ask("/")?;
            peer.write(b"HTTP/1.1 101 Switching Protocols\r\nX: ");
            let taken = peer.flood(&[b'x'; 16 << 10], 32 << 20);
            ensure(
                taken < 32 << 20,
                "the client to stop reading",
                format_args!("{taken} bytes"),
            )?;
            call.expect_violation(&Not::TooLong)
        },
    ),
    ClientCase::new(
        "client::s10_4::headers_without_end_are_cut_off",
        &[&C19],
        |client| {
            let (call, mut peer, _) = client.ask("/")?;
            peer.write(b"HTTP/1.1 101 Switching Protocols\r\n");
            let lines = b"X-Line: of many\r\n".repeat(1000);
            let taken = peer.flood(&lines, 32 << 20);
            ensure(
                taken < 32 << 20,
                "the client to stop reading",
                format_args!("{taken} bytes"),
            )?;
            call.expect_violation(&Not::TooLong)
        },
    ),
    ClientCase::new(
        "client::s10_4::interim_answers_without_end_are_cut_off",
        &[&C19, &C33],
        |client| {
            let (call, mut peer, _) = client.ask("/")?;
            let interim = Answer::status("100 Continue").and("X", [b'x'; 1000]);
            let taken = peer.flood(&interim.encode(), 32 << 20);
            ensure(
                taken < 32 << 20,
                "the client to stop reading",
                format_args!("{taken} bytes"),
            )?;
            call.expect_violation(&Not::TooLong)
        },
    ),
    ClientCase::new(
        "client::s10_4::head_over_64_kib_is_refused",
        &[&C19],
        |client| {
            let (call, mut peer, asked) = client.ask("/")?;
            peer.answer(&Answer::switching(&asked).and("X", vec![b'x'; 66_000]));
            call.expect_violation(&Not::TooLong)
        },
    ),
    ClientCase::new(
        "client::s10_4::more_than_a_hundred_headers_are_refused",
        &[&C19],
        |client| {
            let (call, mut peer, asked) = client.ask("/")?;
            let many = (0..200).fold(Answer::switching(&asked), |it, _| it.and("X", "y"));
            peer.answer(&many);
            call.expect_violation(&Not::TooLong)
        },
    ),
];
