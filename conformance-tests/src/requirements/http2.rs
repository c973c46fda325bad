//! WebSocket over HTTP/2 (RFC 8441). No case yet: no backend offers it.

requirements! { HTTP2:
    W1 = "http2.1" Must Rfc8441 "3" "SETTINGS_ENABLE_CONNECT_PROTOCOL is 0 or 1." not "waits for WebSocket over HTTP/2";
    W2 = "http2.2" Must Rfc8441 "3" "Once 1, the setting never becomes 0." not "waits for WebSocket over HTTP/2";
    W3 = "http2.3" Must Rfc8441 "3" "A client that has not seen 1 sends no :protocol." not "waits for WebSocket over HTTP/2";
    W4 = "http2.4" Must Rfc8441 "4" "An extended CONNECT without :scheme or :path is a stream error." not "waits for WebSocket over HTTP/2";
    W5 = "http2.5" Must Rfc8441 "5" "A well-formed extended CONNECT is answered with 200, and frames travel in DATA." not "waits for WebSocket over HTTP/2";
    W6 = "http2.6" Must Rfc8441 "5" "Key and accept value are neither needed nor sent." not "waits for WebSocket over HTTP/2";
    W7 = "http2.7" Must Rfc9113 "8.2.2" "Connection and Upgrade headers make a request malformed." not "waits for WebSocket over HTTP/2";
    W8 = "http2.8" Must Rfc8441 "5" "Origin, subprotocols and extensions follow the rules of the opening handshake." not "waits for WebSocket over HTTP/2";
    W9 = "http2.9" Should Rfc9220 "3" "An unknown :protocol is answered with 501." not "waits for WebSocket over HTTP/2";
    W10 = "http2.10" Must Rfc8441 "5" "END_STREAM without Close is an abnormal end, and RST_STREAM is as a TCP reset." not "waits for WebSocket over HTTP/2";
    W11 = "http2.11" Must Rfc6455 "5.1" "Client frames are masked over HTTP/2, too." not "waits for WebSocket over HTTP/2";
    W12 = "http2.12" May Rfc9113 "5.2" "A peer whose window is 0 blocks its own stream only." not "waits for WebSocket over HTTP/2";
}
