use std::{
    fmt::Debug,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    task::{Context, Poll, Wake, Waker},
};

use switchwire_core::{
    CloseCode, CloseOutcome, CloseStatus, Error, ErrorKind, HandshakeRequest, SessionId,
    WebSocketMessage, WebSocketSender, WebSocketSettings,
    spi::{ReceiveEnd, SessionControl, SessionPort},
};
use switchwire_driver::SessionDriver;
use tokio::{runtime::Builder, task::coop::unconstrained, time::advance};

use super::{
    choices::Choices,
    handler::{self, Plan},
    properties::{Property, Report, is_share, lie},
    setting::{self, JUMPS, TICK},
    world::{Arrival, ScriptedTransport, State, World, disconnected},
};

/// Does what the script says, and what must follow.
pub(crate) fn run(script: &[u8]) -> Report {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime needs memory only");
    runtime.block_on(play(script))
}

async fn play(script: &[u8]) -> Report {
    let mut choices = Choices::new(script);
    let finale = Finale::choose(&mut choices);
    let mut run = Run::start(&mut choices);
    run.settle();
    while !choices.are_over() && run.goes_on() {
        run.step(&mut choices).await;
    }
    run.end(finale).await;
    run.report()
}

/// What happens next.
#[derive(Debug, Clone, Copy)]
enum Step {
    PeerSends {
        count: usize,
        size: usize,
    },
    PeerPings,
    PeerAnswersPing,
    PeerSendsPart(usize),
    PeerCloses(Option<CloseCode>),
    PeerLeaves,
    PeerBreaksRules(ErrorKind),
    PeerTakes(usize),
    /// Nothing can be read or written any more.
    Reset,
    WritesFail,
    TimePasses(u32),
    ShutDown,
    Abort,
    OpenGate,
    SendOutside(usize),
    CloseOutside,
    /// The driver is polled with another waker from now on.
    MoveTask,
}

impl Step {
    fn choose(choices: &mut Choices<'_>) -> Self {
        match choices.below(32) {
            0..=5 => Self::PeerSends {
                count: choices.of(&[1, 7, 30]),
                size: choices.of(&[4, 30, 2_000, 70_000]),
            },
            6..=8 => Self::PeerPings,
            9 => Self::PeerAnswersPing,
            10 => Self::PeerSendsPart(choices.of(&[1, 500, 5_000])),
            11..=12 => Self::PeerCloses(choices.of(&[None, Some(CloseCode::NORMAL)])),
            13 => Self::PeerLeaves,
            14 => Self::PeerBreaksRules(choices.of(&[ErrorKind::Protocol, ErrorKind::TooBig])),
            15..=19 => Self::PeerTakes(choices.of(&[1 << 30, 1, 100, 5_000, 30_000])),
            20 => Self::Reset,
            21 => Self::WritesFail,
            22..=24 => Self::TimePasses(choices.of(&JUMPS)),
            25 => Self::ShutDown,
            26 => choices.of(&[Self::Abort, Self::ShutDown, Self::MoveTask]),
            27 => Self::OpenGate,
            28 | 29 => choices.of(&[
                Self::SendOutside(60),
                Self::SendOutside(30_000),
                Self::CloseOutside,
            ]),
            30 => Self::PeerSends {
                count: 3_000,
                size: 4,
            },
            _ => Self::MoveTask,
        }
    }
}

/// How a script that is over lets the session end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Finale {
    PeerCloses,
    PeerLeaves,
    ShutDown,
    Abort,
    /// Nothing happens any more.
    Silence,
    DropDriver,
}

impl Finale {
    fn choose(choices: &mut Choices<'_>) -> Self {
        choices.of(&[
            Self::PeerCloses,
            Self::PeerLeaves,
            Self::ShutDown,
            Self::Abort,
            Self::Silence,
            Self::DropDriver,
        ])
    }
}

/// How often a driver may be woken again before anything else happens, in polls: a session wakes itself for work only.
const MOST_POLLS: usize = 20_000;

struct Run {
    world: World,
    settings: WebSocketSettings,
    control: SessionControl,
    sender: WebSocketSender,
    driver: Option<Pin<Box<SessionDriver<ScriptedTransport>>>>,
    woken: Arc<Woken>,
    waker: Waker,
    outcome: Option<CloseOutcome>,
    steps: usize,
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}

impl Run {
    fn start(choices: &mut Choices<'_>) -> Self {
        let settings = setting::choose(choices);
        let plan = Plan::choose(choices);
        let world = World::new(&settings);
        let handler = handler::handler(world.clone(), plan.clone());
        let (head, ()) = http::Request::new(()).into_parts();
        let info = HandshakeRequest::from(head).into_info(None);
        let id = SessionId::from_bytes([7; 16]);
        let (session, port) = SessionPort::open(id, info, settings.clone().into());
        let control = port.control();
        let transport = ScriptedTransport(world.clone());
        let driver = SessionDriver::new(transport, Arc::new(handler), session, port);
        let woken = Arc::new(Woken(true.into()));
        let run = Self {
            world,
            settings,
            sender: control.sender(),
            control,
            driver: Some(Box::pin(driver)),
            waker: woken.clone().into(),
            woken,
            outcome: None,
            steps: 0,
        };
        run.tell(&(&run.settings, plan));
        run
    }

