//! The contract around sessions: where they are kept, how all are reached and ended, and how many there may be.

requirements! { REGISTRY:
    REGISTRY_SESSION_1 = "registry.session.1" Must Contract "SessionRegistry" "A session is registered from before its 101 until its connection and its handler are gone.";
    REGISTRY_SESSION_2 = "registry.session.2" Must Contract "SessionRegistry" "A session is found by its id and by its attributes, and can be sent to.";
    REGISTRY_CLOSE_1 = "registry.close.1" Must Contract "SessionRegistry" "Closing one or all sessions from outside is as if their handlers had.";
    REGISTRY_SHUTDOWN_1 = "registry.shutdown.1" Must Contract "SessionRegistry" "Once a shutdown was called for no session begins; handshakes get 503.";
    REGISTRY_SHUTDOWN_2 = "registry.shutdown.2" Must Contract "SessionRegistry" "A shutdown ends when the last session has ended, or soon after the deadline, and counts each session once.";
    REGISTRY_SHUTDOWN_3 = "registry.shutdown.3" Must Contract "SessionRegistry" "A shutdown may be called for again; the earliest deadline counts for all calls.";
    REGISTRY_SHUTDOWN_4 = "registry.shutdown.4" Must Contract "SessionRegistry" "Dropping the future of a shutdown does not undo it.";
    REGISTRY_BUDGET_1 = "registry.budget.1" Must Contract "SessionRegistry" "When all sessions together hold more than they may, those without progress for longest are closed with 1013 until the rest fits.";
    REGISTRY_BUDGET_2 = "registry.budget.2" Must Contract "SessionRegistry" "A session that holds next to nothing is not closed for what all hold.";
    REGISTRY_BUDGET_3 = "registry.budget.3" Must Contract "SessionRegistry" "A session closed for what all hold is dropped at the closing deadline.";

    TOPIC_MEMBER_1 = "topic.member.1" Must Contract "Topic" "A session is a member until its guard is dropped or it has ended.";
    TOPIC_PUBLISH_1 = "topic.publish.1" Must Contract "Topic" "Every member gets a message once, in the order of one publisher.";
    TOPIC_PUBLISH_2 = "topic.publish.2" Must Contract "Topic" "Members that have room get a message before anyone waits for one that has none.";
    TOPIC_PUBLISH_3 = "topic.publish.3" Must Contract "Topic" "Publishing waits for members without room until they have some, leave or end, and no longer than their slow consumer policy allows.";
    TOPIC_PUBLISH_4 = "topic.publish.4" Must Contract "Topic" "publish_now waits for nobody and counts who missed the message.";

    LIMITS_SESSIONS_1 = "limits.sessions.1" Must Contract "WebSocketSettings" "A right handshake for one session more than the endpoint may have gets 503.";
    LIMITS_SESSIONS_2 = "limits.sessions.2" Must Contract "WebSocketSettings" "One for one session more than a client's address may have gets 429.";
    LIMITS_SESSIONS_3 = "limits.sessions.3" Must Contract "WebSocketSettings" "A place is free again when its session has ended.";
    LIMITS_SESSIONS_4 = "limits.sessions.4" Must Contract "WebSocketSettings" "IPv6 addresses of one network count as one; an IPv4 address in the form of IPv6 counts as what it is.";
}
