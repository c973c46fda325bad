//! How much the systems at both ends of a connection hold of what nobody reads.

use std::io;

use socket2::Socket;

/// Both buffers of our own socket, in bytes. Linux doubles it.
const OURS: usize = 16 << 10;

/// The segments that both ends send, in bytes of payload.
#[cfg(unix)]
const SEGMENT: u32 = 1220;

/// Keeps the buffers of both systems small, whatever they may grow to by their settings, so that an end that does not
/// read blocks the other within a few hundred kilobytes. For a socket that is not connected yet; those that a listener
/// accepts have it of the listener.
///
/// A buffer that was set does not grow. That of the other end does, with what is in flight, in segments; on loopback
/// one of those is 64 KiB, and the buffer begins at a megabyte. What is in flight is no more than our buffer holds, and
/// the size of the segments is the smaller of what both ends ask for.
pub(super) fn keep_small(socket: &Socket) -> io::Result<()> {
    socket.set_recv_buffer_size(OURS)?;
    socket.set_send_buffer_size(OURS)?;
    #[cfg(unix)]
    socket.set_tcp_mss(SEGMENT)?;
    Ok(())
}
