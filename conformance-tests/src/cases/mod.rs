//! Every case, one file per part of the protocol.

mod admission;
mod answers;
mod attributes;
mod budget;
mod client_answer;
mod client_broken;
mod client_closes;
mod client_closing;
mod client_execute;
mod client_frames;
mod client_http;
mod client_masks;
mod client_messages;
mod client_redirects;
mod client_refusal;
mod client_request;
mod client_subprotocol;
mod client_timeouts;
mod contract_close;
mod contract_end;
mod contract_handshake;
mod contract_receive;
mod contract_session;
mod cors;
mod exact;
mod forwarded;
mod interceptors;
mod keepalive;
mod limits;
mod mapping;
mod origin;
mod pair;
mod rate;
mod registry;
mod s10_2;
mod s4_answer;
mod s4_headers;
mod s4_request;
mod s5_2;
mod s5_4;
mod s5_5;
mod s7;
mod s8_1;
mod settings;
mod shutdown;
mod slow;
mod spring;
mod subprotocol;
mod topic;
mod unfinished;
mod unread;

use self::contract_handshake::http_side;
use crate::{
    Case, ClientCase, PairCase,
    case::Verdict,
    wire::{Frame, Peer, Request, Server},
};

/// The hint of the cases that ask the HTTP side.
const HTTP_SIDE: &str = "answer every other request with 200 and TestApp::HTTP_BODY";

/// Every case of a server, in reading order.
pub fn cases() -> impl Iterator<Item = &'static Case> {
    [
        s4_request::CASES,
        s4_headers::CASES,
        s4_answer::CASES,
        s5_2::CASES,
        s5_4::CASES,
        s5_5::CASES,
        s8_1::CASES,
        s7::CASES,
        limits::CASES,
        unfinished::CASES,
        s10_2::CASES,
        contract_handshake::CASES,
        contract_receive::CASES,
        contract_session::CASES,
        contract_close::CASES,
        contract_end::CASES,
        keepalive::CASES,
        unread::CASES,
        slow::CASES,
        rate::CASES,
        mapping::CASES,
        origin::CASES,
        forwarded::CASES,
        cors::CASES,
        subprotocol::CASES,
        interceptors::CASES,
        attributes::CASES,
        settings::CASES,
        registry::CASES,
        topic::CASES,
        budget::CASES,
        shutdown::CASES,
        answers::CASES,
        admission::CASES,
        spring::CASES,
        exact::CASES,
    ]
    .into_iter()
    .flatten()
}

/// Every case of a client, in reading order.
pub fn client_cases() -> impl Iterator<Item = &'static ClientCase> {
    [
        client_request::CASES,
        client_subprotocol::CASES,
        client_answer::CASES,
        client_http::CASES,
        client_refusal::CASES,
        client_broken::CASES,
        client_timeouts::CASES,
        client_masks::CASES,
        client_frames::CASES,
        client_messages::CASES,
        client_closing::CASES,
        client_closes::CASES,
        client_execute::CASES,
        client_redirects::CASES,
    ]
    .into_iter()
    .flatten()
}

/// Every case of a client and a server together, in reading order.
pub fn pair_cases() -> impl Iterator<Item = &'static PairCase> {
    pair::CASES.iter()
}

/// The echo endpoint fails the connection with this code.
fn fails(server: &Server, frames: &[Frame], code: u16) -> Verdict {
    let mut peer = server.open_echo()?;
    peer.send_all(frames);
    peer.expect_failed(&[code])
}

/// The echo endpoint sends back this text, and nothing else.
fn echoes(server: &Server, frames: &[Frame], text: &str) -> Verdict {
    let mut peer = server.open_echo()?;
    peer.send_all(frames);
    peer.expect_text(text)?;
    peer.close()
}

/// The handshake is accepted and the endpoint works.
fn accepted(server: &Server, request: &Request) -> Verdict {
    let (mut peer, _) = server.accept(request)?;
    peer.send(&Frame::text("hello"));
    peer.expect_text("hello")?;
    peer.close()
}

/// The handshake is refused, and the server still accepts a good one.
fn refused(server: &Server, request: &Request) -> Verdict {
    server.refuse(request)?;
    accepted(server, &server.upgrade())
}

/// A handshake is accepted, and the handler answers these questions so.
fn asked(server: &Server, request: &Request, questions: &[(&str, &str)]) -> Verdict {
    let (mut peer, _) = server.accept(request)?;
    answers(&mut peer, questions)?;
    peer.close()
}

/// The handler answers these questions so.
fn answers(peer: &mut Peer, questions: &[(&str, &str)]) -> Verdict {
    questions.iter().try_for_each(|(question, answer)| {
        peer.send(&Frame::text(question));
        peer.expect_text(answer)
    })
}