    fn goes_on(&self) -> bool {
        self.driver.is_some()
    }

    async fn step(&mut self, choices: &mut Choices<'_>) {
        self.steps += 1;
        let step = Step::choose(choices);
        self.tell(&step);
        match step {
            Step::PeerSends { count, size } => {
                (0..count).for_each(|_| self.world.change(|wire| wire.arrive_message(size)));
            }
            Step::PeerPings => self.arrives(Arrival::Message(WebSocketMessage::Ping("!".into()))),
            Step::PeerAnswersPing => {
                let ping = self.world.lock().last_ping.take();
                if let Some(ping) = ping {
                    self.arrives(Arrival::Message(WebSocketMessage::Pong(
                        ping.into_payload(),
                    )));
                }
            }
            Step::PeerSendsPart(bytes) => self.arrives(Arrival::Part(bytes)),
            Step::PeerCloses(code) => {
                let status = code.map(CloseStatus::from);
                self.arrives(Arrival::End(ReceiveEnd::Close(status)));
            }
            Step::PeerLeaves => self.arrives(disconnected()),
            Step::PeerBreaksRules(kind) => {
                self.arrives(Arrival::End(ReceiveEnd::Failed(Error::new(kind))));
            }
            Step::PeerTakes(bytes) => self.world.change(|wire| wire.widen(bytes)),
            Step::Reset => {
                self.arrives(Arrival::End(ReceiveEnd::Failed(Error::new(ErrorKind::Io))));
                self.world.change(State::cut);
            }
            Step::WritesFail => self.world.change(State::cut),
            Step::TimePasses(ticks) => self.pass(ticks).await,
            Step::ShutDown => self.shut_down(),
            Step::Abort => self.abort(),
            Step::OpenGate => self.world.change(State::open_gate),
            Step::SendOutside(size) => drop(self.sender.try_send(vec![u8::MAX; size])),
            Step::CloseOutside => drop(self.sender.close(CloseCode::SERVICE_RESTART)),
            Step::MoveTask => self.move_task(),
        }
        // Else the next thing happens before the driver is polled.
        if choices.below(4) > 0 {
            self.settle();
        }
    }

    /// What happens, told when one script is looked at.
    fn tell(&self, what: &dyn Debug) {
        if std::env::var_os("SWITCHWIRE_SEED").is_some() {
            let wire = self.world.lock();
            println!(
                "{what:?}; so far {:?}, unwritten {}, window {}",
                wire.total, wire.unwritten, wire.window
            );
        }
    }

    fn move_task(&mut self) {
        self.woken = Arc::new(Woken(true.into()));
        self.waker = self.woken.clone().into();
    }

    fn arrives(&self, arrival: Arrival) {
        self.world.change(|wire| wire.arrive(arrival));
    }

    fn shut_down(&self) {
        self.world.lock().shut_down = true;
        self.control.shut_down();
    }

    fn abort(&self) {
        let mut wire = self.world.lock();
        wire.aborted = true;
        wire.note_ending();
        drop(wire);
        self.control.abort();
    }

    async fn pass(&self, ticks: u32) {
        if self.woken.0.load(SeqCst) {
            // The runtime keeps it waiting, which is held against nobody.
            let mut wire = self.world.lock();
            wire.ending_since = wire.ending_since.map(|since| since + ticks * TICK);
        }
        advance(ticks * TICK).await;
    }

    /// Polls the driver as long as it is woken, and then once more, when it must have nothing to do.
    fn settle(&mut self) {
        for _ in 0..MOST_POLLS {
            if !self.goes_on() {
                return;
            }
            if self.woken.0.swap(false, SeqCst) {
                self.poll();
                continue;
            }
            let before = self.world.lock().total;
            self.poll();
            let after = self.world.lock().total;
            if before != after || !self.goes_on() {
                let text = format!("nobody woke it, and it went from {before:?} to {after:?}");
                self.violates(Property::Woken, text);
            } else if !self.woken.0.load(SeqCst) {
                return;
            }
        }
        self.violates(Property::Bounded, "it wakes itself for ever");
        self.woken.0.store(false, SeqCst);
    }

