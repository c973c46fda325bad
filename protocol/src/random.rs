//! Random numbers of the operating system. They are fetched in blocks, so that a frame or a session
//! needs no system call.

use std::{
    cell::RefCell,
    sync::atomic::{AtomicUsize, Ordering},
};

/// How many bytes are fetched at a time: 512 masking keys, or 128 session ids.
const BLOCK: usize = 2 << 10;

thread_local! {
    static RANDOM: RefCell<Random> = const { RefCell::new(Random { block: [0; BLOCK], used: BLOCK, forks: 0 }) };
}

/// How many forks lie between this process and the first. The bytes that a block held at a fork
/// belong to the parent.
static FORKS: AtomicUsize = AtomicUsize::new(0);

struct Random {
    block: [u8; BLOCK],
    used: usize,
    /// How many forks there had been when the block was fetched.
    forks: usize,
}

/// Returns bytes that nothing can predict and that are used only once: a masking key, or the id of
/// a session.
///
/// # Panics
/// When the operating system has no random numbers, or `N` is more than 2 048.
#[must_use]
pub fn bytes<const N: usize>() -> [u8; N] {
    RANDOM.with_borrow_mut(|random| {
        let forks = FORKS.load(Ordering::Relaxed);
        if random.block.len() - random.used < N || random.forks != forks {
            random.fetch(forks);
        }
        let bytes = random.block[random.used..].first_chunk().copied();
        random.used += N;
        bytes.expect("a block is longer")
    })
}

impl Random {
    #[cold]
    fn fetch(&mut self, forks: usize) {
        notice_forks();
        getrandom::fill(&mut self.block).expect("the operating system has random numbers");
        (self.used, self.forks) = (0, forks);
    }
}

/// Counts forks of this process from now on. It does not notice a child that was made without the C
/// library's `fork`.
#[cfg(unix)]
fn notice_forks() {
    use std::sync::Once;

    extern "C" fn forked() {
        FORKS.fetch_add(1, Ordering::Relaxed);
    }

    static NOTICING: Once = Once::new();
    NOTICING.call_once(|| {
        #[expect(unsafe_code, reason = "the C library tells of a fork in no other way")]
        // SAFETY: the handler adds to an atomic, which a child may do, and is never removed.
        let result = unsafe { libc::pthread_atfork(None, None, Some(forked)) };
        assert_eq!(result, 0, "there is memory for a handler");
    });
}

#[cfg(not(unix))]
fn notice_forks() {}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    #[test]
    fn bytes_are_different_across_blocks_and_threads() {
        let draw = || {
            let short = (0..2_000).map(|_| super::bytes::<4>().to_vec());
            let long = (0..1_000).map(|_| super::bytes::<16>()[..4].to_vec());
            short.chain(long).collect::<HashSet<_>>()
        };
        let here = draw();
        let there = std::thread::spawn(draw).join().unwrap();
        // By chance, two of 6 000 are the same about once in 240 runs. Ten never are.
        assert!(here.union(&there).count() > 5_990);
    }
}
