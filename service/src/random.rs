//! Random numbers of the operating system, fetched in blocks, so that a frame or a session costs no system call.

use std::cell::RefCell;

/// How many bytes are fetched at a time: 512 masking keys, or 128 session ids.
const BLOCK: usize = 2 << 10;

thread_local! {
    static RANDOM: RefCell<Random> = const { RefCell::new(Random { block: [0; BLOCK], used: BLOCK }) };
}

struct Random {
    block: [u8; BLOCK],
    used: usize,
}

/// Bytes that nobody can foretell, and that are handed out once.
pub(crate) fn next<const COUNT: usize>() -> [u8; COUNT] {
    RANDOM.with_borrow_mut(|random| {
        if random.used + COUNT > BLOCK {
            getrandom::fill(&mut random.block).expect("the operating system has random numbers");
            random.used = 0;
        }
        let bytes = random.block[random.used..].first_chunk().copied();
        random.used += COUNT;
        bytes.expect("a block has more than that")
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    #[test]
    fn bytes_are_different_across_blocks_and_threads() {
        let draw = || {
            (0..2_000)
                .map(|_| super::next::<4>())
                .collect::<HashSet<_>>()
        };
        let here = draw();
        let there = std::thread::spawn(draw).join().unwrap();
        // By chance two of 4 000 are the same about once in 500 runs, ten never.
        assert!(here.union(&there).count() > 3_990);
    }

    #[test]
    fn sizes_that_do_not_divide_a_block_go_together() {
        let short: HashSet<[u8; 7]> = (0..1_000).map(|_| super::next()).collect();
        let long: HashSet<[u8; 16]> = (0..1_000).map(|_| super::next()).collect();
        assert_eq!((short.len(), long.len()), (1_000, 1_000));
    }
}
