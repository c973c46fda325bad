//! Memory of large messages, used again: fresh pages cost more than all else that is done with a megabyte.

use std::cell::RefCell;

use bytes::Bytes;

/// Payloads of this size and more come from the pool of their thread.
pub(super) const POOLED_FROM: usize = 32 << 10;

/// What the pool of a thread keeps at most, in bytes.
const KEPT: usize = 4 << 20;

/// The largest payload whose memory is kept, in bytes: one huge message must not leave as much behind.
const LARGEST: usize = KEPT / 4;

thread_local! {
    static POOL: RefCell<Pool> = const { RefCell::new(Pool { buffers: Vec::new(), kept: 0 }) };
}

struct Pool {
    buffers: Vec<Vec<u8>>,
    kept: usize,
}

/// An empty buffer for a payload of which `announced` bytes are to come: one that is there and fits without much
/// waste, or else one without memory.
pub(super) fn take(announced: usize) -> Vec<u8> {
    if announced < POOLED_FROM {
        return Vec::new();
    }
    POOL.with_borrow_mut(|pool| {
        let fits = |buffer: &Vec<u8>| (announced..=announced * 2).contains(&buffer.capacity());
        let Some(at) = pool.buffers.iter().rposition(fits) else {
            return Vec::new();
        };
        let buffer = pool.buffers.swap_remove(at);
        pool.kept -= buffer.capacity();
        buffer
    })
}

/// A payload that gives its memory to the pool when the last clone of it is dropped.
pub(super) fn freeze(mut payload: Vec<u8>) -> Bytes {
    if payload.len() >= POOLED_FROM {
        return Bytes::from_owner(Pooled(payload));
    }
    if payload.capacity() > payload.len() + payload.len() / 4 {
        payload.shrink_to_fit();
    }
    payload.into()
}

struct Pooled(Vec<u8>);

impl AsRef<[u8]> for Pooled {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Pooled {
    fn drop(&mut self) {
        let mut buffer = std::mem::take(&mut self.0);
        buffer.clear();
        // When the thread ends there is no pool any more, and the memory is freed.
        let _ = POOL.try_with(|pool| {
            let mut pool = pool.borrow_mut();
            if buffer.capacity() <= LARGEST && pool.kept + buffer.capacity() <= KEPT {
                pool.kept += buffer.capacity();
                pool.buffers.push(buffer);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_used_again_where_it_fits() {
        let size = 64 << 10;
        let payload = freeze(vec![1; size]);
        let clone = payload.clone();
        drop(payload);
        assert_eq!(take(size).capacity(), 0, "a clone still uses it");
        drop(clone);
        assert_eq!(take(POOLED_FROM - 1).capacity(), 0);
        assert_eq!(take(size / 4).capacity(), 0, "too much would be wasted");
        let again = take(size);
        assert_eq!((again.len(), again.capacity()), (0, size));
        assert_eq!(take(size).capacity(), 0, "it is taken");
    }

    #[test]
    fn the_pool_keeps_a_bounded_amount() {
        let payloads: Vec<Bytes> = (0..10).map(|_| freeze(vec![0; 1 << 20])).collect();
        drop(payloads);
        let kept = (0..10).filter(|_| take(1 << 20).capacity() > 0).count();
        assert_eq!(kept, 4);
    }

    #[test]
    fn a_huge_payload_is_not_kept() {
        drop(freeze(vec![0; LARGEST + 1]));
        assert_eq!(take(LARGEST + 1).capacity(), 0);
    }
}
