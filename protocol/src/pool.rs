//! Reuses the memory of large messages: fresh pages cost more than all other work on a megabyte.

use std::{
    cell::RefCell,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::{Duration, Instant},
};

use bytes::{Buf, Bytes};

/// Payloads of this size and more come from the pool of their thread.
pub(super) const POOLED_FROM: usize = 32 << 10;

/// The largest size of one thread's pool, in bytes.
const KEPT: usize = 4 * LARGEST;

/// The largest size of all threads' pools together, in bytes. A burst on many threads leaves no
/// more than this.
const KEPT_BY_ALL: usize = 6 * KEPT;

static BY_ALL: AtomicUsize = AtomicUsize::new(0);

/// Memory that was not needed for this time goes back to the allocator.
const UNUSED_FOR: Duration = Duration::from_secs(10);

/// The largest buffer that is kept, in bytes: one huge message must not leave as much memory
/// behind.
const LARGEST: usize = (1 << 20) + LEAD;

/// Bytes in front of every payload from the pool. Large allocations begin 16 bytes after the start
/// of a page. From there, the kernel's copy is half as fast on some processors.
const LEAD: usize = 64;

thread_local! {
    static POOL: RefCell<Pool> = const { RefCell::new(Pool { buffers: Vec::new(), kept: 0, unused: 0, released_at: None }) };
}

struct Pool {
    buffers: Vec<Vec<u8>>,
    kept: usize,
    /// The smallest number of buffers in the pool since memory was released last: that many were
    /// not needed.
    unused: usize,
    released_at: Option<Instant>,
}

/// Takes a buffer for a payload that will have `announced` bytes, empty except for its lead. The
/// buffer comes from the pool when one fits without much waste. Otherwise it has no memory yet.
pub(super) fn take(announced: usize) -> Vec<u8> {
    if announced < POOLED_FROM {
        return Vec::new();
    }
    let mut buffer = POOL.with_borrow_mut(|pool| pool.take(announced));
    buffer.resize(LEAD, 0);
    buffer
}

/// Gives memory that this thread did not need recently back to the allocator. The driver calls it
/// when a timer is due. A call that finds nothing to release is cheap.
pub fn release_unused(now: Instant) {
    // A thread that is ending has no pool.
    let _ = POOL.try_with(|pool| pool.borrow_mut().release_unused(now));
}

/// The payload after the lead. A large payload gives its memory to the pool when its last clone is
/// dropped.
pub(super) fn freeze(mut payload: Vec<u8>, lead: usize) -> Bytes {
    let mut payload = if payload.len() >= POOLED_FROM {
        Bytes::from_owner(Pooled(payload))
    } else {
        if payload.capacity() > payload.len() + payload.len() / 4 {
            payload.shrink_to_fit();
        }
        payload.into()
    };
    payload.advance(lead);
    payload
}

impl Pool {
    fn take(&mut self, announced: usize) -> Vec<u8> {
        let most = announced.saturating_mul(2).saturating_add(LEAD);
        let fitting = announced + LEAD..=most;
        let fits = |buffer: &Vec<u8>| fitting.contains(&buffer.capacity());
        let Some(at) = self.buffers.iter().rposition(fits) else {
            return Vec::new();
        };
        let buffer = self.buffers.swap_remove(at);
        self.unused = self.unused.min(self.buffers.len());
        self.kept -= buffer.capacity();
        BY_ALL.fetch_sub(buffer.capacity(), Relaxed);
        buffer
    }

    fn release_unused(&mut self, now: Instant) {
        let released_at = *self.released_at.get_or_insert(now);
        if now.saturating_duration_since(released_at) < UNUSED_FOR {
            return;
        }
        self.released_at = Some(now);
        #[cfg(feature = "deflate")]
        crate::deflate::release_unused();
        let unused = self.buffers.drain(..self.unused);
        let released: usize = unused.map(|buffer| buffer.capacity()).sum();
        self.unused = self.buffers.len();
        self.kept -= released;
        BY_ALL.fetch_sub(released, Relaxed);
    }

