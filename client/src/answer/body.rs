use std::io;

use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, Response, StatusCode, header};
use httparse::{Status, parse_chunk_size};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::MAX_BODY;

/// The longest line before a chunk.
const MAX_CHUNK_LINE: usize = 256;

/// Reads the body of an answer into `body`, up to the limit. `early` are the bytes of it that
/// arrived with the head.
///
/// When the body ends early or is malformed, the bytes that arrived are the result: a body only
/// explains a refusal.
///
/// # Cancel safety
/// When the future is dropped, `body` has the bytes that arrived.
pub(crate) async fn read_body(
    io: &mut (impl AsyncRead + Unpin),
    head: &Response<()>,
    early: Bytes,
    body: &mut Vec<u8>,
) {
    let mut reader = Reader {
        io,
        buffer: early.into(),
    };
    let read = match Framing::of(head) {
        Framing::Empty => return,
        Framing::Chunked => reader.read_chunks(body).await,
        Framing::Length(length) => reader.read_part(length, body).await,
        Framing::ToTheEnd => reader.read_part(u64::MAX, body).await,
    };
    if let Err(error) = read {
        tracing::debug!(%error, "the body of an answer is incomplete");
    }
}

/// Where a body ends ([RFC 9112 section
/// 6.3](https://www.rfc-editor.org/rfc/rfc9112#section-6.3)).
enum Framing {
    Empty,
    Chunked,
    Length(u64),
    ToTheEnd,
}

impl Framing {
    /// When the length of an answer is malformed, its body is all that arrives until the end of the
    /// connection. The connection is not used for another answer, so a wrong end does no harm.
    fn of(head: &Response<()>) -> Self {
        let headers = head.headers();
        match head.status() {
            StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED => Self::Empty,
            _ if headers.contains_key(header::TRANSFER_ENCODING) => {
                if ends_with_chunked(headers) {
                    Self::Chunked
                } else {
                    Self::ToTheEnd
                }
            }
            _ => content_length(headers).map_or(Self::ToTheEnd, Self::Length),
        }
    }
}

/// Whether the last transfer coding is `chunked`.
fn ends_with_chunked(headers: &HeaderMap) -> bool {
    let last_line = headers
        .get_all(header::TRANSFER_ENCODING)
        .iter()
        .next_back();
    let last = last_line
        .and_then(|line| line.to_str().ok())
        .and_then(|line| line.rsplit(',').next());
    last.is_some_and(|coding| coding.trim().eq_ignore_ascii_case("chunked"))
}

/// The length, when there is one and all its repetitions are the same number.
fn content_length(headers: &HeaderMap) -> Option<u64> {
    let mut length = None;
    for line in headers.get_all(header::CONTENT_LENGTH) {
        for text in line.to_str().ok()?.split(',') {
            let text = text.trim();
            if !text.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            let number = text.parse().ok()?;
            if *length.get_or_insert(number) != number {
                return None;
            }
        }
    }
    length
}

struct Reader<'a, IO> {
    io: &'a mut IO,
    buffer: BytesMut,
}

