//! Reads the server's answer from a byte stream.

mod body;

use std::io;

use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderName, HeaderValue, Response, StatusCode, Version};
use switchwire_core::{ConnectError, client::HandshakeViolation};
use tokio::io::{AsyncRead, AsyncReadExt};

pub(crate) use self::body::read_body;

/// `client.19` The limit on the head of an answer, in bytes, including interim answers before it.
pub(crate) const MAX_HEAD: usize = 64 << 10;

/// The limit on the number of headers.
pub(crate) const MAX_HEADERS: usize = 100;

/// How many bytes of a body are kept at most.
pub(crate) const MAX_BODY: usize = 64 << 10;

/// Why an answer cannot be read.
#[derive(Debug)]
pub(crate) enum HeadError {
    Io(io::Error),
    Violation(HandshakeViolation),
}

impl From<HeadError> for ConnectError {
    fn from(error: HeadError) -> Self {
        match error {
            HeadError::Io(error) => Self::Io(error),
            HeadError::Violation(violation) => Self::Violation(violation),
        }
    }
}

/// Reads the head of an answer after interim ones. Also returns the bytes after the head.
pub(crate) async fn read_head(
    io: &mut (impl AsyncRead + Unpin),
) -> Result<(Response<()>, Bytes), HeadError> {
    let mut reader = HeadReader::default();
    loop {
        if let Some(answer) = reader.next().map_err(HeadError::Violation)? {
            return Ok((answer, Bytes::copy_from_slice(&reader.buffer)));
        }
        let read = io.read_buf(&mut reader.buffer).await;
        if read.map_err(HeadError::Io)? == 0 {
            return Err(HeadError::Violation(HandshakeViolation::Truncated));
        }
    }
}

/// Looks for the head of the final answer in bytes that arrive piece by piece. It does no I/O.
#[derive(Debug, Default)]
pub(crate) struct HeadReader {
    /// The bytes from the head that is looked for. After that head was found, the bytes after it.
    pub(crate) buffer: BytesMut,
    looked_at: usize,
    /// How many bytes were before that head: interim answers and empty lines.
    skipped: usize,
}

impl HeadReader {
    /// Returns the head of the final answer once it is complete. `None` asks for more bytes in the
    /// buffer.
    ///
    /// The result does not depend on the pieces in which the bytes arrive.
    pub(crate) fn next(&mut self) -> Result<Option<Response<()>>, HandshakeViolation> {
        loop {
            self.skip_empty_lines();
            check_beginning(&self.buffer)?;
            let Some(size) = head_size(&self.buffer, self.looked_at) else {
                if self.skipped + self.buffer.len() >= MAX_HEAD {
                    return Err(HandshakeViolation::TooLong);
                }
                self.looked_at = self.buffer.len();
                return Ok(None);
            };
            if self.skipped + size > MAX_HEAD {
                return Err(HandshakeViolation::TooLong);
            }
            let answer = parse(&self.buffer[..size])?;
            self.skip(size);
            let status = answer.status();
            if !status.is_informational() || status == StatusCode::SWITCHING_PROTOCOLS {
                return Ok(Some(answer));
            }
        }
    }

    /// Skips empty lines before a head, as every parser of HTTP does.
    fn skip_empty_lines(&mut self) {
        loop {
            match *self.buffer {
                [b'\n', ..] => self.skip(1),
                [b'\r', b'\n', ..] => self.skip(2),
                _ => return,
            }
        }
    }

    fn skip(&mut self, size: usize) {
        self.buffer.advance(size);
        self.skipped += size;
        self.looked_at = 0;
    }
}

/// The size of the head at the front, if it is complete. It looks again only at bytes that arrived
/// since the last check, so a head in many small pieces takes linear time.
fn head_size(buffer: &[u8], looked_at: usize) -> Option<usize> {
    let from = looked_at.saturating_sub(3);
    let lines = buffer[from..]
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'\n');
    lines
        .map(|(at, _)| from + at + 1)
        .find(|end| buffer[..*end].ends_with(b"\n\r\n") || buffer[..*end].ends_with(b"\n\n"))
}