    fn put(&mut self, mut buffer: Vec<u8>) {
        buffer.clear();
        let size = buffer.capacity();
        if size > LARGEST || self.kept + size > KEPT {
            return;
        }
        if BY_ALL.fetch_add(size, Relaxed) + size > KEPT_BY_ALL {
            BY_ALL.fetch_sub(size, Relaxed);
            return;
        }
        self.kept += size;
        self.buffers.push(buffer);
    }
}

/// Runs when the thread ends.
impl Drop for Pool {
    fn drop(&mut self) {
        BY_ALL.fetch_sub(self.kept, Relaxed);
    }
}

struct Pooled(Vec<u8>);

impl AsRef<[u8]> for Pooled {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Pooled {
    fn drop(&mut self) {
        let buffer = std::mem::take(&mut self.0);
        // A thread that is ending has no pool, and the memory is freed.
        let _ = POOL.try_with(|pool| pool.borrow_mut().put(buffer));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, MutexGuard, PoisonError};

    use super::*;

    /// The pools of all threads have a common limit: one test at a time fills them.
    static FILLING: Mutex<()> = Mutex::new(());

    fn filling() -> MutexGuard<'static, ()> {
        FILLING.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn payload(len: usize) -> Bytes {
        freeze(vec![1; LEAD + len], LEAD)
    }

    #[test]
    fn memory_is_used_again_where_it_fits() {
        let _alone = filling();
        let size = 64 << 10;
        let is_new = |size| take(size).capacity() <= LEAD;
        let payload = payload(size);
        assert_eq!(payload.len(), size);
        let clone = payload.clone();
        drop(payload);
        assert!(is_new(size), "a clone still uses it");
        drop(clone);
        assert_eq!(take(POOLED_FROM - 1).capacity(), 0);
        assert!(is_new(size / 4), "too much would be wasted");
        assert!(is_new(size + 1), "it is too small");
        let again = take(size);
        assert_eq!((again.len(), again.capacity()), (LEAD, LEAD + size));
        assert!(is_new(size), "it is taken");
    }

    #[test]
    fn the_pool_keeps_a_bounded_amount() {
        let _alone = filling();
        let payloads: Vec<Bytes> = (0..10).map(|_| payload(1 << 20)).collect();
        drop(payloads);
        let kept: Vec<_> = (0..10).map(|_| take(1 << 20)).collect();
        assert_eq!(
            kept.iter()
                .filter(|buffer| buffer.capacity() > LEAD)
                .count(),
            4
        );
    }

    #[test]
    fn the_pools_of_many_threads_keep_a_bounded_amount() {
        let _alone = filling();
        let all_are_done = std::sync::Barrier::new(17);
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    drop((0..4).map(|_| payload(1 << 20)).collect::<Vec<_>>());
                    all_are_done.wait(); // the pools are full
                    all_are_done.wait();
                });
            }
            all_are_done.wait();
            let kept = BY_ALL.load(Relaxed);
            assert!(kept <= KEPT_BY_ALL, "{kept}");
            assert!(kept > KEPT_BY_ALL / 2, "{kept}");
            all_are_done.wait();
        });
    }

    #[test]
    fn what_was_not_needed_for_a_while_is_released() {
        let _alone = filling();
        let start = Instant::now();
        let at = |seconds| release_unused(start + Duration::from_secs(seconds));
        let kept = || POOL.with_borrow(|pool| pool.buffers.len());
        drop((0..3).map(|_| payload(1 << 20)).collect::<Vec<_>>());
        at(0);
        at(11);
        assert_eq!(kept(), 3, "they came in since");
        let used = || {
            let mut payload = take(1 << 20);
            payload.resize(LEAD + (1 << 20), 0);
            freeze(payload, LEAD)
        };
        drop([used(), used()]);
        at(15);
        assert_eq!(kept(), 3, "too soon");
        at(22);
        assert_eq!(kept(), 2, "two were used at a time");
        at(33);
        assert_eq!(kept(), 0);
        at(44);
    }

    #[test]
    fn a_huge_payload_is_not_kept() {
        drop(payload((1 << 20) + 1));
        assert_eq!(take((1 << 20) + 1).capacity(), LEAD);
    }
}