impl<IO: AsyncRead + Unpin> Reader<'_, IO> {
    async fn read_chunks(&mut self, body: &mut Vec<u8>) -> io::Result<()> {
        loop {
            let size = loop {
                match parse_chunk_size(&self.buffer) {
                    Ok(Status::Complete((line, size))) => {
                        self.buffer.advance(line);
                        break size;
                    }
                    Ok(Status::Partial) if self.buffer.len() < MAX_CHUNK_LINE => {
                        self.fill().await?;
                    }
                    _ => return Err(io::ErrorKind::InvalidData.into()),
                }
            };
            if size == 0 {
                return Ok(());
            }
            self.read_part(size, body).await?;
            if body.len() == MAX_BODY {
                return Ok(());
            }
            while self.buffer.len() < 2 {
                self.fill().await?;
            }
            if self.buffer.split_to(2) != "\r\n" {
                return Err(io::ErrorKind::InvalidData.into());
            }
        }
    }

    /// Reads `length` bytes, or as many as there is room for.
    async fn read_part(&mut self, length: u64, body: &mut Vec<u8>) -> io::Result<()> {
        let mut left = length;
        while left > 0 && body.len() < MAX_BODY {
            if self.buffer.is_empty() {
                self.fill().await?;
            }
            let wanted = usize::try_from(left).unwrap_or(usize::MAX);
            let size = wanted.min(self.buffer.len()).min(MAX_BODY - body.len());
            body.extend_from_slice(&self.buffer.split_to(size));
            left -= size as u64;
        }
        Ok(())
    }

    async fn fill(&mut self) -> io::Result<()> {
        self.buffer.reserve(8 << 10);
        match self.io.read_buf(&mut self.buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn body(name: &'static str, value: &str, early: &[u8], mut rest: &[u8]) -> Vec<u8> {
        let head = Response::builder().header(name, value).body(()).unwrap();
        let mut body = Vec::new();
        read_body(&mut rest, &head, Bytes::copy_from_slice(early), &mut body).await;
        body
    }

    #[tokio::test]
    async fn bodies_end_by_length_by_chunks_or_with_the_connection() {
        assert_eq!(body("content-length", "5", b"he", b"lloXX").await, b"hello");
        assert_eq!(body("x-none", "", b"he", b"llo").await, b"hello");
        let coding = "transfer-encoding";
        let chunks = b"lo\r\n6;x=y\r\n there\r\n0\r\n\r\n";
        assert_eq!(
            body(coding, "Chunked", b"5\r\nhel", chunks).await,
            b"hello there"
        );
        assert_eq!(body(coding, "chunked", b"5\r\nhel", b"").await, b"hel");
        assert_eq!(body(coding, "chunked", b"zz\r\n", b"").await, b"");
        let unended = b"XX3\r\nabc\r\n0\r\n\r\n";
        assert_eq!(body(coding, "chunked", b"2\r\nhe", unended).await, b"he");
    }

    #[tokio::test]
    async fn only_the_last_coding_says_where_a_body_ends() {
        let coding = "transfer-encoding";
        for (value, expected) in [
            ("gzip, chunked", &b"hello"[..]),
            ("gzip,CHUNKED ", b"hello"),
            ("chunked, gzip", b"5\r\nhello\r\n0\r\n\r\n"),
            ("xchunked", b"5\r\nhello\r\n0\r\n\r\n"),
            ("chunkedx", b"5\r\nhello\r\n0\r\n\r\n"),
            ("identity", b"5\r\nhello\r\n0\r\n\r\n"),
        ] {
            let kept = body(coding, value, b"", b"5\r\nhello\r\n0\r\n\r\n").await;
            assert_eq!(kept, expected, "{value}");
        }
    }

    #[tokio::test]
    async fn a_length_that_is_no_number_is_no_length() {
        for (value, expected) in [
            ("5", &b"hello"[..]),
            ("5, 5", b"hello"),
            ("0", b""),
            ("5, 6", b"hello there"),
            ("+5", b"hello there"),
            ("-1", b"hello there"),
            ("5x", b"hello there"),
            ("", b"hello there"),
            ("99999999999999999999999", b"hello there"),
        ] {
            let kept = body("content-length", value, b"hello", b" there").await;
            assert_eq!(kept, expected, "{value}");
        }
    }

    #[tokio::test]
    async fn no_more_than_the_limit_is_kept() {
        let long = vec![b'x'; MAX_BODY + 1_000];
        assert_eq!(body("x-none", "", b"", &long).await.len(), MAX_BODY);
        let chunks = [b"20000\r\n", &long[..]].concat();
        assert_eq!(
            body("transfer-encoding", "chunked", b"", &chunks)
                .await
                .len(),
            MAX_BODY
        );
    }
}
