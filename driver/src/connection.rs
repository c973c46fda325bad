//! The state machine of a connection: events go in, actions come out. It does no I/O and has no
//! clock.

mod event;
mod keepalive;
mod live;
mod phase;
#[cfg(test)]
mod properties;
mod reason;
mod schedule;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use switchwire_core::{CloseOutcome, SessionId, WebSocketSettings, spi::Duties};

pub(crate) use self::{
    event::{Action, Actions, Event, Waiting},
    reason::Reason,
    schedule::Condition,
};
use self::{live::Live, phase::Phase, schedule::Schedule};

/// A connection from its opening to the end of its handler.
#[derive(Debug)]
pub(crate) struct Connection {
    /// The phase, for the questions that each poll asks.
    stage: Stage,
    /// The timers of an open session, and notes of its events. They are used only in the open
    /// phase.
    pub(crate) schedule: Schedule,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Open,
    Draining,
    AwaitingClose,
    Flushing,
    HalfClosed,
    Gone,
}

/// There is no transition out of [`Gone`].
#[derive(Debug)]
enum State {
    Live(Live),
    Gone(Gone),
}

/// The transport is dropped. The handler may still run.
#[derive(Debug)]
pub(crate) struct Gone {
    pub(crate) outcome: CloseOutcome,
    pub(crate) handler_until: Option<Instant>,
}

impl Connection {
    /// Opens a connection.
    pub(crate) fn new(
        settings: Arc<WebSocketSettings>,
        duties: Duties,
        id: SessionId,
        now: Instant,
    ) -> Self {
        Self {
            stage: Stage::Open,
            schedule: Schedule::new(&settings, id, now),
            state: State::Live(Live::new(settings, duties)),
        }
    }

    /// Handles an event, and returns the actions for the driver.
    pub(crate) fn on(&mut self, event: Event, now: Instant) -> Actions {
        let mut actions = Actions::new();
        match &mut self.state {
            State::Live(live) => {
                if let Some(outcome) = live.on(event, now, &mut self.schedule, &mut actions) {
                    self.state = State::Gone(live.end(outcome, now, &mut actions));
                }
            }
            State::Gone(gone) => gone.on(&event, now, &mut actions),
        }
        self.stage = self.state.stage();
        actions
    }

    /// When [`Event::Timer`] is due.
    #[inline]
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match (self.stage, &self.state) {
            (Stage::Open, _) => self.schedule.due(),
            (_, State::Live(live)) => live.deadline,
            (_, State::Gone(gone)) => gone.handler_until,
        }
    }

    /// How the session ended, once its transport is gone.
    pub(crate) fn outcome(&self) -> Option<&CloseOutcome> {
        match &self.state {
            State::Live(_) => None,
            State::Gone(gone) => Some(&gone.outcome),
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.stage == Stage::Open
    }

    /// Whether the handler may still answer before the driver sends a Close.
    pub(crate) fn is_draining(&self) -> bool {
        self.stage == Stage::Draining
    }

    /// Whether the driver may read now.
    #[inline]
    pub(crate) fn may_read(&self) -> bool {
        match self.stage {
            Stage::Open => self.schedule.may_read(),
            Stage::AwaitingClose => true,
            Stage::Draining | Stage::Flushing | Stage::HalfClosed | Stage::Gone => false,
        }
    }

    /// Whether the driver may send frames: it has not sent a Close.
    pub(crate) fn may_send(&self) -> bool {
        self.is_open() || self.is_draining()
    }

    /// Whether the driver must close our half of TCP.
    pub(crate) fn is_half_closed(&self) -> bool {
        self.stage == Stage::HalfClosed
    }

    /// Whether the transport is dropped.
    pub(crate) fn is_gone(&self) -> bool {
        self.stage == Stage::Gone
    }

    /// Whether [`Event::Flushed`] changes anything.
    pub(crate) fn heeds_flushed(&self) -> bool {
        match self.stage {
            Stage::Open => self.schedule.is_blocked(),
            Stage::Gone => false,
            _ => true,
        }
    }
}

impl State {
    fn stage(&self) -> Stage {
        match self {
            Self::Live(live) => match live.phase {
                Phase::Open => Stage::Open,
                Phase::Draining(_) => Stage::Draining,
                Phase::AwaitingClose(_) => Stage::AwaitingClose,
                Phase::Flushing(_) => Stage::Flushing,
                Phase::HalfClosed(_) => Stage::HalfClosed,
            },
            Self::Gone(_) => Stage::Gone,
        }
    }
}

impl Gone {
    fn on(&mut self, event: &Event, now: Instant, actions: &mut Actions) {
        match event {
            Event::HandlerEnded => self.handler_until = None,
            Event::Abort => {
                self.outcome = CloseOutcome::TimedOut;
                self.handler_until = None;
                actions.push(Action::DropHandler);
            }
            Event::Timer(_) if self.handler_until.is_some_and(|until| now >= until) => {
                self.handler_until = None;
                actions.extend([Action::Report(Reason::OVERDUE), Action::DropHandler]);
            }
            _ => {}
        }
    }
}

/// Adds a time, as far as a clock can be set.
pub(crate) fn after(now: Instant, time: Duration) -> Instant {
    const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);
    now + time.min(LONGEST)
}
