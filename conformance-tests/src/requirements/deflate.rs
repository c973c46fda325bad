//! permessage-deflate (RFC 7692). No case yet: no backend offers it.

requirements! { DEFLATE:
    D1 = "deflate.1" Must Rfc7692 "5" "Compression that was not offered is never accepted." not "waits for permessage-deflate; handshake.45 covers a server without it";
    D2 = "deflate.2" Must Rfc7692 "7.1" "A plain offer is accepted once or declined." not "waits for permessage-deflate";
    D3 = "deflate.3" Must Rfc7692 "7.1" "An offer with an unknown parameter is declined." not "waits for permessage-deflate";
    D4 = "deflate.4" Must Rfc7692 "7.1" "An offer that repeats a parameter is declined." not "waits for permessage-deflate";
    D5 = "deflate.5" Must Rfc7692 "7.1.1.1" "An offer that gives server_no_context_takeover a value is declined." not "waits for permessage-deflate";
    D6 = "deflate.6" Must Rfc7692 "7.1.2.1" "An offer whose server_max_window_bits is missing its value, outside 8 to 15, zero-padded or no number is declined." not "waits for permessage-deflate";
    D7 = "deflate.7" Must Rfc7692 "7.1.2.1" "An offered server window is answered with that or a smaller one, or declined." not "waits for permessage-deflate";
    D8 = "deflate.8" Must Rfc7692 "7.1.2.2" "A client window is set only when the client said it can." not "waits for permessage-deflate";
    D9 = "deflate.9" Must Rfc7692 "7.1.2.2" "A client window in the answer is from 8 to 15 and no larger than offered." not "waits for permessage-deflate";
    D10 = "deflate.10" Must Rfc7692 "5.1" "When the first offer is unfit, the next is tried." not "waits for permessage-deflate";
    D11 = "deflate.11" Must Rfc7692 "6" "RSV1 on a continuation fails the connection." not "waits for permessage-deflate";
    D12 = "deflate.12" Must Rfc7692 "6" "RSV1 on a control frame fails the connection." not "waits for permessage-deflate";
    D13 = "deflate.13" Must Rfc7692 "6" "RSV1 after a declined offer fails the connection." not "waits for permessage-deflate";
    D14 = "deflate.14" Must Rfc7692 "6.2" "A message without RSV1 is plain, also on a compressed connection." not "waits for permessage-deflate";
    D15 = "deflate.15" Must Rfc7692 "7.2.2" "A compressed message is inflated." not "waits for permessage-deflate";
    D16 = "deflate.16" Must Rfc7692 "7.2.3.1" "A compressed message may be fragmented." not "waits for permessage-deflate";
    D17 = "deflate.17" Must Rfc7692 "7.2.3.2" "With context takeover a message may refer to the one before." not "waits for permessage-deflate";
    D18 = "deflate.18" Must Rfc7692 "7.2.3.3" "A stored block is inflated." not "waits for permessage-deflate";
    D19 = "deflate.19" Must Rfc7692 "7.2.3.4" "A final block is inflated." not "waits for permessage-deflate";
    D20 = "deflate.20" Must Rfc7692 "7.2.3.6" "An empty compressed message is an empty message." not "waits for permessage-deflate";
    D21 = "deflate.21" Must Rfc7692 "7.2.1" "What is sent lacks the four tail bytes and carries RSV1 on its first frame only." not "waits for permessage-deflate";
    D22 = "deflate.22" Must Rfc7692 "7.1.1.1" "Without context takeover each message inflates alone." not "waits for permessage-deflate";
    D23 = "deflate.23" Must Rfc7692 "7.1.2.1" "What is sent inflates within the agreed window." not "waits for permessage-deflate";
    D24 = "deflate.24" Must Rfc7692 "7.2.2" "Data that does not inflate fails that connection only." not "waits for permessage-deflate";
    D25 = "deflate.25" Must Rfc6455 "8.1" "Inflated text must be UTF-8." not "waits for permessage-deflate";
    D26 = "deflate.26" Must Rfc6455 "10.4" "Inflating stops at the message limit." not "waits for permessage-deflate";
}
