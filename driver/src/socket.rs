//! The kernel's knowledge of a connection that a byte stream does not give.

use std::ffi::c_int;
#[cfg(any(target_os = "linux", target_os = "android"))]
#[cfg(not(unix))]
use std::marker::PhantomData;
#[cfg(unix)]
use std::os::fd::{AsFd, BorrowedFd};

use std::{any::Any, io, time::Duration};

use switchwire_core::WebSocketSettings;
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;

/// The socket of a session's connection, borrowed.
///
/// [`with_socket`](crate::StreamTransport::with_socket) tells a
/// [`StreamTransport`](crate::StreamTransport) how to find it. Other transports use it directly.
#[derive(Debug, Clone, Copy)]
pub struct Socket<'a> {
    #[cfg(unix)]
    descriptor: BorrowedFd<'a>,
    #[cfg(not(unix))]
    lifetime: PhantomData<&'a ()>,
}

impl<'a> Socket<'a> {
    /// Borrows the socket of a TCP connection or of a Unix socket.
    #[cfg(unix)]
    #[must_use]
    pub fn new(io: &'a impl AsFd) -> Self {
        let descriptor = io.as_fd();
        Self { descriptor }
    }

    /// Borrows the socket of a TCP connection. On this system, nothing is known about it.
    #[cfg(not(unix))]
    #[must_use]
    pub fn new<IO>(_io: &'a IO) -> Self {
        let lifetime = PhantomData;
        Self { lifetime }
    }

    /// Borrows the socket of a connection of any type, if it is one of Tokio's sockets.
    pub fn find<IO: Any>(io: &'a IO) -> Option<Self> {
        let io: &dyn Any = io;
        let tcp = io.downcast_ref::<TcpStream>().map(Self::new);
        #[cfg(unix)]
        let tcp = tcp.or_else(|| io.downcast_ref::<UnixStream>().map(Self::new));
        tcp
    }

    /// How long the peer's TCP may acknowledge nothing, or keep its window closed. This is
    /// `ping_interval + pong_timeout`, but at least the time that the slow consumer policy gives a
    /// peer that reads nothing: `after` and the closing deadline.
    ///
    /// `None` leaves the limit to the system. It is `None` without a ping interval, and with a
    /// policy that never closes the session of a slow peer: such a peer may keep its window closed
    /// for any time.
    #[must_use]
    pub fn silence_limit(settings: &WebSocketSettings) -> Option<Duration> {
        let silent = settings
            .ping_interval()?
            .saturating_add(settings.pong_timeout());
        let after = settings.slow_consumer().closes_after()?;
        Some(silent.max(after.saturating_add(settings.closing_deadline())))
    }

    /// Makes the kernel end the connection after the [`silence_limit`](Self::silence_limit).
    ///
    /// It sets `TCP_USER_TIMEOUT` ([RFC 5482](https://www.rfc-editor.org/rfc/rfc5482)). Call it
    /// when a session opens. Without it, the driver notices that a host is gone only when our
    /// kernel's own buffer is full, because that buffer takes the output until then. Without a
    /// limit, and on systems other than Linux and Android, it does nothing.
    pub fn limit_silence(self, settings: &WebSocketSettings) {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if let Some(limit) = Self::silence_limit(settings) {
            // The kernel takes an `int` of milliseconds. Zero would mean the kernel's own limit.
            let limit = i32::try_from(limit.as_millis()).unwrap_or(i32::MAX).max(1);
            // It fails on sockets other than TCP and on closed sockets. The next read reports the
            // latter.
            let _ =
                rustix::net::sockopt::set_tcp_user_timeout(self.descriptor, limit.unsigned_abs());
        }
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        let _ = settings;
    }

