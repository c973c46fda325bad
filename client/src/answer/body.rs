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
    // Such an answer ends with its head, whatever its headers say (RFC 9112 section 6.3).
    if matches!(
        head.status(),
        StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED
    ) {
        return;
    }
    let mut reader = Reader {
        io,
        buffer: early.into(),
    };
    let read = if is_chunked(head.headers()) {
        reader.read_chunks(body).await
    } else {
        let length = match head.headers().get(header::CONTENT_LENGTH) {
            Some(length) => length.to_str().ok().and_then(|text| text.parse().ok()),
            None => None,
        };
        reader.read_part(length.unwrap_or(u64::MAX), body).await
    };
    if let Err(error) = read {
        tracing::debug!(%error, "the body of an answer is incomplete");
    }
}

fn is_chunked(headers: &HeaderMap) -> bool {
    let codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    codings
        .filter_map(|line| line.to_str().ok())
        .any(|line| line.to_ascii_lowercase().contains("chunked"))
}

struct Reader<'a, IO> {
    io: &'a mut IO,
    buffer: BytesMut,
}

impl<IO: AsyncRead + Unpin> Reader<'_, IO> {
    async fn read_chunks(&mut self, body: &mut Vec<u8>) -> io::Result<()> {
        while body.len() < MAX_BODY {
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
            while self.buffer.len() < 2 {
                self.fill().await?;
            }
            self.buffer.advance(2); // the end of the chunk's line
        }
        Ok(())
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
