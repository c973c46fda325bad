/// How many bytes are XORed at once.
const BLOCK: usize = 32;

/// XORs `payload` with the masking key. The payload begins `phase` bytes into the frame ([RFC 6455
/// section 5.3](https://www.rfc-editor.org/rfc/rfc6455#section-5.3)).
pub(super) fn apply(payload: &mut [u8], key: [u8; 4], phase: usize) {
    let key = u32::from_be_bytes(key).rotate_left(8 * (phase % 4) as u32);
    let key = key.to_be_bytes();
    let (blocks, rest) = payload.as_chunks_mut::<BLOCK>();
    let wide = [key; BLOCK / 4];
    for block in blocks {
        xor(block, wide.as_flattened());
    }
    let (words, rest) = rest.as_chunks_mut::<4>();
    for word in words {
        xor(word, &key);
    }
    xor(rest, &key);
}

fn xor(bytes: &mut [u8], key: &[u8]) {
    for (byte, key) in bytes.iter_mut().zip(key) {
        *byte ^= key;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn is_the_rfc_formula_at_every_phase(
            payload: Vec<u8>,
            key: [u8; 4],
            phase in 0_usize..9,
        ) {
            let expected: Vec<u8> = payload
                .iter()
                .enumerate()
                .map(|(at, byte)| byte ^ key[(at + phase) % 4])
                .collect();
            let mut masked = payload;
            super::apply(&mut masked, key, phase);
            prop_assert_eq!(masked, expected);
        }
    }
}
