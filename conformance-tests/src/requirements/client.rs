//! What a client must do (RFC 6455 section 4.1), and what the docs of the client's traits promise.

requirements! { CLIENT:
    C1 = "client.1" Must Rfc6455 "4.1" "The handshake is a valid HTTP/1.1 GET request.";
    C2 = "client.2" Must Rfc6455 "4.1" "Host carries the port when it is not the default, and IPv6 in brackets.";
    C3 = "client.3" Must Rfc6455 "4.1" "Upgrade names websocket and Connection names Upgrade.";
    C4 = "client.4" Must Rfc6455 "4.1" "Every handshake has a fresh key of 16 random bytes.";
    C5 = "client.5" Must Rfc6455 "4.1" "Sec-WebSocket-Version is 13, once.";
    C6 = "client.6" Must Rfc6455 "3" "A URL with a fragment is an error before anything is sent." not "a request of switchwire-core cannot be made of such a URL; its own tests show it";
    C7 = "client.7" Must Rfc6455 "3" "An empty path is sent as a slash, with the query behind it.";
    C8 = "client.8" Must Rfc6455 "4.1" "A URL with another scheme, no host or an impossible port is an error.";
    C9 = "client.9" Must Rfc6455 "4.1" "A certificate that does not fit the host, has expired or is not trusted fails the handshake; the host name is sent as SNI." not "the kit speaks no TLS; tests of switchwire-client show it with certificates made there";
    C10 = "client.10" Must Rfc6455 "3" "Default ports are 80 for ws and 443 for wss." not "it would take a server on the ports 80 and 443; tests of switchwire-core show it";
    C11 = "client.11" Must Rfc6455 "4.1" "Only 101 upgrades; any other answer reaches the caller with status, headers and a bounded body.";
    C12 = "client.12" Must Rfc6455 "4.1" "An answer whose Upgrade is missing or names something else fails; case does not matter.";
    C13 = "client.13" Must Rfc6455 "4.1" "An answer whose Connection lacks the token Upgrade fails; case does not matter.";
    C14 = "client.14" Must Rfc6455 "4.1" "An answer whose accept value is missing or wrong fails; blanks around it do not matter.";
    C15 = "client.15" Must Rfc6455 "4.1" "An extension that was not offered fails the handshake.";
    C16 = "client.16" Must Rfc6455 "4.1" "A subprotocol that was not offered, letter by letter, fails the handshake.";
    C17 = "client.17" Must Rfc6455 "11.3.3" "Accept, subprotocol and extension headers appear at most once in an answer.";
    C18 = "client.18" Must Rfc6455 "4.1" "Nothing is sent before the answer has come.";
    C19 = "client.19" May Rfc6455 "10.4" "An answer without end is cut off at a limit.";
    C20 = "client.20" May Rfc6455 "10.4" "An answer that trickles in is given up at a deadline.";
    C21 = "client.21" May Rfc6455 "4.1" "A frame in one segment with the answer is delivered.";
    C22 = "client.22" Must Rfc6455 "4.1" "At most one connection to one address is being opened at a time, or the exception is documented." not "an exception, documented with switchwire-client: the rule protects servers from scripts in browsers";
    C23 = "client.23" May Rfc9110 "15.4" "A redirect to another origin does not carry credentials along, and wss never falls back to ws.";
    C24 = "client.24" Must Rfc9110 "5.5" "CR, LF and NUL in a path, header, subprotocol or host are an error and never sent.";
    C25 = "client.25" Must Rfc6455 "4.1" "Subprotocols offered are distinct tokens.";
    C26 = "client.26" Must Rfc6455 "5.3" "Every frame is masked, control frames and empty ones included.";
    C27 = "client.27" Must Rfc6455 "10.3" "Mask keys come from a strong source and cannot be foretold.";
    C28 = "client.28" Must Rfc6455 "5.1" "A masked frame from a server fails the connection with 1002.";
    C29 = "client.29" Should Rfc6455 "7.2.3" "Reconnecting waits a random time first and longer each time." not "reconnecting is no part of the trait; tests of switchwire-client show it";
    C30 = "client.30" Should Rfc6455 "7.1.1" "When the server does not close TCP, the client does at a deadline.";
    C31 = "client.31" Must Rfc6455 "4.1" "An answer in HTTP/1.0 fails; one without a reason phrase does not.";
    C32 = "client.32" Must Rfc7692 "7.1.2" "Window parameters that are out of range or were not offered fail the handshake.";
    C33 = "client.33" Must Rfc9110 "15.2" "Interim answers before the final one are skipped.";
    C34 = "client.34" Must Rfc9112 "6.3" "An answer of status 101 or 204 ends with its head, whatever its headers say.";

    CLIENT_REQUEST_1 = "client.request.1" Must Contract "ClientRequest" "The headers and cookies of the request are sent, each as often as it was set.";
    CLIENT_SUBPROTOCOL_1 = "client.subprotocol.1" Must Contract "WebSocketClient" "Subprotocols are offered in their order; a request that names none offers the handler's.";
    CLIENT_SUBPROTOCOL_2 = "client.subprotocol.2" Must Contract "WebSocketClient" "An answer that chooses no subprotocol is accepted, or an error when one is required.";
    CLIENT_INFO_1 = "client.info.1" Must Contract "WebSocketClient" "The session knows the URL that was asked for, the headers of the answer and the subprotocol.";
    CLIENT_ERROR_1 = "client.error.1" Must Contract "ConnectError" "Why there is no session is told: no connection, no answer, no HTTP, a refusal, a rule of the handshake.";
    CLIENT_TIMEOUT_1 = "client.timeout.1" Must Contract "ConnectError" "Connecting, TLS and the server's answer have a time each, and an error each when it passes.";
    CLIENT_TIMEOUT_2 = "client.timeout.2" Must Contract "ConnectError" "The time of the server's answer is one for all redirects of a call.";
    CLIENT_REDIRECT_1 = "client.redirect.1" Must Contract "ConnectError" "A redirect is an answer like any other unless following was asked for, and then as often as asked for.";
    CLIENT_REDIRECT_2 = "client.redirect.2" Must Contract "ConnectError" "A redirect is followed without its body, which may never end.";
    CLIENT_EXECUTE_1 = "client.execute.1" Must Contract "WebSocketClient" "A handler's result closes the session as on a server, and the call resolves with how it ended.";
    CLIENT_DROP_1 = "client.drop.1" Must Contract "WebSocketClient" "A call that is dropped takes its connection and its handler along.";
    CLIENT_DROP_2 = "client.drop.2" Must Contract "WebSocketClient" "A session that is dropped without a close is closed with 1001.";
}
