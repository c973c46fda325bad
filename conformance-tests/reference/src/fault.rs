//! What can be wrong with a server, and which cases must notice.

/// Declares the faults: a variant with its doc line each, and the parts of case ids that must turn red.
macro_rules! faults {
    ($(#[doc = $enum_doc:literal])* $enum:ident: $($(#[doc = $doc:literal])* $name:ident breaks [$($case:literal),* $(,)?];)*) => {
        $(#[doc = $enum_doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $enum {
            $($(#[doc = $doc])* $name,)*
        }

        impl $enum {
            /// Every fault.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Parts of the ids of the cases that this fault must turn red, whatever else it does.
            #[must_use]
            pub fn breaks(self) -> &'static [&'static str] {
                match self {
                    $(Self::$name => &[$($case),*],)*
                }
            }
        }
    };
}

pub(super) use faults;

faults! {
    /// One thing that the reference server does wrong.
    Fault:
    // The request.
    /// Accepts a handshake with any method.
    AcceptsAnyMethod breaks ["::post_is", "::put_is", "::delete_is", "method_in_lower_case"];
    /// Accepts HTTP/1.0.
    AcceptsHttp10 breaks ["http_1_0"];
    /// Does not know the absolute form of a target.
    RefusesAbsoluteForm breaks ["absolute_form"];
    /// Takes Host although the target names another.
    TakesHostBesideATarget breaks ["host_of_an_absolute_target"];
    /// Looks for a path in a target that has none.
    TakesTargetsForPaths breaks ["target_without_a_path"];
    /// Serves every path.
    ServesEveryPath breaks ["unknown_resource", "unmapped_path"];
    /// Guards the path as sent and serves the path as decoded.
    GuardsAnotherPath breaks ["guards_see_every_spelling"];
    /// Serves other spellings of a path.
    NormalisesPaths breaks ["other_spellings_of_a_path_are_404"];
    /// Answers 500 to unusual paths.
    FailsOnUnusualPaths breaks ["other_spellings_of_a_path_are_decided"];
    /// Needs no Host.
    AcceptsMissingHost breaks ["missing_host"];
    /// Takes the first of several Hosts.
    AcceptsTwoHosts breaks ["two_hosts"];
    /// Refuses what it does not know.
    RefusesUnknownHeaders breaks ["unknown_headers"];
    /// Answers the body of a refused handshake as the next request.
    AnswersBodies breaks ["body_is_not_read", "content_length_beside_chunked"];
    /// Answers a request behind the handshake.
    AnswersPipelinedRequests breaks ["second_handshake_behind"];
    /// Takes any Content-Length for none.
    IgnoresContentLength breaks ["two_content_lengths", "signed_content", "negative_content", "hexadecimal_content", "announced_body"];
    /// Repeats the request in its refusals, and refuses malformed lines so.
    ReflectsRequests breaks ["is_not_reflected", "refusal_holds_nothing"];
    /// Accepts a request of any size.
    AcceptsEndlessRequests breaks ["header_block_without_end", "request_line_without_end", "thousands_of_headers"];
    /// Waits when it should say continue.
    HangsOnExpect breaks ["expect_continue"];

    // Upgrade, Connection, key, version.
    /// Needs no Upgrade.
    AcceptsMissingUpgrade breaks ["missing_upgrade_is_not_switched", "missing_upgrade_is_400"];
    /// Compares Upgrade by case.
    ComparesUpgradeByCase breaks ["upgrade_is_compared", "upgrade_in_capitals"];
    /// Accepts any Upgrade.
    AcceptsAnyUpgrade breaks ["upgrade_with_a_longer", "upgrade_to_something_else"];
    /// Answers 200 to a list in Upgrade.
    HalfAcceptsUpgradeLists breaks ["upgrade_may_list"];
    /// Needs no Connection.
    AcceptsMissingConnection breaks ["missing_connection"];
    /// Takes Connection for one token.
    KnowsNoConnectionLists breaks ["connection_may_list", "blanks_around_connection"];
    /// Compares Connection by case.
    ComparesConnectionByCase breaks ["connection_is_compared"];
    /// Looks at the first line of Connection only.
    LooksAtOneConnectionLine breaks ["connection_on_two_lines"];
    /// Accepts any Connection.
    AcceptsAnyConnection breaks ["connection_close_is", "connection_with_a_longer"];
    /// Needs no key.
    AcceptsMissingKey breaks ["missing_key"];
    /// Accepts any key.
    AcceptsAnyKey breaks ["empty_key", "key_of_15", "key_of_17", "key_outside", "key_without_padding"];
    /// Takes the first of several keys.
    AcceptsTwoKeys breaks ["two_keys"];
    /// Answers the key with the blanks around it.
    KeepsBlanksOfTheKey breaks ["blanks_around_the_key"];
    /// Insists that unused bits of the key are zero.
    InsistsOnZeroBits breaks ["the_key_of_the_rfc_with_stray_bits"];
    /// Needs no version.
    AcceptsMissingVersion breaks ["missing_version"];
    /// Accepts any version.
    AcceptsAnyVersion breaks ["version_0_is", "version_12_is", "version_14_is", "version_255_is", "version_that_is_no_number", "version_with_leading", "other_version_is"];
    /// Switches for version 7 whatever else is missing.
    SwitchesForVersion7 breaks ["version_7_without_upgrade"];
    /// Takes the first of several versions.
    AcceptsTwoVersions breaks ["two_versions"];

    // Origins.
    /// Needs an Origin.
    NeedsOrigin breaks ["missing_origin"];
    /// Lets every origin in.
    LetsEveryOriginIn breaks ["_is_403", "two_origins_are"];
    /// Lets its own origin not in.
    RefusesOwnOrigin breaks ["own_origin_is_accepted"];
    /// Compares origins as text.
    ComparesOriginsAsText breaks ["own_origin_in_other_case", "own_origin_with_the_default_port"];

    // The answer.
    /// Answers a wrong accept value.
    AnswersWrongKey breaks ["accept_value_is_that", "accept_value_follows"];
    /// Leaves Upgrade out of the answer.
    OmitsUpgrade breaks ["answer_names_the_upgrade"];
    /// Answers the accept value twice.
    RepeatsAcceptValue breaks ["one_accept_header"];
    /// Adds a length to the 101.
    AddsLength breaks ["switching_has_no_body"];
    /// Never chooses a subprotocol.
    ChoosesNoSubprotocol breaks ["offered_subprotocol_is_chosen", "spring::sub_protocol", "required_one_that_is_spoken"];
    /// Answers the subprotocols as they were offered, and one when none was.
    RepeatsOffers breaks ["no_match_has", "no_offer_has", "endpoint_without_subprotocols", "never_answered", "seven_kilobytes", "names_the_user_and_is_not_answered"];
    /// Looks at the first line of subprotocols only.
    LooksAtOneSubprotocolLine breaks ["subprotocols_on_two_lines"];
    /// Answers the subprotocol twice.
    RepeatsSubprotocol breaks ["repeated_subprotocol"];
    /// Compares subprotocols without case.
    ComparesSubprotocolsWithoutCase breaks ["subprotocols_are_compared"];
    /// Chooses in its own order.
    ChoosesInItsOwnOrder breaks ["subprotocol_is_chosen_in_the_clients_order"];
    /// Does not trim the elements of the subprotocol list.
    DoesNotTrimSubprotocols breaks ["subprotocol_after_an_unknown"];
    /// Accepts every extension.
    AcceptsExtensions breaks ["unknown_extension", "extension_list_of", "extension_parameter", "unclosed_quotation", "named_like_a_builtin", "six_kilobytes", "quoted_value", "malformed_extensions"];
    /// Answers an extension that nobody offered.
    VolunteersExtension breaks ["no_extension_is_answered"];
    /// Answers extensions on two lines.
    RepeatsExtensions breaks ["extensions_are_answered_on_one_line"];
    /// Loses what came with the request.
    LosesEarlyBytes breaks ["in_one_segment_with_the_request"];
    /// Loses what it sends right behind the 101.
    LosesGreeting breaks ["frame_right_behind"];
    /// Refuses everything with 500.
    RefusesWith500 breaks ["other_method_is_405"];
    /// Closes after a refusal.
    ClosesAfterRefusal breaks ["refusal_leaves"];
    /// Has no HTTP side.
    SwallowsPlainRequests breaks ["reaches_the_http_side", "share_a_connection"];
    /// Loses the headers of the application.
    LosesApplicationHeaders breaks ["headers_of_the_application", "spring::cookie"];
    /// Lets the application replace the headers of the handshake.
    LetsApplicationReplace breaks ["headers_of_the_handshake"];
    /// Shows the handler nothing of the request.
    HidesTheRequest breaks ["handler_sees", "spring::custom_header"];
    /// Has one set of attributes for all sessions.
    SharesAttributes breaks ["attributes_belong"];
    /// Gives every session the same id.
    RepeatsIds breaks ["ids_are_unique"];

    // Frames.
    /// Accepts frames without mask.
    AcceptsUnmasked breaks ["s5_1::unmasked"];
    /// Masks its own frames.
    MasksItsFrames breaks ["server_does_not_mask"];
    /// Forgets to unmask the last bytes.
    UnmasksBadly breaks ["masked_hello", "every_length_to_130", "every_offset"];
    /// Ignores reserved bits.
    IgnoresReservedBits breaks ["s5_2::rsv"];
    /// Takes reserved opcodes for pongs.
    IgnoresReservedOpcodes breaks ["s5_2::opcode_", "reserved_opcode_in", "protocol_error_is_told"];
    /// Judges a frame when its payload is there.
    WaitsForPayloads breaks ["fails_at_its_header", "top_bit", "largest_length", "giant_text", "at_the_header_that_tells", "size_error_is_told", "giant_frame_is_told"];
    /// Loses the last byte of a payload.
    LosesLastByte breaks ["large_echo_on_its_way", "spring::large_message", "::binary_of_1", "::binary_of_6", "::text_of_"];
    /// Drops empty messages.
    SkipsEmptyMessages breaks ["binary_of_0", "empty_messages", "message_of_empty_fragments"];
    /// Accepts a length that is not in its shortest form.
    AcceptsLongLengths breaks ["short_length_in", "length_of_125_in", "length_of_65535_in"];
    /// Forgets the start of a frame when the rest comes later.
    ForgetsCutFrames breaks ["cut_at_every_byte", "cut_in_its_header", "byte_by_byte"];
    /// Loses every tenth message.
    LosesMessages breaks ["two_thousand_frames", "received_whole_and_in_order", "messages_waiting_for", "sessions_do_not", "large_messages_both", "receiving_and_sending", "spring::echo"];
    /// Takes every fragment for a message.
    KeepsFragmentsApart breaks ["two_fragments_are", "many_fragments_are", "binary_fragments_are", "fragments_in_separate", "fragments_are_received", "empty_fragments_between", "first_and_last_fragment"];
    /// Takes a stray continuation for a message.
    AcceptsStrayContinuations breaks ["continuation_of_nothing", "continuation_after"];
    /// Lets a message begin inside another.
    AcceptsInterleaving breaks ["inside_a_message_fails"];
    /// Answers pings after the message they came in.
    PongsAfterTheMessage breaks ["ping_between_fragments", "ping_between_many"];
    /// Does not see a Close between fragments.
    MissesCloseInMessage breaks ["close_between_fragments"];
    /// Fails on a pong between fragments.
    FailsOnPongInMessage breaks ["pong_between_fragments"];

    // Control frames.
    /// Accepts control frames of any length.
    AcceptsLongControlFrames breaks ["ping_of_126", "pong_of_126", "close_of_126"];
    /// Accepts fragmented control frames.
    AcceptsFragmentedControlFrames breaks ["fragmented_ping", "fragmented_pong", "fragmented_close"];
    /// Never answers a ping.
    NeverPongs breaks ["empty_ping_is"];
    /// Answers a ping with something else.
    PongsSomethingElse breaks ["pong_carries", "ping_of_125", "ping_that_is_not"];
    /// Answers the last of several pings only.
    AnswersOnePing breaks ["ten_pings_are", "flood_of_pings"];
    /// Forgets the pings that wait for their answer when a Close comes.
    ForgetsPingsAtClose breaks ["ping_before_close"];
    /// Answers pongs with pongs.
    AnswersPongs breaks ["unsolicited"];

    // Text.
    /// Does not check text.
    AcceptsInvalidText breaks ["s8_1::invalid_byte", "s8_1::lone", "s8_1::overlong", "s8_1::largest", "s8_1::high", "s8_1::low", "s8_1::surrogate", "s8_1::code_point", "s8_1::lead", "s8_1::five", "s8_1::six", "s8_1::text_cut", "s8_1::invalid_second", "s8_1::sequence", "invalid_text_is_told"];
    /// Checks text when its message is complete.
    ChecksTextLate breaks ["before_its_message_ends", "before_its_frame_ends"];
    /// Checks every piece of a text by itself.
    ChecksPiecesAlone breaks ["code_point_split", "valid_start_of_a_frame"];
    /// Checks binary as if it were text.
    ChecksBinary breaks ["binary_that_is_not_utf8", "every_byte_in_binary"];
    /// Leaves NUL and everything outside ASCII out of texts.
    CleansText breaks ["noncharacters", "nul_is", "first_and_last_of", "byte_order_mark", "large_text_of_every"];

    // Closing.
    /// Never answers a Close.
    NeverAnswersClose breaks ["close_is_answered_with_close", "close_with_a_reason", "empty_close_is", "close_reason_of_123"];
    /// Answers every Close with 1000.
    AnswersWith1000 breaks ["s7_4::close_", "::close_is_answered_though"];
    /// Accepts a Close of one byte.
    AcceptsOneByteClose breaks ["close_of_one_byte"];
    /// Accepts any code.
    AcceptsAnyCode breaks ["s7_4_1::close_", "s7_4_2::close_"];
    /// Does not check reasons.
    AcceptsAnyReason breaks ["close_reason_that_is_not", "close_reason_cut"];
    /// Goes on after a Close.
    GoesOnAfterClose breaks ["text_after_close", "ping_after_close", "second_close"];
    /// Fails on what stands behind a Close.
    ParsesBehindClose breaks ["garbage_after_close", "unmasked_frame_after_close"];
    /// Answers a Close before the messages in front of it.
    CloseOvertakesMessages breaks ["messages_before_the_close_are", "messages_that_wait_for_room"];
    /// Leaves TCP open after both Closes.
    LeavesTcpOpen breaks ["server_closes_tcp_after", "peers_answer_is"];
    /// Ends TCP with a reset.
    Resets breaks ["server_closes_tcp_first"];
    /// Ends TCP without telling why.
    FailsSilently breaks ["violation_with_unread", "violation_is_told"];
    /// Forgets messages when an error comes behind them.
    ErrorsOvertakeMessages breaks ["messages_before_a_violation", "violation_is_one_error"];
    /// Goes on after a violation.
    GoesOnAfterViolation breaks ["frames_after_a_violation"];
    /// Forgets what came right before the end of TCP.
    ForgetsLastMessages breaks ["half_close_without"];
    /// Stops serving after a connection ended badly.
    DiesOfBadEnds breaks ["leaves_the_server_well"];
    /// Takes half a message for a message.
    DeliversHalfMessages breaks ["echoes_nothing", "message_cut_off", "half_a_message"];

    // Limits.
    /// Has no limits.
    HasNoLimits breaks ["a_byte_over", "second_fragment_over", "message_without_end", "frame_over", "message_too_big", "too_big_a_message"];
    /// Refuses what is at the limit.
    RefusesTheLimit breaks ["at_the_limit_is_echoed", "fragments_at_the_limit", "a_message_of_16_mib", "messages_at_the_rate", "bytes_at_the_rate", "pings_at_the_rate"];
    /// Does not count fragments.
    CountsNoFragments breaks ["one_fragment_too_many", "one_byte_fragments"];
    /// Does not count empty fragments.
    IgnoresEmptyFragments breaks ["empty_fragments_without", "empty_fragments_count"];
    /// Counts control frames as fragments.
    CountsControlFrames breaks ["control_frames_between"];
    /// Counts over all messages.
    CountsOverMessages breaks ["each_message_has"];
    /// Waits for the end of a message for ever.
    WaitsForEveryMessage breaks ["limits::message_that"];
    /// Takes all messages of a session for one that takes too long.
    TimesAllMessages breaks ["whole_in_time_may", "time_of_a_message_does"];
    /// Queues pongs without bound.
    QueuesPongs breaks ["queue_no_pongs"];

    // Sessions.
    /// Shows control frames to handlers that did not ask.
    ShowsControlFrames breaks ["not_received_unasked"];
    /// Shows control frames to nobody.
    HidesControlFrames breaks ["received_when_asked"];
    /// Loses messages before the Close.
    ClosesReceivingEarly breaks ["messages_before_the_close_are_received"];
    /// Forgets the reason of a Close.
    ForgetsReasons breaks ["learns_code", "end_is_noticed", "everyone_who_asks"];
    /// Takes an empty Close for 1000.
    TakesEmptyFor1000 breaks ["close_without_code"];
    /// Tells handlers of errors as of an orderly end.
    HidesErrors breaks ["invalid_text_is_told_as", "end_without_close_is", "reset_is_one", "message_too_big"];
    /// Reads without bound.
    ReadsWithoutBound breaks ["stops_the_peer"];
    /// Closes when a handler drops its session.
    ClosesDroppedSessions breaks ["dropping_the_session"];
    /// Sends in another order.
    ReordersSends breaks ["senders_work"];
    /// Accepts without bound.
    AcceptsWithoutBound breaks ["sender_waits"];
    /// Needs a flush.
    NeedsFlush breaks ["without_a_flush"];
    /// Writes nothing while there is more to read.
    WritesBehindTheFlood breaks ["sends_without_pause"];
    /// Sends control frames of any length.
    SendsLongControlFrames breaks ["oversized_control"];
    /// Serves a connection only while its handler reads.
    ServesOnlyReaders breaks ["though_the_handler"];

    // Sessions that look at the time.
    /// Never pings.
    NeverPings breaks ["keepalive::peer_is_pinged"];
    /// Pings those only that send nothing.
    PingsTheIdleOnly breaks ["busy_peer_is_pinged"];
    /// Pings after its Close.
    PingsAfterClose breaks ["no_ping_follows"];
    /// Pings though the pings before wait to be written.
    PingsBlockedOutput breaks ["blocked_output_gets"];
    /// Shows handlers the pongs to its own pings.
    ShowsItsOwnPongs breaks ["pongs_are_not_shown"];
    /// Gives up those who answer, too.
    HearsNothing breaks ["answers_pings_is_kept"];
    /// Takes nothing but its own pongs for a sign of life.
    HearsItsOwnPongsOnly breaks ["sends_messages_is_kept", "other_pongs_is_kept", "sends_fragments_is_kept"];
    /// Takes whole messages only for a sign of life.
    HearsWholeMessagesOnly breaks ["large_frame_slowly", "fragments_is_kept"];
    /// Takes every byte for a sign of life.
    HearsEveryByte breaks ["half_a_frame_is_silence"];
    /// Never gives a peer up.
    NeverGivesUp breaks ["silent_peer_is", "of_a_silent_peer"];
    /// Holds against a peer what it does not read.
    JudgesWhatItDoesNotRead breaks ["holds_nothing_against", "does_not_read_is_not_idle"];
    /// Excuses peers that take nothing, too, while it does not read.
    ExcusesTheBlocked breaks ["peer_that_takes_nothing", "room_goes_on"];
    /// Does not notice the end of what it does not read.
    MissesUnreadEnds breaks ["behind_a_full_queue"];
    /// Gives up peers that have left, though their handler goes on reading.
    GivesUpTheUnread breaks ["before_it_ended_tcp"];
    /// Does not measure.
    KnowsNoRoundTrip breaks ["known_after_a_pong"];
    /// Measures by pongs of any kind.
    TakesAnyPong breaks ["other_pongs_tell"];
    /// Lets sessions idle for ever.
    NeverIdles breaks ["without_messages_is_closed"];
    /// Takes pings for messages.
    PingsKeepFromIdling breaks ["pings_are_no_messages"];
    /// Takes no account of what it sends.
    IdlesThoughSending breaks ["of_the_handler_keep"];
    /// Takes no account of what comes.
    IdlesThoughReceiving breaks ["of_the_peer_keep"];
    /// Lets sessions grow old.
    NeverAges breaks ["age::old_session", "ignores_the_close_is_dropped"];

    // Slow peers.
    /// Drops where it should wait.
    DropsThoughItWaits breaks ["wait_loses_nothing", "wait_waits"];
    /// Waits where it should drop.
    WaitsThoughItDrops breaks ["dropping_never_waits", "drop_newest_sends", "drop_oldest_sends"];
    /// Goes on dropping after the end.
    NeverStopsDropping breaks ["drops_in_a_loop"];
    /// Does not answer a Close while its handler goes on sending.
    SendsOnBehindAClose breaks ["while_the_handler_sends"];
    /// Never closes slow sessions.
    NeverClosesTheSlow breaks ["close_tells_a_peer", "close_drops_a_peer", "member_that_takes_nothing"];
    /// Closes as soon as there is no room.
    ClosesAtTheMark breaks ["close_spares", "close_waits_until"];
    /// Closes a session whose queue is not empty in time, whatever its peer took.
    ClosesWhoeverLags breaks ["though_its_queue_is_never"];
    /// Spares peers that take anything at all.
    SparesWhoTakesAnything breaks ["takes_next_to_nothing"];
    /// Drops the oldest for the newest, and the newest for the oldest.
    SwapsDropPolicies breaks ["drop_newest_sends", "drop_oldest_sends"];
    /// Counts a message too many as dropped.
    MiscountsDrops breaks ["messages_are_counted"];
    /// Closes where it should drop.
    ClosesSlowDroppers breaks ["dropping_never_closes"];
    /// Drops answers to pings.
    DropsPongs breaks ["answers_to_pings_are_not"];
    /// Drops a Close that finds no room.
    DropsClose breaks ["close_is_not_dropped"];
    /// Waits in try_send.
    TrySendWaits breaks ["try_send_"];
    /// Drops where try_send should give back, and gives back where it should drop.
    SwapsTrySend breaks ["try_send_"];

    // Rates.
    /// Takes messages at any rate.
    IgnoresRates breaks ["messages_over_the_rate_wait", "rate_closes_with_1008", "rate_close_with_1008", "told_of_the_policy", "bytes_over_the_rate_wait", "are_bytes"];
    /// Loses what has to wait.
    LosesWhatWaited breaks ["lost_by_waiting", "lose_the_close"];

    // Closing by the handler.
    /// Closes when the handler awaits it.
    ClosesWhenAwaited breaks ["nobody_awaits", "behind_late_messages", "unread_input_does"];
    /// Lets the last status count.
    LastStatusCounts breaks ["first_status", "closing_after_the_end"];
    /// Does not wait for the peer's Close.
    ResolvesAtOnce breaks ["future_resolves"];
    /// Forgets what was sent before closing.
    CloseOvertakesSends breaks ["what_was_sent_before_is", "close_behind_a_blocked", "what_was_sent_is_written", "spring::session_closing", "before_an_error"];
    /// Sends after closing.
    SendsAfterClose breaks ["sending_afterwards"];
    /// Waits for ever for the peer's Close.
    WaitsForEver breaks ["does_not_answer", "deadline_is_told", "goes_on_talking", "earliest_deadline", "later_deadline", "deadline_cuts_a", "without_sessions_it"];
    /// Drops the messages after our Close.
    DropsLateMessages breaks ["message_on_its_way"];
    /// Answers the answer to its Close.
    AnswersTheAnswer breaks ["both_at_once"];
    /// Closes with another code.
    ChangesCodes breaks ["every_code_that_may"];
    /// Sends codes that may not be sent.
    SendsAnyCode breaks ["codes_that_may_not"];
    /// Cuts reasons.
    CutsReasons breaks ["reason_of_123_bytes_is_sent", "reason_of_124"];
    /// Takes the end of TCP for an answer.
    TakesEndForAnswer breaks ["after_our_close_is_no_answer"];

    // The handler's end.
    /// Leaves a session open when its handler ended.
    LeavesEndedOpen breaks ["ok_closes", "ok_at_once", "unread_messages_do", "error_closes", "panic_"];
    /// Tells the peer what went wrong.
    TellsErrors breaks ["tells_nothing", "panic_closes"];
    /// Closes every error with 1011.
    IgnoresChosenStatus breaks ["can_choose"];
    /// Does not notice a panic of what a handler leaves to be dropped.
    MissesPanicsOfDrops breaks ["panic_of_what_a_handler"];
    /// Ends with a payload that panics when it is dropped.
    DiesOfPayloads breaks ["payload_that_panics"];
    /// Dies of a panic.
    DiesOfPanics breaks ["panic_touches", "fifty_panics", "one_that_panics"];
    /// Never drops a handler.
    KeepsHandlers breaks ["is_dropped_after", "hanging_handler", "goes_on_is_dropped"];

    // Mappings.
    /// Lets a parameter win over a literal.
    PrefersParameters breaks ["literal_pattern_wins"];
    /// Loses the parameters of a path.
    LosesParameters breaks ["parameter_reaches", "rest_of_a_path"];
    /// Hands on parameters as they were sent.
    KeepsEscapes breaks ["escapes_in_a_parameter", "query_is_decoded"];
    /// Decodes a path before it looks for its handler.
    DecodesBeforeRouting breaks ["escaped_slash"];
    /// Takes a plus in a path for a blank.
    DecodesPlusInPaths breaks ["plus_in_a_path"];
    /// Replaces what is not UTF-8.
    ReplacesBadEscapes breaks ["parameter_that_is_not_utf8"];
    /// Takes nothing for a parameter.
    MatchesEmptyParameters breaks ["parameter_needs_a_segment"];
    /// Takes several segments for one parameter.
    LetsParametersSpan breaks ["parameter_holds_one"];
    /// Compares paths without case.
    IgnoresCaseOfPaths breaks ["paths_are_compared"];
    /// Lets the most specific pattern of all mappings win, and the latest of those.
    IgnoresOrder breaks ["lowest_order_wins", "later_mapping_loses"];
    /// Asks one mapping only.
    AsksOneMapping breaks ["later_mapping_has"];
    /// Takes the last of several parameters.
    TakesTheLastParameter breaks ["first_of_repeated"];
    /// Decodes the whole query.
    CleansQueries breaks ["raw_query"];

    // Origins that are listed, and proxies.
    /// Has no list of origins.
    IgnoresOriginLists breaks ["listed_origin_is_let_in", "listed_origin_with_the_default_port"];
    /// Compares listed origins as text.
    ComparesListsAsText breaks ["listed_origin_in_other_case", "listed_origin_with_the_default_port"];
    /// Knows no patterns.
    KnowsNoOriginPatterns breaks ["below_a_listed_domain", "every_listed_port", "any_port_is", "from_a_pattern"];
    /// Never lets null in.
    RefusesNull breaks ["null_is_let_in"];
    /// Believes no proxy.
    IgnoresProxies breaks ["page_behind", "client_behind", "inner_origin"];
    /// Believes everybody.
    TrustsEveryone breaks ["claims_of_a_stranger", "seen_as_it_is"];
    /// Believes what the client said to the first proxy.
    BelievesTheFirstHop breaks ["claim_in_front"];
    /// Believes no proxy when a value is not ASCII.
    HidesProxiesBehindJunk breaks ["junk_in_front"];
    /// Takes any text for a host.
    TakesAnyHost breaks ["malformed_host"];
    /// Reads every header that a proxy may set.
    ReadsEveryHeader breaks ["header_that_is_not_set_up"];

    // CORS.
    /// Answers no preflight request.
    LeavesPreflightsToTheApplication breaks ["answered_with_204", "own_origin_needs"];
    /// Leaves the headers of CORS out.
    OmitsCorsHeaders breaks ["preflight_names_the", "preflight_names_how", "switching_names_what", "with_an_asterisk", "private_network_is_allowed", "single_values"];
    /// Names twice what an answer depends on.
    RepeatsVary breaks ["names_once"];
    /// Allows every method.
    ChecksNoCorsMethods breaks ["preflight_for_another_method"];
    /// Allows every header.
    ChecksNoCorsHeaders breaks ["preflight_for_other_headers"];
    /// Lets everybody into the private network.
    AllowsPrivateNetworks breaks ["not_spoken_of"];
    /// Knows the mapping's configuration only.
    KnowsOneCorsConfiguration breaks ["of_mapping_and_handler", "single_values"];
    /// Refuses what CORS does not list by name.
    RefusesAnyOrigin breaks ["any_page_may"];
    /// Closes after a preflight request.
    ClosesAfterPreflight breaks ["preflight_and_handshake"];

    // Subprotocols, interceptors, attributes, settings.
    /// Needs no subprotocol.
    NeedsNoSubprotocol breaks ["where_one_is_required"];
    /// Chooses the first subprotocol.
    AsksNoHook breaks ["hook_sees", "hook_may"];
    /// Answers whatever the hook chose.
    TrustsTheHook breaks ["hook_cannot"];
    /// Runs interceptors from the last to the first.
    ReversesInterceptors breaks ["they_run_in_order"];
    /// Tells the outcome in the order of the beginning.
    RunsAfterInOrder breaks ["outcome_in_reverse"];
    /// Tells interceptors what was decided, not what the peer is told.
    TellsWhatWasDecided breaks ["told_that_there_is_no_place", "decided_late"];
    /// Tells no interceptor when one behind it fails.
    ForgetsThoseThatPassed breaks ["told_that_one_behind"];
    /// Refuses when an interceptor fails afterwards.
    HeedsAfter breaks ["afterwards_changes_nothing"];
    /// Spells the names of headers in its own way.
    SpellsItsOwnWay breaks ["exact::"];
    /// Takes heads of any size.
    TakesAnyHead breaks ["16_kib_gets", "head_too_large"];
    /// Allows heads half as large as it should.
    AllowsHalfTheHead breaks ["head_of_16_kib_is"];
    /// Counts each IPv6 address alone, and IPv4 addresses in the form of IPv6 as others.
    CountsSingleAddresses breaks ["one_network", "in_the_form_of_ipv6"];
    /// Runs the interceptors behind one that refuses.
    GoesOnAfterRefusal breaks ["do_not_run"];
    /// Refuses with a status alone.
    RefusesWithStatusAlone breaks ["its_own_status"];
    /// Lets interceptors and the HTTP session see everything.
    InterceptsEverything breaks ["touches_nothing", "wrong_handshake", "does_not_load"];
    /// Waits for interceptors.
    WaitsForInterceptors breaks ["takes_too_long"];
    /// Loses who the user is.
    LosesPrincipals breaks ["what_they_add", "names_the_user"];
    /// Calls everybody nobody.
    InventsUsers breaks ["nobody_is_known"];
    /// Loses attributes.
    LosesAttributes breaks ["what_they_add", "value_that_is_asked", "loaded_once"];
    /// Takes over all values of an HTTP session.
    CopiesWholeSessions breaks ["other_values"];
    /// Loads HTTP sessions unasked.
    LoadsUnasked breaks ["not_loaded_unasked"];
    /// Goes on without an HTTP session that cannot be loaded.
    IgnoresBrokenSessions breaks ["cannot_be_loaded"];
    /// Waits for no interceptor.
    HurriesEveryone breaks ["patient_endpoint"];

    // Around sessions.
    /// Does not know the sessions it has.
    RegistersNobody breaks ["registry::session_is_found", "registry::sessions_are", "that_was_found_is", "as_soon_as_its_101", "registry::session_is_closed", "sent_from_outside", "registry::all_are", "every_session_gets"];
    /// Knows sessions that have ended.
    KeepsEndedSessions breaks ["registry::session_that_ended"];
    /// Takes a session for gone while its handler goes on.
    EndsBeforeHandlers breaks ["kept_while_its", "finishes_its_work"];
    /// Publishes to one member.
    PublishesToOne breaks ["every_member_gets", "stay_in_order"];
    /// Keeps members that left.
    KeepsMembers breaks ["who_left_gets", "topic::session_that_ended", "member_that_leaves", "member_that_ends"];
    /// Waits for each member before it sends to the next.
    WaitsInTurn breaks ["slow_member_delays"];
    /// Waits for no member.
    WaitsForNobody breaks ["slow_member_delays", "slow_member_is_waited"];
    /// Counts the members that missed a message among those who have it.
    MissesNobody breaks ["who_has_no_room", "gets_what_follows"];
    /// Lets all sessions together hold what they like.
    NeverSheds breaks ["contract::budget"];
    /// Closes the session that has made progress last for what all hold.
    ShedsTheLatest breaks ["longest_gets_1013", "has_taken_some"];
    /// Closes idle sessions, too, for what all hold.
    ShedsTheIdle breaks ["that_holds_nothing"];
    /// Counts no sessions.
    CountsNoSessions breaks ["one_session_more", "many_at_once", "clients_behind_a_trusted", "place_of_a_session"];
    /// Never gives a place back.
    KeepsPlaces breaks ["place_of_a_session", "peer_that_vanished"];
    /// Counts the sessions of a proxy as its own.
    CountsConnections breaks ["another_address_has"];
    /// Gives places to handshakes it refuses.
    GivesPlacesToTheRefused breaks ["refused_handshake_takes"];
    /// Looks for a place before it looks at the handshake.
    LooksForPlacesFirst breaks ["though_there_is_no_place"];

    // Shutdown.
    /// Shuts down with 1000.
    ShutsDownWith1000 breaks ["every_session_gets", "handler_that_returns", "crosses_the_close"];
    /// Accepts sessions while it shuts down.
    AcceptsWhileShuttingDown breaks ["handshakes_get_503", "plain_requests_are_still", "decided_late", "does_not_undo"];
    /// Tells no handler that it shuts down.
    TellsNoHandlers breaks ["says_farewell", "all_who_wait", "status_of_the_handlers_own"];
    /// Forgets what handlers have not received when it shuts down.
    ForgetsReceived breaks ["received_before_is_answered"];
    /// Closes whatever its handlers still owe.
    CutsOffAnswers breaks ["answer_that_is_owed", "all_who_owe", "queued_messages_are", "answer_comes_before_that"];
    /// Gives all answers of a session one grace together.
    GivesOneGrace breaks ["grace_of_an_answer_begins"];
    /// Waits for answers for ever.
    WaitsForEveryAnswer breaks ["subscription_is_closed", "never_comes_back", "close_does_not_wait_for", "when_the_grace_for_answers"];
    /// Waits for answers of handlers that owe none.
    WaitsForThoseWhoOweNothing breaks ["that_waits_in_receive", "that_never_received"];
    /// Does not count how sessions end.
    CountsNothing breaks ["report_counts"];
}