/// Detects early that the server speaks another protocol.
fn check_beginning(buffer: &[u8]) -> Result<(), HandshakeViolation> {
    let expected = b"HTTP/1.";
    let known = buffer.len().min(expected.len());
    if buffer[..known] == expected[..known] || buffer == b"\r" {
        Ok(())
    } else {
        Err(HandshakeViolation::Syntax)
    }
}

fn parse(head: &[u8]) -> Result<Response<()>, HandshakeViolation> {
    use HandshakeViolation as Not;
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Response::new(&mut headers);
    match parsed.parse(head) {
        Ok(httparse::Status::Complete(_)) => {}
        Err(httparse::Error::TooManyHeaders) => return Err(Not::TooLong),
        Ok(httparse::Status::Partial) | Err(_) => return Err(Not::Syntax),
    }
    let mut answer = Response::new(());
    *answer.version_mut() = match parsed.version {
        Some(0) => Version::HTTP_10,
        _ => Version::HTTP_11,
    };
    let code = parsed.code.unwrap_or_default();
    *answer.status_mut() = StatusCode::from_u16(code).map_err(|_| Not::Syntax)?;
    for header in parsed.headers {
        let name = HeaderName::from_bytes(header.name.as_bytes()).map_err(|_| Not::Syntax)?;
        let value = HeaderValue::from_bytes(header.value).map_err(|_| Not::Syntax)?;
        answer.headers_mut().append(name, value);
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    async fn read(bytes: &[u8]) -> Result<(Response<()>, Bytes), HandshakeViolation> {
        let mut io = bytes;
        read_head(&mut io).await.map_err(|error| match error {
            HeadError::Violation(violation) => violation,
            HeadError::Io(error) => panic!("{error}"),
        })
    }

    #[tokio::test]
    async fn a_head_is_read_in_any_pieces_and_what_follows_is_kept() {
        let bytes = b"HTTP/1.1 101\r\nA: 1\r\na:  2 \r\n\r\nrest";
        for size in 1..bytes.len() {
            let mut io = tokio_test_pieces(bytes, size);
            let (answer, rest) = read_head(&mut io).await.unwrap();
            assert_eq!(answer.status(), 101);
            let values: Vec<_> = answer.headers().get_all("a").iter().collect();
            assert_eq!(values, ["1", "2"]);
            assert!(b"rest".starts_with(&rest));
        }
    }

    /// Makes a reader that yields `size` bytes at a time.
    fn tokio_test_pieces(bytes: &[u8], size: usize) -> impl AsyncRead + Unpin + '_ {
        struct Pieces<'a>(&'a [u8], usize);
        impl AsyncRead for Pieces<'_> {
            fn poll_read(
                mut self: std::pin::Pin<&mut Self>,
                _: &mut std::task::Context<'_>,
                buffer: &mut tokio::io::ReadBuf<'_>,
            ) -> std::task::Poll<io::Result<()>> {
                let size = self.1.min(self.0.len()).min(buffer.remaining());
                let (piece, rest) = self.0.split_at(size);
                buffer.put_slice(piece);
                self.0 = rest;
                std::task::Poll::Ready(Ok(()))
            }
        }
        Pieces(bytes, size)
    }

    proptest::proptest! {
        #[test]
        fn no_answer_makes_the_reader_panic_or_keep_more_than_it_may(
            head in "(HTTP/1\\.[01] [0-9]{3} ?[ -~]{0,9}\r?\n([!-~]{0,9}: ?[ -~]{0,9}\r?\n){0,4}\r?\n){0,3}",
            rest: Vec<u8>,
        ) {
            let bytes = [head.as_bytes(), &rest].concat();
            let mut io = &bytes[..];
            let read = read_head(&mut io).now_or_never().expect("all is there");
            if let Ok((answer, early)) = read {
                let mut body = Vec::new();
                read_body(&mut io, &answer, early, &mut body).now_or_never().expect("all is there");
                proptest::prop_assert!(body.len() <= bytes.len());
            }
        }
    }

    #[tokio::test]
    async fn interim_answers_are_skipped() {
        let bytes =
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 \r\nA: b\r\n\r\nHTTP/1.1 403 No\r\n\r\n";
        let (answer, rest) = read(bytes).await.unwrap();
        assert_eq!(answer.status(), 403);
        assert!(rest.is_empty());
    }

    #[tokio::test]
    async fn wrong_answers_are_told_apart() {
        use HandshakeViolation as Not;
        let long = format!("HTTP/1.1 101 \r\nA: {}", "b".repeat(MAX_HEAD));
        let many = format!("HTTP/1.1 101 \r\n{}\r\n", "A: b\r\n".repeat(101));
        let endless = "HTTP/1.1 100 \r\n\r\n".repeat(10_000);
        for (bytes, expected) in [
            (&b""[..], Not::Truncated),
            (b"HTTP/1.1 101 \r\nA: b\r\n", Not::Truncated),
            (b"SSH-2.0-OpenSSH\r\n", Not::Syntax),
            (b"HTTP/2 101 \r\n\r\n", Not::Syntax),
            (b"HTTP/1.1 1x1 \r\n\r\n", Not::Syntax),
            (b"HTTP/1.1 101 \r\nA b: c\r\n\r\n", Not::Syntax),
            (long.as_bytes(), Not::TooLong),
            (many.as_bytes(), Not::TooLong),
            (endless.as_bytes(), Not::TooLong),
        ] {
            assert_eq!(read(bytes).await.unwrap_err(), expected);
        }
        let (answer, _) = read(b"HTTP/1.0 101 \r\n\r\n").await.unwrap();
        assert_eq!(answer.version(), Version::HTTP_10);
    }

    #[tokio::test]
    async fn lines_may_end_without_cr_and_empty_lines_may_come_first() {
        for bytes in [
            &b"\r\n\r\n\nHTTP/1.1 403 \r\nA: b\r\n\r\n"[..],
            b"HTTP/1.1 100 \r\n\r\n\r\nHTTP/1.1 403 \r\nA: b\r\n\r\n",
            b"HTTP/1.1 403 \r\nA: b\n\r\n",
            b"HTTP/1.1 403 \nA: b\n\n",
        ] {
            for size in 1..=bytes.len() {
                let mut io = tokio_test_pieces(bytes, size);
                let (answer, rest) = read_head(&mut io).await.unwrap();
                assert_eq!(answer.headers()["a"], "b");
                assert!(rest.is_empty());
            }
        }
        for bytes in [&b"\r"[..], b"\r\n", b"\r\nHTTP/1.1 1"] {
            let error = read(bytes).await.unwrap_err();
            assert_eq!(error, HandshakeViolation::Truncated);
        }
        let error = read(b"\rHTTP/1.1 403 \r\n\r\n").await.unwrap_err();
        assert_eq!(error, HandshakeViolation::Syntax);
    }

    #[tokio::test]
    async fn interim_answers_and_head_together_are_bounded_in_any_pieces() {
        for before in ["", "HTTP/1.1 100 \r\n\r\n", "\r\n"] {
            for (total, expected) in [
                (MAX_HEAD, None),
                (MAX_HEAD + 1, Some(HandshakeViolation::TooLong)),
            ] {
                let head = "HTTP/1.1 403 \r\nA: \r\n\r\n";
                let long = "b".repeat(total - before.len() - head.len());
                let bytes = format!("{before}HTTP/1.1 403 \r\nA: {long}\r\n\r\nbody");
                for size in [1, 100, 1 << 10, bytes.len()] {
                    let mut io = tokio_test_pieces(bytes.as_bytes(), size);
                    let violation = match read_head(&mut io).await {
                        Err(HeadError::Violation(violation)) => Some(violation),
                        Err(HeadError::Io(error)) => panic!("{error}"),
                        Ok(_) => None,
                    };
                    assert_eq!(violation, expected, "{before:?} {total} {size}");
                }
            }
        }
    }
}
