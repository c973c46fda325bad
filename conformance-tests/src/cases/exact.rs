//! Answers that are the same bytes on every server. The requests are in `exact/requests.txt`.

use crate::{Case, exact::run, requirements::*};

const HINT: &str = "where the page of the application is expected: answer every other request with 200 and TestApp::HTTP_BODY";

/// A case for each section.
macro_rules! sections {
    ($($section:literal,)*) => {
        pub(super) const CASES: &[Case] = &[$(
            Case::app(concat!("exact::", $section), &[&HANDSHAKE_ANSWER_1], |server| {
                run(server, $section)
            })
            .hint(HINT),
        )*];
    };
}

sections! {
    "methods",
    "versions",
    "hosts",
    "upgrade",
    "connection",
    "keys",
    "websocket_versions",
    "subprotocols",
    "extensions",
    "origins",
    "targets",
    "lines",
    "bodies",
    "sizes",
    "application",
    "preflights",
    "closes",
    "frames",
}
