//! What a compressed message may refer to: the end of what was said before it.

use super::WindowBits;

/// The last bytes of one direction, at most a window of them. It grows with what is said.
#[derive(Debug, Default)]
pub(super) struct History {
    bytes: Vec<u8>,
    most: usize,
}

impl History {
    pub(super) fn new(bits: WindowBits) -> Self {
        Self {
            bytes: Vec::new(),
            most: 1 << bits.get(),
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Adds a message, or a part of one.
    pub(super) fn add(&mut self, said: &[u8]) {
        let said = &said[said.len().saturating_sub(self.most)..];
        let kept = self.bytes.len().min(self.most - said.len());
        self.bytes.drain(..self.bytes.len() - kept);
        self.bytes.reserve_exact(said.len());
        self.bytes.extend_from_slice(said);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_window_is_kept() {
        let mut history = History::new(WindowBits::new(8).unwrap());
        history.add(&[1; 100]);
        history.add(&[2; 200]);
        assert_eq!(history.bytes(), [[1; 56].as_slice(), &[2; 200]].concat());
        history.add(&[3; 1_000]);
        assert_eq!(history.bytes(), [3; 256]);
        history.add(&[]);
        assert_eq!(history.bytes(), [3; 256]);
        assert!(history.bytes.capacity() <= 512);
    }
}
