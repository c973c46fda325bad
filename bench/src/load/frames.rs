//! Masked frames, computed once and sent again and again.

use std::fmt;

/// Text or binary, by its opcode ([RFC 6455, section 5.2](https://www.rfc-editor.org/rfc/rfc6455#section-5.2)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text = 0x1,
    Binary = 0x2,
}

/// An endless sequence of messages of one size that repeats after a while.
///
/// Message `n` of the sequence is the same for everybody, so what a server sends back can be checked without keeping it.
pub(crate) struct FrameRing {
    kind: Kind,
    payload_len: usize,
    frame_len: usize,
    distinct: usize,
    /// The distinct frames, and the first ones again, so that any window of `in_flight` frames is contiguous.
    wire: Vec<u8>,
    /// The payloads as they will come back.
    echoed: Vec<u8>,
}

impl FrameRing {
    /// A ring of messages of `payload_len` bytes, of which up to `in_flight` are sent at once.
    ///
    /// A raw echo sends the payloads back as they were sent, masked; a WebSocket server sends them back unmasked.
    pub(crate) fn new(kind: Kind, payload_len: usize, in_flight: usize, raw: bool) -> Self {
        let distinct = (DISTINCT_BYTES / payload_len.max(1)).clamp(2, DISTINCT);
        let mut ring = Self {
            kind,
            payload_len,
            frame_len: 0,
            distinct,
            wire: Vec::new(),
            echoed: Vec::new(),
        };
        for message in 0..distinct {
            let payload = payload(kind, message, payload_len);
            let frame = masked_frame(0x80 | kind as u8, mask_of(message), &payload);
            ring.frame_len = frame.len();
            ring.echoed.extend_from_slice(if raw {
                &frame[frame.len() - payload_len..]
            } else {
                &payload
            });
            ring.wire.extend_from_slice(&frame);
        }
        let repeats = in_flight * ring.frame_len;
        ring.wire = ring
            .wire
            .iter()
            .copied()
            .cycle()
            .take(ring.wire.len() + repeats)
            .collect();
        ring
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    pub(crate) fn payload_len(&self) -> usize {
        self.payload_len
    }

    pub(crate) fn frame_len(&self) -> u64 {
        self.frame_len as u64
    }

    /// The bytes of the sequence from `from` to `to`, or the first of them: as many as are contiguous.
    pub(crate) fn wire(&self, from: u64, to: u64) -> &[u8] {
        let start = (from % (self.distinct * self.frame_len) as u64) as usize;
        let end = self.wire.len().min(start + (to - from) as usize);
        &self.wire[start..end]
    }

    /// The payload of a message as it has to come back.
    pub(crate) fn echoed(&self, message: u64) -> &[u8] {
        let start = (message % self.distinct as u64) as usize * self.payload_len;
        &self.echoed[start..start + self.payload_len]
    }
}

impl fmt::Debug for FrameRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameRing")
            .field("kind", &self.kind)
            .field("payload_len", &self.payload_len)
            .finish()
    }
}

/// A masked frame, as a client has to send it.
pub(crate) fn masked_frame(first_byte: u8, mask: [u8; 4], payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first_byte];
    match payload.len() {
        len @ 0..=125 => frame.push(0x80 | len as u8),
        len @ 126..=0xFFFF => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&(len as u16).to_be_bytes());
        }
        len => {
            frame.push(0x80 | 127);
            frame.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(&mask);
    frame.extend(
        payload
            .iter()
            .zip(mask.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    frame
}

/// Bytes that differ from message to message and within a message: xorshift, as ASCII letters if it is text.
fn payload(kind: Kind, message: usize, len: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(message as u64 + 1);
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    match kind {
        Kind::Text => (0..len).map(|_| b'a' + next() % 26).collect(),
        Kind::Binary => (0..len).map(|_| next()).collect(),
    }
}

fn mask_of(message: usize) -> [u8; 4] {
    (0x5A17_C3E1_u32.rotate_left(message as u32 % 32) | 1).to_ne_bytes()
}

/// The most distinct messages of a ring.
const DISTINCT: usize = 64;

/// The most bytes of distinct messages, so that they stay in the cache.
const DISTINCT_BYTES: usize = 512 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_frame_is_the_one_of_the_rfc() {
        let frame = masked_frame(0x81, [0x37, 0xfa, 0x21, 0x3d], b"Hello");
        assert_eq!(
            frame,
            [
                0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58
            ]
        );
    }

    #[test]
    fn any_window_of_the_ring_is_contiguous_and_repeats() {
        let ring = FrameRing::new(Kind::Text, 200, 8, false);
        let len = ring.frame_len();
        for first in 0..200 {
            let window = ring.wire(first * len, (first + 8) * len);
            assert_eq!(window.len() as u64, 8 * len);
            assert_eq!(window, ring.wire((first + 64) * len, (first + 72) * len));
        }
    }

    #[test]
    fn messages_that_follow_each_other_differ() {
        for len in [32, 1024, 1024 * 1024] {
            let ring = FrameRing::new(Kind::Binary, len, 1, false);
            assert_ne!(ring.echoed(0), ring.echoed(1));
            assert_ne!(ring.echoed(1), ring.echoed(2));
        }
    }
}