    /// How many written bytes the peer's TCP has not acknowledged yet. `None` where the system
    /// cannot tell (systems other than Linux and Android).
    ///
    /// Whether the kernel has room says little about a slow peer: it reports room only when a third
    /// of its buffer is free, which may be megabytes. Costs one system call.
    #[must_use]
    pub fn unacknowledged(self) -> Option<usize> {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        {
            use rustix::ioctl::{Getter, ioctl};

            #[expect(unsafe_code, reason = "no safe function asks for it")]
            // SAFETY: the kernel writes an `int`, and gets a `c_int`.
            let count = unsafe { ioctl(self.descriptor, Getter::<SIOCOUTQ, c_int>::new()) };
            count.ok()?.try_into().ok()
        }
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        None
    }

    /// Makes the connection end with a reset when it is closed, so that the system also drops the
    /// bytes that it still holds for the peer.
    ///
    /// # Errors
    /// The system's error. On systems other than Unix it does nothing.
    pub fn reset_when_closed(self) -> io::Result<()> {
        #[cfg(unix)]
        rustix::net::sockopt::set_socket_linger(self.descriptor, Some(Duration::ZERO))?;
        Ok(())
    }

    /// Whether the peer has ended its half of the connection or the connection has failed, seen
    /// without reading. Bytes that arrived before that can still be read.
    ///
    /// Costs one system call. Linux, Android, FreeBSD and illumos tell that one half has ended.
    /// Other Unix systems tell only a failure. Systems other than Unix tell nothing.
    #[must_use]
    pub fn peer_has_ended(self) -> bool {
        #[cfg(unix)]
        {
            use rustix::event::{PollFd, PollFlags, Timespec, poll};

            let mut socket = [PollFd::from_borrowed_fd(self.descriptor, ENDED)];
            poll(&mut socket, Some(&Timespec::default())).is_ok()
                && socket[0]
                    .revents()
                    .intersects(ENDED | PollFlags::ERR | PollFlags::HUP)
        }
        #[cfg(not(unix))]
        false
    }
}

/// The request for the number of unacknowledged bytes.
#[cfg(any(target_os = "linux", target_os = "android"))]
const SIOCOUTQ: rustix::ioctl::Opcode = match () {
    () if cfg!(any(target_arch = "mips", target_arch = "mips64")) => 0x7472,
    () if cfg!(any(target_arch = "powerpc", target_arch = "powerpc64")) => 0x4004_7473,
    () if cfg!(any(target_arch = "sparc", target_arch = "sparc64")) => 0x4004_7473,
    () => 0x5411,
};

/// The events to [`poll`](rustix::event::poll) for. It always reports failures.
#[cfg(any(
    target_os = "android",
    target_os = "freebsd",
    target_os = "illumos",
    all(
        target_os = "linux",
        not(any(target_arch = "sparc", target_arch = "sparc64"))
    ),
))]
const ENDED: rustix::event::PollFlags = rustix::event::PollFlags::RDHUP;

