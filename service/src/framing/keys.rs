//! Masking keys: random numbers of the operating system, fetched in blocks, so that a frame costs no system call.

use std::cell::RefCell;

/// How many bytes are fetched at a time: 512 keys.
const BLOCK: usize = 2 << 10;

thread_local! {
    static BLOCK_OF_KEYS: RefCell<Keys> = const { RefCell::new(Keys { block: [0; BLOCK], used: BLOCK }) };
}

struct Keys {
    block: [u8; BLOCK],
    used: usize,
}

/// A key that nobody can foretell
/// ([RFC 6455 section 10.3](https://www.rfc-editor.org/rfc/rfc6455#section-10.3)). Each is used for one frame.
pub(super) fn next() -> [u8; 4] {
    BLOCK_OF_KEYS.with_borrow_mut(|keys| {
        if keys.used == BLOCK {
            getrandom::fill(&mut keys.block).expect("the operating system has random numbers");
            keys.used = 0;
        }
        let key = keys.block[keys.used..].first_chunk().copied();
        keys.used += 4;
        key.expect("a block is a multiple of a key")
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    #[test]
    fn keys_are_different_across_blocks_and_threads() {
        let draw = || (0..2_000).map(|_| super::next()).collect::<HashSet<_>>();
        let here = draw();
        let there = std::thread::spawn(draw).join().unwrap();
        // By chance two of 4 000 are the same about once in 500 runs, ten never.
        assert!(here.union(&there).count() > 3_990);
    }
}
