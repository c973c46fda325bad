//! Memory of small frames that wait to be written. One buffer per thread serves all encoders, which
//! usually need it for no longer than a poll.

use std::cell::Cell;

/// The largest buffer that is kept, in bytes. An encoder whose peer does not read keeps the memory
/// that it has taken.
const LARGEST: usize = 16 << 10;

thread_local! {
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Takes an empty buffer, with spare memory if there is some.
pub(super) fn take() -> Vec<u8> {
    // A thread that is ending has none.
    SPARE.try_with(Cell::take).unwrap_or_default()
}

/// Keeps the memory of a buffer that is no longer needed.
pub(super) fn give_back(mut buffer: Vec<u8>) {
    if buffer.capacity() <= LARGEST {
        buffer.clear();
        let _ = SPARE.try_with(|spare| spare.set(buffer));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_keeps_one_buffer_and_no_large_one() {
        give_back(vec![1; 100]);
        let again = take();
        assert_eq!((again.len(), again.capacity()), (0, 100));
        assert_eq!(take().capacity(), 0, "it is taken");
        give_back(vec![1; LARGEST + 1]);
        assert_eq!(take().capacity(), 0);
    }
}
