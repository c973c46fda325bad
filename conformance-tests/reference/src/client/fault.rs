//! What can be wrong with a client, and which cases must notice.

use crate::fault::{Fault, faults};

faults! {
    /// One thing that the reference client does wrong.
    ClientFault:
    // The request.
    /// Asks in HTTP/1.0.
    AsksInHttp10 breaks ["request_is_a_get"];
    /// Announces a body.
    SendsBodies breaks ["request_has_no_body"];
    /// Leaves the port out of Host.
    OmitsPorts breaks ["host_has_the_port"];
    /// Leaves the brackets out of Host.
    OmitsBrackets breaks ["ipv6_host"];
    /// Sends a Host of its own instead of the application's.
    ReplacesHosts breaks ["host_of_the_application"];
    /// Does not name the protocol.
    OmitsUpgrade breaks ["request_names_websocket"];
    /// Does not say that it wants to upgrade.
    OmitsConnection breaks ["request_names_upgrade"];
    /// Sends keys of twelve bytes.
    SendsShortKeys breaks ["key_is_16_bytes"];
    /// Sends one key for ever.
    RepeatsKeys breaks ["every_handshake_has"];
    /// Names the version twice.
    RepeatsVersion breaks ["version_is_13"];
    /// Asks for nothing when the path is empty.
    SendsEmptyPaths breaks ["empty_path"];
    /// Decodes what it asks for.
    DecodesTargets breaks ["target_is_sent"];
    /// Loses the headers of the application.
    LosesHeaders breaks ["headers_are_sent", "cookies_are_sent", "pair::headers", "pair::cookies"];
    /// Offers compression.
    OffersExtensions breaks ["no_extension_is_offered"];
    /// Sorts the subprotocols.
    SortsSubprotocols breaks ["subprotocols_are_offered_in"];
    /// Does not ask the handler what it speaks.
    OffersNothing breaks ["subprotocols_of_the_handler"];
    /// Goes on without what cannot be offered.
    TakesAnyOffer breaks ["is_not_offered"];
    /// Offers what the handler speaks besides what the request names.
    OffersBoth breaks ["subprotocols_of_the_request"];
    /// Sends a message right behind the request.
    SendsEarly breaks ["nothing_is_sent_before"];

    // The answer.
    /// Switches on any status.
    AcceptsAnyStatus breaks ["::status_", "pair::refusal"];
    /// Tells the status of a refusal and nothing else.
    TellsStatusOnly breaks ["with_headers_and_body", "may_end_with_the_connection", "redirect_is_an_answer"];
    /// Does not read chunks.
    KeepsChunkSizes breaks ["chunked_body"];
    /// Has no limits for heads and bodies.
    HasNoLimits breaks ["is_cut_at_64", "endless_body", "end_is_cut_off", "end_are_cut_off", "more_than_a_hundred", "over_64_kib"];
    /// Takes a body that does not end for no answer.
    NeedsWholeBodies breaks ["body_without_an_end", "may_end_with_the_connection"];
    /// Takes an answer whose length is no number for no answer.
    NeedsRightLengths breaks ["with_a_wrong_length"];
    /// Takes every coding for chunks.
    TakesEveryCodingForChunks breaks ["in_another_coding"];
    /// Waits for the body of an answer that has none.
    ReadsEveryBody breaks ["status_204", "rfc9112::"];
    /// Takes an interim answer for the final one.
    TakesInterimForFinal breaks ["interim_answers_are", "interim_answers_before"];
    /// Accepts any Upgrade.
    AcceptsAnyUpgrade breaks ["answer_without_upgrade", "answer_that_upgrades"];
    /// Compares Upgrade and Connection by case.
    ComparesByCase breaks ["upgrade_in_capitals", "options_in_capitals"];
    /// Accepts any Connection.
    AcceptsAnyConnection breaks ["answer_without_connection", "connection_close"];
    /// Looks at the first line of Connection only.
    LooksAtOneConnectionLine breaks ["connection_on_two_lines"];
    /// Accepts any accept value.
    AcceptsAnyAccept breaks ["without_accept_value", "value_of_another_key", "empty_accept_value", "in_other_letters", "key_itself"];
    /// Does not trim header values.
    DoesNotTrim breaks ["blanks_around"];
    /// Accepts any extension.
    AcceptsAnyExtension breaks ["extension_that_was", "compression_that_was", "rfc7692::"];
    /// Takes the first of headers that may be there once.
    TakesTheFirst breaks ["twice_fails"];
    /// Accepts HTTP/1.0.
    AcceptsHttp10 breaks ["answer_in_http_1_0"];
    /// Needs a reason phrase.
    NeedsReasons breaks ["empty_reason", "without_a_reason"];
    /// Takes the first bytes for the whole head.
    ReadsHeadsAtOnce breaks ["answer_byte_by_byte"];
    /// Accepts only what it has a key for, and has none.
    RefusesEverything breaks ["right_answer", "subprotocol_of_the_offer"];
    /// Loses what came with the answer.
    LosesEarlyFrames breaks ["segment_with_the_answer", "segment_of_the_answer", "right_behind_the_answer"];
    /// Shows nothing of the answer.
    HidesTheAnswer breaks ["session_knows", "subprotocol_of_the_offer", "required_subprotocol_that_is_there"];
    /// Accepts any subprotocol.
    AcceptsAnySubprotocol breaks ["subprotocol_that_was_not", "several_subprotocols", "subprotocol_unasked"];
    /// Compares subprotocols without case.
    ComparesOffersWithoutCase breaks ["subprotocol_in_other_case"];
    /// Requires a subprotocol always.
    RequiresSubprotocols breaks ["answer_without_a_subprotocol"];
    /// Requires none ever.
    RequiresNothing breaks ["required_subprotocol_that_is_missing"];
    /// Has one error for everything.
    TellsOneError breaks ["instead_of_an_answer", "cut_off_in_its_head", "no_http", "without_a_colon", "speaks_no_tls", "nobody_listens"];

    // Times and drops.
    /// Waits for ever.
    WaitsForEver breaks ["says_nothing", "stops_in_its_answer", "silent_in_tls", "answer_a_close", "at_the_deadline"];
    /// Starts its time anew with every byte.
    StartsAnew breaks ["trickles_in", "prolong_the_time"];
    /// Waits for ever for a connection.
    ConnectsForEver breaks ["not_established"];
    /// Goes on when nobody waits for the call.
    KeepsDroppedCalls breaks ["call_dropped", "dropped_call"];
    /// Keeps sessions that nobody has.
    ForgetsDroppedSessions breaks ["dropped_session"];

    // Redirects.
    /// Follows without being asked.
    FollowsUnasked breaks ["redirect_is_an_answer"];
    /// Follows any number.
    FollowsForEver breaks ["redirects_end"];
    /// Never follows.
    FollowsNothing breaks ["redirect_is_followed"];
    /// Reads the body of a redirect before it follows.
    ReadsRedirectBodies breaks ["before_its_body"];
    /// Forgets its headers.
    ForgetsCredentials breaks ["keeps_headers"];
    /// Takes its headers everywhere.
    CarriesCredentials breaks ["carries_no_credentials"];
    /// Takes every scheme for its own.
    ForgetsSchemes breaks ["another_scheme"];

    // Frames.
    /// Masks nothing.
    MasksNothing breaks ["data_frames_are_masked", "large_message_is_masked", "every_size_of_length"];
    /// Masks data only.
    MasksDataOnly breaks ["control_frames_are_masked"];
    /// Does not mask empty frames.
    MasksNoEmptyFrames breaks ["empty_frames_are_masked"];
    /// Masks with one key.
    RepeatsMasks breaks ["own_mask"];
    /// Counts its keys.
    CountsMasks breaks ["do_not_follow"];
    /// Accepts masked frames.
    AcceptsMasked breaks ["s5_1::masked_"];
    /// Ignores reserved bits.
    IgnoresReservedBits breaks ["::rsv"];
    /// Ignores reserved opcodes.
    IgnoresReservedOpcodes breaks ["::opcode_"];
    /// Accepts a length that is not in its shortest form.
    AcceptsLongLengths breaks ["short_length"];
    /// Judges a frame when its payload is there.
    WaitsForPayloads breaks ["top_bit", "giant_frame"];
    /// Has no limits for messages.
    LimitsNothing breaks ["message_over_the_limit"];
    /// Refuses what is at the limit.
    RefusesTheLimit breaks ["message_at_the_limit"];
    /// Takes every fragment for a message.
    KeepsFragmentsApart breaks ["fragments_are_one"];
    /// Answers pings after the message they came in.
    PongsAfterTheMessage breaks ["ping_between"];
    /// Takes a stray continuation for a message.
    AcceptsStrayContinuations breaks ["continuation_of_nothing"];
    /// Lets a message begin inside another.
    AcceptsInterleaving breaks ["text_inside"];
    /// Accepts fragmented control frames.
    AcceptsFragmentedControlFrames breaks ["fragmented_ping"];
    /// Accepts control frames of any length.
    AcceptsLongControlFrames breaks ["ping_of_126"];
    /// Never answers a ping.
    NeverPongs breaks ["ping_is_answered"];
    /// Answers pongs.
    AnswersPongs breaks ["unsolicited_pong"];
    /// Does not check text.
    AcceptsInvalidText breaks ["s8_1::invalid_text_fails", "surrogate", "text_cut_in"];
    /// Checks text when its message is complete.
    ChecksTextLate breaks ["before_its_message"];
    /// Checks every piece of a text by itself.
    ChecksPiecesAlone breaks ["code_point_split"];
    /// Checks binary as if it were text.
    ChecksBinary breaks ["binary_is_not"];
    /// Forgets the start of a frame when the rest comes later.
    ForgetsCutFrames breaks ["frame_byte_by_byte", "segment_of_the_answer"];
    /// Loses every tenth message.
    LosesMessages breaks ["a_hundred_messages", "echo_of_a_hundred", "pair::slow_reader_on_the_client"];
    /// Drops empty messages.
    SkipsEmptyMessages breaks ["empty_messages"];
    /// Loses the last byte of a message.
    LosesLastByte breaks ["large_text", "1_mib", "server_closes_behind", "pair::subprotocol"];
    /// Hides control frames from those who asked.
    HidesControlFrames breaks ["control_frames_are_received"];
    /// Reads without bound.
    ReadsWithoutBound breaks ["is_not_read_stops"];
    /// Takes what is sent without bound.
    SendsWithoutBound breaks ["does_not_read_stops", "slow_reader_on_the_server"];

    // Closing.
    /// Answers every Close with 1000.
    AnswersWith1000 breaks ["same_code", "private_code", "call_resolves_with_the_servers"];
    /// Never answers a Close.
    NeverAnswersClose breaks ["close_is_answered", "call_resolves_with_the_servers", "messages_before_the_close", "close_in_one_segment"];
    /// Forgets reasons.
    ForgetsReasons breaks ["code_and_reason"];
    /// Takes an empty Close for 1000.
    TakesEmptyFor1000 breaks ["close_without_code"];
    /// Closes TCP first.
    ClosesTcpFirst breaks ["leaves_closing_tcp"];
    /// Sends after its Close or its answer.
    SendsAfterClose breaks ["sent_before_closing", "after_the_answer"];
    /// Accepts any Close.
    AcceptsAnyClose breaks ["close_of_one_byte", "::close_with_", "close_reason_that"];
    /// Drops the messages after its Close.
    DropsLateMessages breaks ["message_on_its_way"];
    /// Answers the answer to its Close.
    AnswersTheAnswer breaks ["both_closes"];
    /// Tells errors as an orderly end.
    HidesErrors breaks ["end_without_close", "reset_is_abnormal", "message_cut_off", "abnormal_end"];
    /// Ends without telling why.
    FailsSilently breaks ["::rsv1", "open_after_a_violation"];
    /// Goes on after a violation.
    GoesOnAfterViolation breaks ["behind_a_violation"];

    // Handlers.
    /// Leaves a session open when its handler ended.
    LeavesEndedOpen breaks ["handler_that_ends", "handler_that_fails", "error_of_a_handler"];
    /// Runs the handler whatever came.
    RunsHandlersAnyway breaks ["handler_is_not_called"];
}

