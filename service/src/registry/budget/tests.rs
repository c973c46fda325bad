use std::{cell::Cell, sync::Arc, time::Duration};

use proptest::prelude::*;
use switchwire_core::{CloseCode, HandshakeRequest, SessionId, WebSocketSession, spi::SessionPort};
use switchwire_driver::MemoryShare;

use super::*;
use crate::registry::{Registration, SessionRegistry};

const KIB: usize = 1 << 10;

/// A session without a driver, and the share through which a driver would report.
struct Told {
    port: SessionPort,
    share: MemoryShare,
    held: Arc<Held>,
    began: Instant,
    _session: WebSocketSession,
    _registration: Registration,
}

impl Told {
    fn new(registry: &SessionRegistry, number: u8) -> Self {
        let (head, ()) = http::Request::new(()).into_parts();
        let info = HandshakeRequest::from(head).into_info(None);
        let id = SessionId::from_bytes([number; 16]);
        let (session, port) = SessionPort::open(id, info, Arc::default());
        let registration = registry.register(id, port.control()).unwrap();
        Self {
            port,
            share: registration.share(),
            held: registration.held.clone(),
            began: registry.shared.budget.began,
            _session: session,
            _registration: registration,
        }
    }

    fn report(&mut self, held: usize, moved: usize, second: u64) -> bool {
        let began = self.began;
        let now = || began + Duration::from_secs(second);
        self.share.report(held, moved, now)
    }

    /// The code that the session was closed with.
    fn closed_with(&self) -> Option<CloseCode> {
        let taken = self.port.take_outbound(&mut Default::default());
        taken.close.map(|status| status.code())
    }
}

fn registry(budget: usize) -> SessionRegistry {
    SessionRegistry::new().with_memory_budget(budget)
}

fn sessions<const N: usize>(registry: &SessionRegistry) -> [Told; N] {
    let mut number = 0;
    [(); N].map(|()| {
        number += 1;
        Told::new(registry, number)
    })
}

#[test]
fn sessions_without_progress_for_longest_are_closed_until_the_rest_fits() {
    let registry = registry(1024 * KIB);
    let [mut newest, mut oldest, mut older, mut next] = sessions(&registry);
    assert!(!newest.report(300 * KIB, 0, 9));
    assert!(!oldest.report(100 * KIB, 0, 1));
    assert!(!older.report(300 * KIB, 0, 2));
    assert_eq!(registry.memory_held(), 700 * KIB);
    // 1 100 KiB: without the oldest it would fit, but without an eighth to spare.
    assert!(!next.report(400 * KIB, 0, 10));
    assert_eq!(registry.memory_held(), 700 * KIB);
    for (session, code) in [
        (&oldest, Some(CloseCode::TRY_AGAIN_LATER)),
        (&older, Some(CloseCode::TRY_AGAIN_LATER)),
        (&newest, None),
        (&next, None),
    ] {
        assert_eq!(session.closed_with(), code);
    }
    // Each driver learns of it once, whatever its session holds by then, and the session no longer
    // counts.
    assert!(oldest.report(100 * KIB, 0, 11));
    assert!(older.report(900 * KIB, 900 * KIB, 11));
    assert!(!older.report(900 * KIB, 0, 12));
    assert_eq!(registry.memory_held(), 700 * KIB);
    drop((oldest, older));
    assert_eq!(registry.memory_held(), 700 * KIB);
    drop((newest, next));
    assert_eq!(registry.memory_held(), 0);
}

#[test]
fn session_whose_bytes_move_is_kept() {
    let registry = registry(256 * KIB);
    let [mut moves, mut trickles, mut comes] = sessions(&registry);
    moves.report(100 * KIB, 0, 1);
    trickles.report(100 * KIB, 0, 2);
    for second in 3..60 {
        moves.report(100 * KIB, KIB, second); // holds as much as before, because its handler makes progress
        trickles.report(100 * KIB, 1, second);
    }
    comes.report(100 * KIB, 0, 60);
    assert_eq!(trickles.closed_with(), Some(CloseCode::TRY_AGAIN_LATER));
    assert_eq!((moves.closed_with(), comes.closed_with()), (None, None));
}

#[test]
fn session_that_is_over_the_budget_alone_is_closed() {
    let registry = registry(64 * KIB);
    let [mut alone, mut little] = sessions(&registry);
    assert!(!little.report(4 * KIB - 1, 0, 0));
    assert!(alone.report(65 * KIB, 0, 1));
    assert_eq!(alone.closed_with(), Some(CloseCode::TRY_AGAIN_LATER));
    assert_eq!(little.closed_with(), None);
    assert_eq!(registry.memory_held(), 0);
}

#[test]
fn a_lower_budget_takes_effect_at_once() {
    let registry = registry(1024 * KIB);
    let [mut one] = sessions(&registry);
    assert!(!one.report(100 * KIB, 0, 1));
    assert_eq!(one.closed_with(), None);
    let _ = registry.clone().with_memory_budget(50 * KIB);
    assert_eq!(one.closed_with(), Some(CloseCode::TRY_AGAIN_LATER));
}

#[test]
fn without_a_budget_nobody_is_closed() {
    let registry = SessionRegistry::new().with_memory_budget(None);
    let [mut one, mut other] = sessions(&registry);
    one.report(isize::MAX as usize / 4, 0, 1);
    other.report(isize::MAX as usize / 4, 0, 2);
    assert_eq!((one.closed_with(), other.closed_with()), (None, None));
}

#[test]
fn small_changes_cost_nothing() {
    let registry = registry(1024 * KIB);
    let [mut session] = sessions(&registry);
    let looks = Cell::new(0);
    let began = session.began;
    let now = || {
        looks.set(looks.get() + 1);
        began
    };
    for _ in 0..1000 {
        session.share.report(4 * KIB - 1, 4 * KIB, now);
    }
    assert_eq!((looks.get(), registry.memory_held()), (0, 0));
    session.share.report(10 * KIB, 0, now);
    session.share.report(13 * KIB, KIB, now);
    assert_eq!((looks.get(), registry.memory_held()), (1, 10 * KIB));
    session.share.report(KIB, 9 * KIB, now);
    assert_eq!(registry.memory_held(), 0);
}

#[test]
fn drivers_may_tell_from_many_threads() {
    let registry = registry(512 * KIB);
    std::thread::scope(|scope| {
        for number in 0..4 {
            let registry = &registry;
            scope.spawn(move || {
                for round in 0..200 {
                    let mut session = Told::new(registry, number);
                    for step in 0..20 {
                        session.report((step * 37 + round) % 400 * KIB, 0, step as u64);
                    }
                }
            });
        }
    });
    assert_eq!(registry.memory_held(), 0);
}

proptest! {
    /// Whatever is reported in whatever order, the total is what the open sessions hold, and it
    /// fits.
    #[test]
    fn what_is_counted_is_what_is_held(
        told in proptest::collection::vec((0..5_usize, 0..200 * KIB, 0..20 * KIB), 1..100),
    ) {
        let registry = registry(400 * KIB);
        let mut sessions = sessions::<5>(&registry);
        for (second, (which, held, moved)) in told.into_iter().enumerate() {
            sessions[which].report(held, moved, second as u64);
            let open = sessions.iter().filter(|session| !session.held.is_closed());
            let counted: usize = open.map(|session| session.share.told()).sum();
            prop_assert_eq!(registry.memory_held(), counted);
            prop_assert!(counted <= 400 * KIB);
        }
        drop(sessions);
        prop_assert_eq!(registry.memory_held(), 0);
    }
}
