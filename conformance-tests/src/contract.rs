//! What the application that the kit tests has to be: sizes, counts and names that cases and applications share.

/// What the HTTP side of a server answers to every request that asks for no WebSocket, with 200.
pub const HTTP_BODY: &str = "this is the http side\n";

/// What the application sets on the answer of `/response-headers`: two cookies and a header that must arrive, and
/// three that must not replace those of the handshake.
pub const RESPONSE_HEADERS: &[(&str, &str)] = &[
    ("x-application", "switchwire"),
    ("set-cookie", "one=1"),
    ("set-cookie", "two=2; HttpOnly"),
    ("sec-websocket-accept", "forged"),
    ("upgrade", "forged"),
    ("content-length", "7"),
];

/// A proxy that the application trusts to say who the client is.
pub const PROXY: &str = "127.0.0.2";

/// How many sessions an endpoint with a limit may have, in all or from one address.
pub const MOST: usize = 2;

/// How long the payloads are that panic when they are dropped: a transport copies the first, and writes the second from
/// where it is.
pub const PANICKING_LENS: [usize; 2] = [10, 20_000];

/// How many messages the endpoints below `/slow/` send.
pub const SLOW_MESSAGES: u32 = 64;

/// The length of those messages. One is several times what the systems hold of a peer that keeps its buffers small: while the
/// peer does not read, not even the first is written, and none finds room that another found none before.
pub const SLOW_LEN: usize = 1 << 20;

/// The length of the messages that are sent without end, and the high-water mark of their endpoint.
pub const STEADY_LEN: usize = 64 << 10;

/// The length of a message that fills a member's buffer: several times what the systems hold of a peer that keeps its
/// buffers small, so that a little room that they find later is not enough for a message more.
pub const LARGE: usize = 1 << 20;

/// How many messages a peer sends that no handler takes unasked. They wait in the session, not in a system.
pub const HOARD_MESSAGES: usize = 128;

/// The length of those messages.
pub const HOARD_LEN: usize = 64 << 10;
