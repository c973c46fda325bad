/// XORs `payload` with the masking key, `phase` bytes into the frame
/// ([RFC 6455 section 5.3](https://www.rfc-editor.org/rfc/rfc6455#section-5.3)).
pub(super) fn apply(payload: &mut [u8], key: [u8; 4], phase: usize) {
    let key = u32::from_ne_bytes(key);
    // The key as it stands at `phase`, twice, so that eight bytes go at once.
    let shift = 8 * (phase % 4) as u32;
    let key = if cfg!(target_endian = "little") {
        key.rotate_right(shift)
    } else {
        key.rotate_left(shift)
    };
    let key = key.to_ne_bytes();
    let wide = u64::from_ne_bytes([
        key[0], key[1], key[2], key[3], key[0], key[1], key[2], key[3],
    ]);
    let (words, rest) = payload.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(key.iter().cycle()) {
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
