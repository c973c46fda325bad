//! A process may fork after it has served sessions: a server with a process for each core, a test harness. What had been
//! fetched of random numbers was then in both, and parent and child gave out the same ids of sessions and the same
//! masking keys. Now a child fetches anew.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::{Read, Write};

use bytes::Bytes;
use switchwire_core::{WebSocketMessage, spi::OutgoingFrame};
use switchwire_protocol::Encoder;

/// The masking keys of four frames.
fn keys() -> [u8; 16] {
    let mut encoder = Encoder::client();
    for _ in 0..4 {
        encoder.encode(OutgoingFrame::Message(WebSocketMessage::Ping(Bytes::new())));
    }
    let frames = encoder.as_slice().unwrap();
    std::array::from_fn(|at| frames[6 * (at / 4) + 2 + at % 4])
}

#[test]
fn a_child_has_other_random_numbers_than_its_parent() {
    keys(); // numbers are fetched in blocks
    let (mut reader, mut writer) = std::io::pipe().unwrap();
    #[expect(unsafe_code, reason = "there is no other way to fork")]
    // SAFETY: the child does nothing but draw numbers, write to a pipe, and end.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "no process");
    if child == 0 {
        let written = writer.write_all(&keys());
        #[expect(unsafe_code, reason = "the child must not go on with the tests")]
        // SAFETY: it ends the process.
        unsafe {
            libc::_exit(i32::from(written.is_err()))
        }
    }
    drop(writer);
    let mut childs = [0; 16];
    reader.read_exact(&mut childs).unwrap();
    let mut status = 0;
    #[expect(unsafe_code, reason = "no zombie is left")]
    // SAFETY: `status` outlives the call.
    unsafe {
        libc::waitpid(child, &raw mut status, 0)
    };
    assert_eq!(status, 0);
    assert_ne!(childs, keys());
}