impl ClientFault {
    /// The same in reading frames, if it is that.
    pub(super) fn of_frames(self) -> Option<Fault> {
        Some(match self {
            Self::AcceptsMasked => Fault::AcceptsUnmasked,
            Self::IgnoresReservedBits => Fault::IgnoresReservedBits,
            Self::IgnoresReservedOpcodes => Fault::IgnoresReservedOpcodes,
            Self::AcceptsLongLengths => Fault::AcceptsLongLengths,
            Self::WaitsForPayloads => Fault::WaitsForPayloads,
            Self::LimitsNothing => Fault::HasNoLimits,
            Self::RefusesTheLimit => Fault::RefusesTheLimit,
            Self::KeepsFragmentsApart => Fault::KeepsFragmentsApart,
            Self::PongsAfterTheMessage => Fault::PongsAfterTheMessage,
            Self::AcceptsStrayContinuations => Fault::AcceptsStrayContinuations,
            Self::AcceptsInterleaving => Fault::AcceptsInterleaving,
            Self::AcceptsFragmentedControlFrames => Fault::AcceptsFragmentedControlFrames,
            Self::AcceptsLongControlFrames => Fault::AcceptsLongControlFrames,
            Self::AcceptsInvalidText => Fault::AcceptsInvalidText,
            Self::ChecksTextLate => Fault::ChecksTextLate,
            Self::ChecksPiecesAlone => Fault::ChecksPiecesAlone,
            Self::ChecksBinary => Fault::ChecksBinary,
            Self::ForgetsCutFrames => Fault::ForgetsCutFrames,
            _ => return None,
        })
    }
}
