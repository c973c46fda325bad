use std::task::Context;

/// How many rounds one poll makes before it lets other tasks run.
const ROUNDS: usize = 16;

/// How many messages, and how many bytes, one poll takes from the peer before it lets other tasks
/// run.
const MESSAGES: usize = 256;
const BYTES: usize = 1 << 20;

/// With this many bytes to write, or read since there was output, the driver writes although there
/// is more to read.
const GATHERED: usize = 64 << 10;

/// One poll of a driver: what it has found out, and how much of its share of work it has used.
pub(super) struct Turn<'a, 'b> {
    pub(super) cx: &'a mut Context<'b>,
    /// The receive buffer still has some of the room that it got in this poll.
    pub(super) has_room: bool,
    /// Nothing more has arrived.
    pub(super) read_blocked: bool,
    /// No more can be written.
    pub(super) write_blocked: bool,
    /// Fewer bytes are blocked than before this poll.
    pub(super) made_progress: bool,
    /// The session was allowed to drop messages.
    pub(super) has_let_drop: bool,
    /// How many bytes the peer has taken since the last poll ended.
    pub(super) taken: usize,
    /// How many bytes of frames were read that completed a message.
    pub(super) delivered: usize,
    rounds: usize,
    /// The work of reading, in bytes. A message counts as at least 4 KiB.
    work: usize,
    bytes: usize,
    /// How many bytes were read when output began to wait.
    output_since: Option<usize>,
}

impl<'a, 'b> Turn<'a, 'b> {
    pub(super) fn new(cx: &'a mut Context<'b>) -> Self {
        Self {
            cx,
            has_room: false,
            read_blocked: false,
            write_blocked: false,
            made_progress: false,
            has_let_drop: false,
            taken: 0,
            delivered: 0,
            rounds: ROUNDS,
            work: 0,
            bytes: 0,
            output_since: None,
        }
    }

    /// Begins another round, unless the share of work is used up.
    pub(super) fn goes_on(&mut self) -> bool {
        let goes_on = self.rounds > 0 && self.work < BYTES;
        self.rounds = self.rounds.saturating_sub(1);
        goes_on
    }

    /// Notes a read.
    pub(super) fn read(&mut self, messages: usize, bytes: usize) {
        self.work += bytes.max(messages * (BYTES / MESSAGES));
        self.bytes += bytes;
        if messages > 0 {
            self.delivered += bytes;
        }
    }

    /// Whether the output has waited long enough for more.
    #[inline]
    pub(super) fn has_gathered(&mut self, buffered: usize) -> bool {
        if buffered == 0 {
            return false;
        }
        let since = *self.output_since.get_or_insert(self.bytes);
        buffered >= GATHERED || self.bytes - since >= GATHERED
    }

    /// Notes that everything is written.
    pub(super) fn written(&mut self) {
        self.output_since = None;
    }
}
