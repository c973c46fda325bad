//! Compressing and inflating, together and beside the examples of RFC 7692.

use proptest::prelude::*;
use zlib_rs::{Deflate, DeflateFlush, Status};

use super::*;

/// Inflates a message whose pieces end at multiples of `step`, with so much room at a time.
fn inflated(inflater: &mut Inflater, message: &[u8], step: usize) -> Result<Vec<u8>, BrokenData> {
    let mut output = b"lead".to_vec();
    let start = output.len();
    for mut piece in message.chunks(step) {
        loop {
            let most = output.len() + step;
            if inflater.inflate(&mut piece, &mut output, start, most)? == Progress::Done {
                break;
            }
        }
        assert!(piece.is_empty());
    }
    loop {
        let most = output.len() + step;
        if inflater.finish(&mut output, start, most)? == Progress::Done {
            break;
        }
    }
    assert_eq!(&output[..start], b"lead");
    Ok(output.split_off(start))
}

fn alone(message: &[u8]) -> Result<Vec<u8>, BrokenData> {
    inflated(&mut Inflater::new(None), message, 1_000)
}

/// What a compressor makes of a message with a last block, and the empty block after it.
fn with_a_last_block(message: &[u8]) -> Vec<u8> {
    let mut context = Deflate::new(6, false, 15);
    let mut compressed = vec![0; message.len() + 100];
    let status = context.compress(message, &mut compressed, DeflateFlush::Finish);
    assert_eq!(status, Ok(Status::StreamEnd));
    compressed.truncate(usize::try_from(context.total_out()).unwrap());
    compressed
}

#[test]
fn the_examples_of_the_rfc_inflate() {
    let hello = Ok(b"Hello".to_vec());
    assert_eq!(alone(&[0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]), hello);
    let stored = [
        0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00,
    ];
    assert_eq!(alone(&stored), hello);
    assert_eq!(
        alone(&[0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00]),
        hello
    );
    let two_blocks = [
        0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00,
    ];
    assert_eq!(alone(&two_blocks), hello);
    assert_eq!(alone(&[0x00]), Ok(Vec::new()));
    let mut session = Inflater::new(Some(WindowBits::MAX));
    let first = [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00];
    assert_eq!(inflated(&mut session, &first, 1), hello);
    assert_eq!(
        inflated(&mut session, &[0xF2, 0x00, 0x11, 0x00, 0x00], 1),
        hello
    );
}

#[test]
fn what_is_sent_is_that_of_the_rfc() {
    let mut compressed = Vec::new();
    let mut deflater = Deflater::new(6, WindowBits::MAX, true);
    deflater.compress(b"Hello", true, &mut compressed);
    assert_eq!(compressed, [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]);
    compressed.clear();
    deflater.compress(b"", true, &mut compressed);
    assert_eq!(compressed, [0]);
}

#[test]
fn a_last_block_ends_no_message_and_forgets_nothing() {
    let text = b"the window is kept, the window is kept, ".repeat(100);
    let mut message = with_a_last_block(&text);
    // The bytes after it refer to those before the last block.
    let mut after = Deflate::new(6, false, 15);
    after.set_dictionary(&text).unwrap();
    let mut rest = vec![0; 1_000];
    after
        .compress(&text, &mut rest, DeflateFlush::SyncFlush)
        .unwrap();
    rest.truncate(usize::try_from(after.total_out()).unwrap() - 4);
    assert!(
        rest.len() < 100,
        "it refers to the first half: {}",
        rest.len()
    );
    message.extend(rest);
    for step in [1, 7, 10_000] {
        let mut inflater = Inflater::new(None);
        let whole = inflated(&mut inflater, &message, step).unwrap();
        assert!(whole == text.repeat(2), "pieces of {step}");
    }
}

#[test]
fn last_blocks_without_end_are_refused() {
    let many = [0x03, 0x00].repeat(100_000);
    assert_eq!(alone(&many), Err(BrokenData));
    assert_eq!(alone(&[0x03, 0x00, 0x03, 0x00, 0x00]), Ok(Vec::new()));
}

