//! The closing handshake (RFC 6455 sections 5.5.1 and 7).

requirements! { CLOSING:
    K1 = "closing.1" Must Rfc6455 "5.5.1" "A Close is answered with a Close of the same code, then the server closes TCP.";
    K2 = "closing.2" Must Rfc6455 "5.5.1" "A Close without code is answered with a Close without code or with 1000.";
    K3 = "closing.3" Must Rfc6455 "5.5.1" "A Close with one byte of payload fails with 1002.";
    K4 = "closing.4" Must Rfc6455 "7.4.1" "1005, 1006 and 1015 are never on the wire: receiving one fails with 1002, and none is sent.";
    K5 = "closing.5" Must Rfc6455 "7.4.2" "A code outside the ranges that may be used fails with 1002.";
    K6 = "closing.6" Must Rfc6455 "7.4" "Registered, library and private codes are answered with the same code.";
    K7 = "closing.7" Must Rfc6455 "8.1" "A reason that is not UTF-8 fails with 1007 (or 1002).";
    K8 = "closing.8" Must Rfc6455 "5.5" "A reason may have 123 bytes and no more.";
    K9 = "closing.9" Must Rfc6455 "5.5.1" "Data after a Close is not processed.";
    K10 = "closing.10" Must Rfc6455 "5.5.1" "A ping after a Close is not answered.";
    K11 = "closing.11" Must Rfc6455 "1.4" "Garbage behind a Close does not keep the answer from going out.";
    K12 = "closing.12" Must Rfc6455 "5.5.1" "A second Close is not answered.";
    K13 = "closing.13" Must Rfc6455 "5.5.1" "Nothing is sent after a Close was sent.";
    K14 = "closing.14" May Rfc6455 "5.5.1" "A message being sent may be finished before a Close is answered.";
    K15 = "closing.15" Must Rfc6455 "7.1.1" "After both Closes the server closes TCP first, at once.";
    K16 = "closing.16" Must Rfc6455 "5.5.1" "When both sides send a Close at once, neither is answered again.";
    K17 = "closing.17" Must Rfc6455 "7.1.5" "The handler learns the code and reason of the peer's Close.";
    K18 = "closing.18" Must Rfc6455 "7.1.5" "A Close without code is seen as 1005, that is, as no status.";
    K19 = "closing.19" Must Rfc6455 "7.1.5" "A connection that ended without Close is seen as 1006, that is, as abnormal.";
    K20 = "closing.20" Must Rfc6455 "7.1.5" "A message cut off by the end of TCP is not delivered and the end is abnormal.";
    K21 = "closing.21" Should Rfc6455 "7.1.7" "A connection that fails is told why by a Close before TCP closes.";
    K22 = "closing.22" Must Rfc6455 "7.1.7" "Frames behind a violation are not processed.";
    K23 = "closing.23" Should Rfc6455 "7.1.2" "A peer that never answers a Close is disconnected at a deadline.";
    K24 = "closing.24" Should Rfc6455 "7.1.2" "Data that arrives between our Close and its answer does not break the closing handshake.";
    K25 = "closing.25" May Rfc6455 "7.1.1" "Unread input does not make a reset destroy the Close frame.";
    K26 = "closing.26" May Rfc6455 "7.4.1" "At shutdown every session gets 1001.";
    K27 = "closing.27" May Rfc6455 "7.4.1" "A handler that fails or panics closes with 1011 and tells nothing more.";
    K28 = "closing.28" May Rfc6455 "7.4.1" "A handler can refuse a type of message with 1003.";
    K29 = "closing.29" May Rfc6455 "7.4.1" "Broken policy closes with 1008, too big with 1009, overload with 1013.";
    K30 = "closing.30" Must Rfc6455 "7.4.1" "A server never begins a closing handshake with 1010." not "nothing the kit can send makes a server close with it";
    K31 = "closing.31" May Rfc6455 "7.3" "A handler that ends normally closes with 1000.";
    K32 = "closing.32" Must Rfc6455 "7.1.7" "A client fails a connection as a server does, with a masked Close.";
    K33 = "closing.33" Must Rfc6455 "5.5.1" "A peer that half-closes TCP without Close loses no message it sent before, and TCP ends.";
    K34 = "closing.34" Should Rfc6455 "7.1.1" "A client leaves closing TCP to the server.";
    K35 = "closing.35" May Rfc6455 "7.1.5" "Truncation of TLS is abnormal unless a Close came before it." not "the kit's app is served without TLS";
    K36 = "closing.36" May Rfc6455 "7.1.4" "After the end sending fails, receiving has ended and closing does nothing.";
}
