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
    let mut buffer = BytesMut::with_capacity(1 << 10);
    let (mut looked_at, mut skipped) = (0, 0);
    loop {
        if let Some(size) = head_size(&buffer, looked_at) {
            let answer = parse(&buffer[..size]).map_err(HeadError::Violation)?;
            buffer.advance(size);
            let status = answer.status();
            if !status.is_informational() || status == StatusCode::SWITCHING_PROTOCOLS {
                return Ok((answer, Bytes::copy_from_slice(&buffer)));
            }
            (looked_at, skipped) = (0, skipped + size);
            continue;
        }
        check_beginning(&buffer).map_err(HeadError::Violation)?;
        if skipped + buffer.len() >= MAX_HEAD {
            return Err(HeadError::Violation(HandshakeViolation::TooLong));
        }
        looked_at = buffer.len();
        if io.read_buf(&mut buffer).await.map_err(HeadError::Io)? == 0 {
            return Err(HeadError::Violation(HandshakeViolation::Truncated));
        }
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
        .find(|end| buffer[..*end].ends_with(b"\r\n\r\n") || buffer[..*end].ends_with(b"\n\n"))
}

/// Detects early that the server speaks another protocol.
fn check_beginning(buffer: &[u8]) -> Result<(), HandshakeViolation> {
    let expected = b"HTTP/1.";
    let known = buffer.len().min(expected.len());
    if buffer[..known] == expected[..known] {
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
}