#[test]
fn broken_data_is_refused() {
    for broken in [
        &[0x07][..],                                       // a block of type 3
        &[0xF2, 0x48, 0xCD],                               // ends inside of a block
        &[0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48],             // ends inside of a stored block
        &[0x00, 0x05, 0x00, 0xFA, 0xFE, 0x48],             // a wrong length
        &[0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00],       // nothing behind the last block
        &[0xF2, 0x00, 0x11, 0x00, 0x00],                   // refers to what was not said
        &[0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x07], // rubbish behind the last block
    ] {
        assert_eq!(alone(broken), Err(BrokenData), "{broken:02x?}");
    }
}

#[test]
fn a_bomb_stops_where_it_has_to() {
    let mut bomb = Vec::new();
    Deflater::new(9, WindowBits::MAX, false).compress(&vec![0; 64 << 20], true, &mut bomb);
    assert!(bomb.len() < 70_000, "{}", bomb.len());
    let mut output = Vec::new();
    let mut inflater = Inflater::new(None);
    let limit = (1 << 20) + 1;
    let progress = inflater.inflate(&mut &bomb[..], &mut output, 0, limit);
    assert_eq!((progress, output.len()), (Ok(Progress::Full), limit));
    assert!(output.capacity() <= 2 * limit, "{}", output.capacity());
}

#[test]
fn a_message_of_exactly_the_limit_is_whole() {
    for len in [1, 16 << 10, 100_000] {
        let message: Vec<u8> = (0..len).map(|number| (number * 7 % 251) as u8).collect();
        let mut compressed = Vec::new();
        Deflater::new(1, WindowBits::MAX, false).compress(&message, true, &mut compressed);
        let (mut inflater, mut output) = (Inflater::new(None), Vec::new());
        let progress = inflater.inflate(&mut &compressed[..], &mut output, 0, len + 1);
        assert_eq!(progress, Ok(Progress::Done));
        let progress = inflater.finish(&mut output, 0, len + 1);
        assert_eq!((progress, output == message), (Ok(Progress::Done), true));
    }
}

#[test]
fn nothing_is_held_between_messages_but_the_history() {
    let mut inflater = Inflater::new(Some(WindowBits::new(9).unwrap()));
    let mut message = Vec::new();
    Deflater::new(6, WindowBits::new(9).unwrap(), true).compress(&[7; 100_000], true, &mut message);
    inflated(&mut inflater, &message, 10_000).unwrap();
    assert_eq!(inflater.held(), 512);
}

fn messages() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let random = proptest::collection::vec(any::<u8>(), 0..3_000);
    let similar = proptest::collection::vec(0..4_u8, 0..20_000);
    proptest::collection::vec(prop_oneof![random, similar], 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_was_compressed_inflates(
        messages in messages(),
        level in 1..=9_u8,
        bits in 9..=15_u8,
        takeover in any::<bool>(),
        step in 1..5_000_usize,
        piece in 1..5_000_usize,
    ) {
        let bits = WindowBits::new(bits).unwrap();
        let mut deflater = Deflater::new(level, bits, takeover);
        let mut inflater = Inflater::new(takeover.then_some(bits));
        for message in messages {
            let mut compressed = Vec::new();
            let mut pieces = message.chunks(piece).peekable();
            if pieces.peek().is_none() {
                deflater.compress(&[], true, &mut compressed);
            }
            while let Some(piece) = pieces.next() {
                deflater.compress(piece, pieces.peek().is_none(), &mut compressed);
            }
            prop_assert_eq!(inflated(&mut inflater, &compressed, step), Ok(message));
        }
    }

    #[test]
    fn no_data_makes_it_panic(data in proptest::collection::vec(any::<u8>(), 0..2_000), step in 1..300_usize) {
        let _ = inflated(&mut Inflater::new(Some(WindowBits::MAX)), &data, step);
    }
}
