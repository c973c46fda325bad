//! Limits that keep a server alive (RFC 6455 section 10.4).

requirements! { LIMITS:
    L1 = "limits.1" Must Rfc6455 "10.4" "A frame above the frame limit fails with 1009 at its header; one at the limit passes.";
    L2 = "limits.2" Must Rfc6455 "10.4" "A message above the message limit fails with 1009, however it is cut into fragments; one at the limit passes.";
    L3 = "limits.3" May Rfc6455 "10.4" "A message of more fragments than allowed fails with 1008; one at the limit passes.";
    L4 = "limits.4" May Rfc6455 "10.4" "Outgoing bytes per session are bounded: a sender waits when the peer does not read.";
    L5 = "limits.5" May Rfc6455 "5.5.3" "A peer that pings and does not read makes no queue of pongs grow.";
    L6 = "limits.6" May Rfc6455 "10.4" "Handshake time, header bytes, header count and request line have limits." not "covered by handshake.58 to handshake.61";
    L7 = "limits.7" May Rfc6455 "10.4" "Idle connections and missing pongs end a session at their time.";
    L8 = "limits.8" May Rfc6455 "7.1.2" "The closing handshake has a deadline." not "covered by closing.23";
    L9 = "limits.9" May Rfc6455 "10.4" "A write without progress ends the session at a deadline.";
    L10 = "limits.10" May Rfc6455 "10.4" "The number of sessions is limited, in total and per address.";
    L11 = "limits.11" May Rfc6455 "10.4" "The number of handshakes under way is limited." not "there is no such limit: each has a deadline, limits.6; accepting is the server's";
    L12 = "limits.12" May Rfc6455 "10.4" "The rate of control frames is limited.";
    L13 = "limits.13" May Rfc6455 "10.4" "An announced length allocates no more than was received." not "memory cannot be seen over the wire; framing.12 and framing.18 show the refusal at the header, the backend's own tests the memory";
    L14 = "limits.14" May Rfc6455 "10.4" "What a session can cost at most is documented and asserted." not "memory cannot be seen over the wire; the soak test measures it";
}
