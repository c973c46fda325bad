//! What a client must do (RFC 6455 section 4.1). No case yet: the kit has only its server side.

requirements! { CLIENT:
    C1 = "client.1" Must Rfc6455 "4.1" "The handshake is a valid HTTP/1.1 GET request." not "waits for the client side of the kit";
    C2 = "client.2" Must Rfc6455 "4.1" "Host carries the port when it is not the default, and IPv6 in brackets." not "waits for the client side of the kit";
    C3 = "client.3" Must Rfc6455 "4.1" "Upgrade names websocket and Connection names Upgrade." not "waits for the client side of the kit";
    C4 = "client.4" Must Rfc6455 "4.1" "Every handshake has a fresh key of 16 random bytes." not "waits for the client side of the kit";
    C5 = "client.5" Must Rfc6455 "4.1" "Sec-WebSocket-Version is 13, once." not "waits for the client side of the kit";
    C6 = "client.6" Must Rfc6455 "3" "A URL with a fragment is an error before anything is sent." not "waits for the client side of the kit";
    C7 = "client.7" Must Rfc6455 "3" "An empty path is sent as a slash, with the query behind it." not "waits for the client side of the kit";
    C8 = "client.8" Must Rfc6455 "4.1" "A URL with another scheme, no host or an impossible port is an error." not "waits for the client side of the kit";
    C9 = "client.9" Must Rfc6455 "4.1" "A certificate that does not fit the host, has expired or is not trusted fails the handshake; the host name is sent as SNI." not "waits for the client side of the kit";
    C10 = "client.10" Must Rfc6455 "3" "Default ports are 80 for ws and 443 for wss." not "waits for the client side of the kit";
    C11 = "client.11" Must Rfc6455 "4.1" "Only 101 upgrades; any other answer reaches the caller with status, headers and a bounded body." not "waits for the client side of the kit";
    C12 = "client.12" Must Rfc6455 "4.1" "An answer whose Upgrade is missing or names something else fails; case does not matter." not "waits for the client side of the kit";
    C13 = "client.13" Must Rfc6455 "4.1" "An answer whose Connection lacks the token Upgrade fails; case does not matter." not "waits for the client side of the kit";
    C14 = "client.14" Must Rfc6455 "4.1" "An answer whose accept value is missing or wrong fails; blanks around it do not matter." not "waits for the client side of the kit";
    C15 = "client.15" Must Rfc6455 "4.1" "An extension that was not offered fails the handshake." not "waits for the client side of the kit";
    C16 = "client.16" Must Rfc6455 "4.1" "A subprotocol that was not offered, letter by letter, fails the handshake." not "waits for the client side of the kit";
    C17 = "client.17" Must Rfc6455 "11.3.3" "Accept, subprotocol and extension headers appear at most once in an answer." not "waits for the client side of the kit";
    C18 = "client.18" Must Rfc6455 "4.1" "Nothing is sent before the answer has come." not "waits for the client side of the kit";
    C19 = "client.19" May Rfc6455 "10.4" "An answer without end is cut off at a limit." not "waits for the client side of the kit";
    C20 = "client.20" May Rfc6455 "10.4" "An answer that trickles in is given up at a deadline." not "waits for the client side of the kit";
    C21 = "client.21" May Rfc6455 "4.1" "A frame in one segment with the answer is delivered." not "waits for the client side of the kit";
    C22 = "client.22" Must Rfc6455 "4.1" "At most one connection to one address is being opened at a time, or the exception is documented." not "waits for the client side of the kit";
    C23 = "client.23" May Rfc9110 "15.4" "A redirect to another origin does not carry credentials along, and wss never falls back to ws." not "waits for the client side of the kit";
    C24 = "client.24" Must Rfc9110 "5.5" "CR, LF and NUL in a path, header, subprotocol or host are an error and never sent." not "waits for the client side of the kit";
    C25 = "client.25" Must Rfc6455 "4.1" "Subprotocols offered are distinct tokens." not "waits for the client side of the kit";
    C26 = "client.26" Must Rfc6455 "5.3" "Every frame is masked, control frames and empty ones included." not "waits for the client side of the kit";
    C27 = "client.27" Must Rfc6455 "10.3" "Mask keys come from a strong source and cannot be foretold." not "waits for the client side of the kit";
    C28 = "client.28" Must Rfc6455 "5.1" "A masked frame from a server fails the connection with 1002." not "waits for the client side of the kit";
    C29 = "client.29" Should Rfc6455 "7.2.3" "Reconnecting waits a random time first and longer each time." not "waits for the client side of the kit";
    C30 = "client.30" Should Rfc6455 "7.1.1" "When the server does not close TCP, the client does at a deadline." not "waits for the client side of the kit";
    C31 = "client.31" Must Rfc6455 "4.1" "An answer in HTTP/1.0 fails; one without a reason phrase does not." not "waits for the client side of the kit";
    C32 = "client.32" Must Rfc7692 "7.1.2" "Window parameters that are out of range or were not offered fail the handshake." not "waits for the client side of the kit";
}
