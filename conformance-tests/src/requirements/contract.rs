//! The contract: what every backend does beyond the RFCs. The ids are those of the trait docs.

requirements! { CONTRACT:
    HANDSHAKE_REFUSAL_1 = "handshake.refusal.1" Must Contract "WebSocketService" "Each reason to refuse has its own status: 405 with Allow, 426 with Sec-WebSocket-Version, 403 for an origin, 404 for a path, 400 for the rest.";
    HANDSHAKE_REFUSAL_2 = "handshake.refusal.2" Must Contract "WebSocketService" "A refused handshake leaves the HTTP connection usable.";
    HANDSHAKE_REFUSAL_3 = "handshake.refusal.3" Must Contract "WebSocketService" "A refusal holds nothing of the request and nothing internal.";
    HANDSHAKE_FALLTHROUGH_1 = "handshake.fallthrough.1" Must Contract "HandshakeRequest" "A request that asks for no WebSocket belongs to the HTTP side, also on a path that has a handler.";
    HANDSHAKE_RESPONSE_1 = "handshake.response.1" Must Contract "HandshakeRequest" "Headers and cookies that the application sets reach the 101; those of the handshake cannot be replaced.";
    HANDSHAKE_SUBPROTOCOL_1 = "handshake.subprotocol.1" Must Contract "WebSocketHandler" "The first subprotocol in the client's order that the handler speaks is chosen; without a match there is none.";
    HANDSHAKE_INFO_1 = "handshake.info.1" Must Contract "HandshakeInfo" "The handler sees the request's target, headers and cookies, and the subprotocol agreed on.";
    HANDSHAKE_INFO_2 = "handshake.info.2" Must Contract "HandshakeInfo" "The handler sees the parameters of its path, decoded.";
    HANDSHAKE_INFO_3 = "handshake.info.3" Must Contract "HandshakeInfo" "The handler sees the address the connection came from.";
    HANDSHAKE_INFO_4 = "handshake.info.4" Must Contract "HandshakeInfo" "Attributes set on a session are seen by it alone.";
    HANDSHAKE_ORIGIN_1 = "handshake.origin.1" Must Contract "WebSocketService" "With no setting made, an origin other than the server's own is answered with 403.";
    HANDSHAKE_EXTENSIONS_1 = "handshake.extensions.1" Must Contract "HandshakeWebSocketService" "No extension is spoken: well-formed offers are ignored, malformed ones answered with 400.";
    UPGRADE_RESPONSE_1 = "upgrade.response.1" Must Contract "RequestUpgradeStrategy" "The 101 carries every header it was given and neither body nor length.";
    UPGRADE_BYTES_1 = "upgrade.bytes.1" Must Contract "RequestUpgradeStrategy" "Bytes that came together with the request reach the session.";

    HANDLER_END_1 = "handler.end.1" Must Contract "WebSocketHandler" "When the handler returns Ok, what it sent is written and the session closes with 1000.";
    HANDLER_END_2 = "handler.end.2" Must Contract "WebSocketHandler" "When it returns an error, the session closes with 1011 and an empty reason, or with the status the error chose.";
    HANDLER_END_3 = "handler.end.3" Must Contract "WebSocketHandler" "When it panics, that session closes with 1011 and no other is touched.";
    HANDLER_END_4 = "handler.end.4" Must Contract "WebSocketHandler" "A handler that goes on after its connection is gone is dropped after the grace.";

    SESSION_RECEIVE_1 = "session.receive.1" Must Contract "WebSocketSession" "Messages are received whole and in order, empty ones too; pings and pongs only when asked for.";
    SESSION_RECEIVE_2 = "session.receive.2" Must Contract "WebSocketSession" "After the peer's Close receiving ends, once everything before it was received.";
    SESSION_RECEIVE_3 = "session.receive.3" Must Contract "WebSocketSession" "Any other end is one error, after the messages before it, then the end.";
    SESSION_RECEIVE_4 = "session.receive.4" Must Contract "WebSocketSession" "A handler that does not read stops the peer through a bounded queue.";
    SESSION_RECEIVE_5 = "session.receive.5" Must Contract "WebSocketSession" "Dropping the session while the handler runs is not closing.";
    SESSION_BACKPRESSURE_1 = "session.backpressure.1" Must Contract "WebSocketSettings" "No more waits for the handler than the inbound buffer and one message.";
    SESSION_BACKPRESSURE_2 = "session.backpressure.2" Must Contract "WebSocketSettings" "While more than the outbound buffer waits for the socket, sending waits too.";
    SESSION_SEND_1 = "session.send.1" Must Contract "WebSocketSession" "Sending resolves when the message was accepted, and order is kept over all senders.";
    SESSION_SEND_2 = "session.send.2" Must Contract "WebSocketSession" "Sending waits above the high-water mark and loses nothing.";
    SESSION_SEND_3 = "session.send.3" Must Contract "WebSocketSession" "Sending fails once a close was asked for or the peer's Close was answered.";
    SESSION_SEND_4 = "session.send.4" Must Contract "WebSocketSession" "What is sent is written when the handler next waits, without a flush.";
    SESSION_SEND_5 = "session.send.5" Must Contract "WebSocketSession" "A ping or pong of more than 125 bytes is refused and not sent.";
    SESSION_SERVE_1 = "session.serve.1" Must Contract "WebSocketSession" "Pings are answered in order whether or not the handler reads.";
    SESSION_SERVE_2 = "session.serve.2" Must Contract "WebSocketSession" "The peer's Close is answered whether or not the handler reads, after what the handler sends on the messages before it.";
    SESSION_SERVE_3 = "session.serve.3" Must Contract "WebSocketSession" "A violation is answered with 1002, 1007, 1009 or 1008 before TCP closes, whether or not the handler reads.";
    SESSION_CLOSE_1 = "session.close.1" Must Contract "WebSocketSession" "Closing takes effect when it is called, awaited or not.";
    SESSION_CLOSE_2 = "session.close.2" Must Contract "WebSocketSession" "Closing is idempotent: the first status counts.";
    SESSION_CLOSE_3 = "session.close.3" Must Contract "WebSocketSession" "The future of closing resolves when the handshake ended or the deadline passed.";
    SESSION_CLOSE_4 = "session.close.4" Must Contract "WebSocketSession" "What was accepted before is written before the Close, and nothing after it.";
    SESSION_CLOSE_5 = "session.close.5" Must Contract "WebSocketSession" "The server closes TCP first, after both Closes.";
    SESSION_CLOSE_6 = "session.close.6" Must Contract "WebSocketSettings" "A peer that does not answer a Close is dropped at the closing deadline.";
    SESSION_CLOSE_7 = "session.close.7" Must Contract "WebSocketSession" "Between our Close and the peer's, its messages are received while there is room.";
    SESSION_CLOSE_8 = "session.close.8" Must Contract "WebSocketSession" "Any number of callers learn how the session ended.";
    SESSION_ID_1 = "session.id.1" Must Contract "WebSocketSession" "A session's id is unique.";

    LIMITS_MESSAGE_1 = "limits.message.1" Must Contract "WebSocketSettings" "A message over the limit closes with 1009.";
    LIMITS_FRAME_1 = "limits.frame.1" Must Contract "WebSocketSettings" "A frame over the limit is refused with 1009 at its header.";
    LIMITS_FRAGMENTS_1 = "limits.fragments.1" Must Contract "WebSocketSettings" "A message of more fragments than allowed closes with 1008.";
    SESSION_KEEPALIVE_1 = "session.keepalive.1" Must Contract "WebSocketSettings" "A peer is pinged in each interval, busy or not.";
    SESSION_KEEPALIVE_2 = "session.keepalive.2" Must Contract "WebSocketSettings" "No ping is added to output that is blocked, and none follows a Close.";
    SESSION_KEEPALIVE_3 = "session.keepalive.3" Must Contract "WebSocketSettings" "The handler sees neither the pings of the keepalive nor their pongs.";
    SESSION_KEEPALIVE_4 = "session.keepalive.4" Must Contract "WebSocketSettings" "A peer that stays silent after a ping is given up: the handler is told of a timeout, Close 1011 is tried, and TCP is dropped.";
    SESSION_KEEPALIVE_5 = "session.keepalive.5" Must Contract "WebSocketSettings" "A pong, any other whole frame or 1 KiB of one is a sign of life; a few bytes of a frame are none.";
    SESSION_KEEPALIVE_6 = "session.keepalive.6" Must Contract "WebSocketSettings" "Silence does not count while the session itself does not read.";
    SESSION_KEEPALIVE_7 = "session.keepalive.7" Must Contract "WebSocketSession" "The round-trip time is that of the last answered keepalive ping; other pongs do not change it.";
    SESSION_IDLE_1 = "session.idle.1" Must Contract "WebSocketSettings" "A session without a message either way for the idle timeout is closed with 1001; pings and pongs are no messages.";
    SESSION_AGE_1 = "session.age.1" Must Contract "WebSocketSettings" "A session that is too old is closed with 1001, busy or not.";
    SESSION_SLOW_1 = "session.slow.1" Must Contract "SlowConsumerPolicy" "With the policy Wait, sending waits and no message is lost.";
    SESSION_SLOW_2 = "session.slow.2" Must Contract "SlowConsumerPolicy" "With the policy Close, a session that stays above its mark for the time given is closed with 1008, and TCP is dropped when that cannot be written.";
    SESSION_SLOW_3 = "session.slow.3" Must Contract "SlowConsumerPolicy" "With the policy DropNewest, a message that finds no room is dropped.";
    SESSION_SLOW_4 = "session.slow.4" Must Contract "SlowConsumerPolicy" "With the policy DropOldest, a message that finds no room displaces those that waited longest.";
    SESSION_SLOW_5 = "session.slow.5" Must Contract "SlowConsumerPolicy" "With a policy that drops, sending never waits, the session is never closed for being slow, and what was dropped is counted.";
    SESSION_SLOW_6 = "session.slow.6" Must Contract "SlowConsumerPolicy" "try_send never waits: it drops where the policy does, and else gives the message back.";
    SESSION_SLOW_7 = "session.slow.7" Must Contract "SlowConsumerPolicy" "What is not dropped is sent whole and in order.";
    SESSION_SLOW_8 = "session.slow.8" Must Contract "SlowConsumerPolicy" "Answers to pings and the Close are never dropped.";
    LIMITS_RATE_1 = "limits.rate.1" Must Contract "WebSocketSettings" "Messages over the rate wait or close the session; a second's worth may come at once.";
    LIMITS_RATE_2 = "limits.rate.2" Must Contract "WebSocketSettings" "Bytes over the rate, of all frames, wait or close the session.";
    LIMITS_RATE_3 = "limits.rate.3" Must Contract "WebSocketSettings" "Pings over the rate close the session with 1008; those before are answered.";
    LIMITS_RATE_4 = "limits.rate.4" Must Contract "RatePolicy" "With the policy Wait nothing is lost.";
    LIMITS_RATE_5 = "limits.rate.5" Must Contract "RatePolicy" "With the policy Close the session is closed with 1008, after what came before.";
    SESSION_SHUTDOWN_1 = "session.shutdown.1" Must Contract "SessionRegistry" "Shutdown sends 1001 to every session and drains by the deadline." not "waits for graceful shutdown";
}
