//! What session and driver share between threads: the standard library's, and loom's when models are checked.

#[cfg(all(test, loom))]
pub(super) use loom::sync::{Mutex, MutexGuard, atomic::AtomicU8};
#[cfg(not(all(test, loom)))]
pub(super) use std::sync::{Mutex, MutexGuard, atomic::AtomicU8};
