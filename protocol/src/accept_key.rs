//! The proof that a server speaks WebSocket ([RFC 6455 section
//! 4.2.2](https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2)).

use base64::{Engine, engine::general_purpose::STANDARD};
use sha1::{Digest, Sha1};

use crate::random;

/// The constant of RFC 6455. The server appends it to the key before it hashes.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The value of `Sec-WebSocket-Accept` for this `Sec-WebSocket-Key`.
#[must_use]
pub fn accept_key(key: &[u8]) -> String {
    let digest = Sha1::new().chain_update(key).chain_update(GUID).finalize();
    STANDARD.encode(digest)
}

/// Makes a `Sec-WebSocket-Key` from random numbers of the operating system.
#[must_use]
pub fn new_key() -> String {
    STANDARD.encode(random::bytes::<16>())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 6455 section 1.3.
    #[test]
    fn accepts_the_key_of_the_standard() {
        let accept = accept_key(b"dGhlIHNhbXBsZSBub25jZQ==");
        assert_eq!(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn a_new_key_is_sixteen_bytes_and_its_own() {
        let keys = [new_key(), new_key()];
        assert_ne!(keys[0], keys[1]);
        for key in keys {
            assert_eq!(STANDARD.decode(key).unwrap().len(), 16);
        }
    }
}
