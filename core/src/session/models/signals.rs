use std::{
    future::poll_fn,
    sync::Arc,
    task::{Poll, Waker},
};

use loom::{
    future::block_on,
    model,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use super::Task;
use crate::session::signals::Signals;

/// A driver that ends when it has seen all work of the session, and as many wake-ups of the handler
/// and commands.
async fn drive(signals: &Signals, session: &Mutex<usize>, used: usize, others: usize) {
    let mut found = 0;
    poll_fn(|cx| {
        let _ = signals.begin_poll(cx.waker());
        loop {
            found += usize::from(signals.take_command());
            found += usize::from(signals.take_handler());
            if signals.take_session() {
                found += std::mem::take(&mut *session.lock().unwrap());
            }
            if found == used + others {
                return Poll::Ready(());
            }
            if signals.end_poll() {
                return Poll::Pending;
            }
        }
    })
    .await;
}

#[test]
fn a_use_of_the_session_is_found() {
    model(|| {
        let signals = Arc::new(Signals::default());
        let session = Arc::new(Mutex::new(0));
        let using = (signals.clone(), session.clone());
        thread::spawn(move || {
            let (signals, session) = using;
            for _ in 0..2 {
                *session.lock().unwrap() += 1;
                signals.session();
            }
        });
        block_on(drive(&signals, &session, 2, 0));
    });
}

#[test]
fn signals_of_different_kinds_hide_none_of_each_other() {
    model(|| {
        let signals = Arc::new(Signals::default());
        let session = Arc::new(Mutex::new(0));
        let (ordering, waking) = (signals.clone(), signals.clone());
        thread::spawn(move || ordering.command());
        thread::spawn(move || Waker::from(waking).wake());
        block_on(drive(&signals, &session, 0, 2));
    });
}

/// A handler that runs in the driver's poll signals without a wake-up. Another thread causes at
/// most one wake-up for each time that the driver sleeps.
#[test]
fn the_driver_is_woken_once_for_each_sleep_and_not_from_inside_its_poll() {
    model(|| {
        let signals = Arc::new(Signals::default());
        let driver = Arc::new(Task::default());
        let using = signals.clone();
        let other = thread::spawn(move || {
            using.session();
            using.session();
        });
        for _ in 0..2 {
            let _ = signals.begin_poll(&driver.waker());
            signals.session();
            Waker::from(signals.clone()).wake();
            while !signals.end_poll() {
                signals.take_session();
                signals.take_handler();
            }
        }
        other.join().unwrap();
        // The driver slept before its first poll, too, but had no waker then.
        assert!(driver.woken() <= 2);
    });
}

/// When a driver moves to another task between two polls, it is woken there.
#[test]
fn a_driver_that_moves_is_woken_where_it_is() {
    model(|| {
        let signals = Arc::new(Signals::default());
        let (here, there) = (Arc::new(Task::default()), Arc::new(Task::default()));
        let is_used = Arc::new(AtomicBool::new(false));
        let _ = signals.begin_poll(&here.waker());
        assert!(signals.end_poll());
        let using = (signals.clone(), is_used.clone());
        let other = thread::spawn(move || {
            using.1.store(true, Ordering::SeqCst);
            using.0.session();
        });
        let is_new = signals.begin_poll(&there.waker());
        assert!(is_new);
        let is_found = signals.take_session();
        let slept = signals.end_poll();
        other.join().unwrap();
        if slept && !is_found {
            assert_eq!(there.woken(), 1);
        }
    });
}