    fn poll(&mut self) {
        let Some(driver) = &mut self.driver else {
            return;
        };
        self.world.lock().begin_poll();
        let mut cx = Context::from_waker(&self.waker);
        let polled = pin!(unconstrained(driver.as_mut())).poll(&mut cx);
        let unsent = self.sender.buffered_amount();
        let mut wire = self.world.lock();
        if !is_share(&wire.work, &self.settings) {
            let text = format!("one poll did {:?}", wire.work);
            wire.violations.add(Property::Bounded, text);
        }
        if let Poll::Ready(outcome) = polled {
            if let Some(lie) = lie(&outcome, &wire, &self.settings) {
                wire.violations.add(Property::Truth, lie);
            }
            if matches!(outcome, CloseOutcome::ByUs(_))
                && wire.accepted > wire.handed_over
                && !self.settings.slow_consumer_drops()
            {
                let text = format!("{} of {} were sent", wire.handed_over, wire.accepted);
                wire.violations.add(Property::Order, text);
            }
            drop(wire);
            self.outcome = Some(outcome);
            self.driver = None;
            return;
        }
        if wire.transport_dropped && wire.handler_dropped && !self.woken.0.load(SeqCst) {
            wire.violations
                .add(Property::Gone, "all is dropped, and the driver goes on");
        }
        // What a policy may yet drop is taken in shares, and a poll may have had its own.
        let is_left = unsent > 0 && !self.woken.0.load(SeqCst);
        if wire.is_writable() && (wire.unwritten > 0 || is_left) {
            let text = format!(
                "{} handed over and {unsent} accepted bytes wait, {} would be taken",
                wire.unwritten, wire.window
            );
            wire.violations.add(Property::Written, text);
        }
        if let Some(since) = wire.ending_since
            && since.elapsed() > longest_end(&self.settings)
        {
            let text = format!("it has been ending for {:?}", since.elapsed());
            wire.violations.add(Property::Ends, text);
        }
    }

    async fn end(&mut self, finale: Finale) {
        self.tell(&finale);
        match finale {
            Finale::PeerCloses => {
                self.world.change(|wire| wire.widen(1 << 30));
                let status = CloseStatus::from(CloseCode::NORMAL);
                self.arrives(Arrival::End(ReceiveEnd::Close(Some(status))));
                self.arrives(disconnected());
            }
            Finale::PeerLeaves => {
                self.arrives(disconnected());
                self.world.change(State::cut);
            }
            Finale::ShutDown => {
                self.world.change(|wire| wire.widen(1 << 30));
                self.shut_down();
            }
            Finale::Abort => self.abort(),
            Finale::Silence => {}
            Finale::DropDriver => return self.drop_driver(),
        }
        self.settle();
        let blocked = |wire: &State| wire.unwritten > 0 && !wire.is_writable();
        // While what it sent before is still being read, it is heard; a shutdown gives the handler its grace.
        let is_silent = {
            let wire = self.world.lock();
            let has_grace =
                wire.shut_down && self.settings.answer_grace() >= TICK.saturating_mul(REST);
            finale == Finale::Silence
                && self.settings.ping_interval().is_some()
                && wire.arrived.len() < 256
                && !has_grace
                && blocked(&wire)
        };
        for _ in 0..REST {
            if !self.goes_on() {
                break;
            }
            if finale == Finale::ShutDown && self.world.lock().close_sent.is_some() {
                self.arrives(Arrival::End(ReceiveEnd::Close(None)));
                self.arrives(disconnected());
            }
            self.pass(1).await;
            self.settle();
        }
        let ending = self.world.lock().ending_since.is_some();
        if self.goes_on() && is_silent && !ending {
            self.violates(Property::Silent, format!("it is there after {REST} ticks"));
        }
        self.abort();
        self.settle();
        if self.goes_on() {
            self.violates(Property::Ends, "an abort did not end it");
        }
        self.check_closed();
    }

    /// All that wait for the session learn how it ended, and the same as the driver's owner.
    fn check_closed(&self) {
        let mut cx = Context::from_waker(Waker::noop());
        match (pin!(self.sender.closed()).poll(&mut cx), &self.outcome) {
            (Poll::Pending, _) => self.violates(Property::Ends, "the session was told no outcome"),
            (Poll::Ready(told), Some(outcome)) if !self.world.lock().aborted => {
                if format!("{told:?}") != format!("{outcome:?}") {
                    let text = format!("{told:?} was told, the driver says {outcome:?}");
                    self.violates(Property::Truth, text);
                }
            }
            (Poll::Ready(_), _) => {}
        }
    }

    fn drop_driver(&mut self) {
        self.driver = None;
        self.check_closed();
    }

    fn violates(&self, property: Property, text: impl Into<String>) {
        self.world.lock().violations.add(property, text);
    }

    fn report(self) -> Report {
        let mut wire = self.world.lock();
        Report {
            violations: std::mem::take(&mut wire.violations),
            trace: wire.trace(),
            steps: self.steps,
        }
    }
}

/// How many ticks of rest a session is given: more than all deadlines together.
const REST: u32 = 120;

/// How long an end may take: the closing handshake, the end of TCP, the handler's grace; and as the clock jumps, each may
/// be noticed that much late.
fn longest_end(settings: &WebSocketSettings) -> std::time::Duration {
    2 * settings.closing_deadline() + settings.handler_grace() + 4 * JUMPS[JUMPS.len() - 1] * TICK
}

/// Whether messages may be dropped.
trait Drops {
    fn slow_consumer_drops(&self) -> bool;
}

impl Drops for WebSocketSettings {
    fn slow_consumer_drops(&self) -> bool {
        use switchwire_core::SlowConsumerPolicy::{DropNewest, DropOldest};
        matches!(self.slow_consumer(), DropNewest | DropOldest)
    }
}