#[cfg(all(
    unix,
    not(any(
        target_os = "android",
        target_os = "freebsd",
        target_os = "illumos",
        all(
            target_os = "linux",
            not(any(target_arch = "sparc", target_arch = "sparc64"))
        ),
    ))
))]
const ENDED: rustix::event::PollFlags = rustix::event::PollFlags::empty();

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::{
        io::{Read, Write},
        net::{Shutdown, TcpListener, TcpStream},
        os::unix::net::UnixStream,
        time::{Duration, Instant},
    };

    use rustix::net::sockopt::{set_socket_linger, tcp_user_timeout};
    use switchwire_core::{SlowConsumerPolicy, WebSocketSettingsBuilder};

    use super::*;

    /// Our end, and the peer's.
    fn connection() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (listener.accept().unwrap().0, peer)
    }

    /// The limit, in milliseconds.
    fn limit(set: impl FnOnce(WebSocketSettingsBuilder) -> WebSocketSettingsBuilder) -> u32 {
        let (ours, _peer) = connection();
        Socket::new(&ours).limit_silence(&set(WebSocketSettings::builder()).build().unwrap());
        tcp_user_timeout(&ours).unwrap()
    }

    #[test]
    fn silence_is_limited_to_what_a_ping_may_take() {
        let short = Duration::from_millis(1_200);
        let pings = |builder: WebSocketSettingsBuilder, time| {
            builder.with_ping_interval(time).with_pong_timeout(time)
        };
        let closes = |builder: WebSocketSettingsBuilder, after, closing| {
            let policy = SlowConsumerPolicy::Close { after };
            builder
                .with_slow_consumer(policy)
                .with_closing_deadline(closing)
        };
        assert_eq!(
            limit(|builder| closes(pings(builder, short), short, Duration::from_millis(5))),
            2_400
        );
        let least = Duration::from_millis(1);
        assert_eq!(
            limit(|builder| closes(pings(builder, least), least, least)),
            2
        );
        let weeks = Duration::from_secs(4 * 7 * 86_400);
        assert_eq!(
            limit(|builder| builder.with_ping_interval(weeks).with_pong_timeout(weeks)),
            i32::MAX.unsigned_abs(),
            "the most that the kernel takes"
        );
        assert_eq!(
            limit(|builder| builder.with_ping_interval(None)),
            0,
            "the system's own limit"
        );
    }

    /// A regression: a peer that read nothing and answered pings was reset after 50 s, without the
    /// 1008 that is due after 60 s.
    #[test]
    fn a_closed_window_is_left_to_the_slow_consumer_policy() {
        assert_eq!(
            limit(|defaults| defaults),
            65_000,
            "60 s, and 5 s for the Close"
        );
        for policy in [SlowConsumerPolicy::Wait, SlowConsumerPolicy::DropOldest] {
            assert_eq!(limit(|it| it.with_slow_consumer(policy)), 0, "{policy:?}");
        }
    }

    #[test]
    fn a_socket_that_is_not_of_tcp_stays_as_it_is() {
        let (ours, peer) = UnixStream::pair().unwrap();
        Socket::new(&ours).limit_silence(&WebSocketSettings::default());
        assert!(!Socket::new(&ours).peer_has_ended());
        drop(peer);
        assert!(Socket::new(&ours).peer_has_ended());
    }

    /// Loopback reports the end to the other side at once, but not in the same call.
    fn ends(socket: &TcpStream) -> bool {
        let start = Instant::now();
        while !Socket::new(socket).peer_has_ended() {
            if start.elapsed() > Duration::from_secs(20) {
                return false;
            }
            std::thread::yield_now();
        }
        true
    }

    #[test]
    fn the_end_of_the_peer_is_seen_behind_what_is_unread_and_takes_none_of_it() {
        let (mut ours, mut peer) = connection();
        assert!(!Socket::new(&ours).peer_has_ended());
        peer.write_all(b"unread").unwrap();
        ours.peek(&mut [0]).unwrap();
        assert!(!Socket::new(&ours).peer_has_ended());
        peer.shutdown(Shutdown::Write).unwrap();
        assert!(ends(&ours));
        let mut read = String::new();
        ours.read_to_string(&mut read).unwrap();
        assert_eq!(read, "unread");
        assert!(Socket::new(&ours).peer_has_ended());
    }

    #[test]
    fn what_the_peer_does_not_take_is_unacknowledged() {
        let (mut ours, mut peer) = connection();
        assert_eq!(Socket::new(&ours).unacknowledged(), Some(0));
        ours.set_nonblocking(true).unwrap();
        let piece = vec![7; 64 << 10];
        let mut written = 0;
        while let Ok(count) = ours.write(&piece) {
            written += count;
        }
        let left = || Socket::new(&ours).unacknowledged().unwrap();
        assert!((1..=written).contains(&left()));
        peer.read_exact(&mut vec![0; written]).unwrap();
        let start = Instant::now();
        while left() > 0 {
            assert!(start.elapsed() < Duration::from_secs(20), "{} left", left());
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_reset_is_an_end() {
        let (ours, peer) = connection();
        set_socket_linger(&peer, Some(Duration::ZERO)).unwrap();
        drop(peer);
        assert!(ends(&ours));
    }

    #[test]
    fn our_own_end_is_not_the_peers() {
        let (ours, _peer) = connection();
        ours.shutdown(Shutdown::Write).unwrap();
        assert!(!Socket::new(&ours).peer_has_ended());
    }
}
