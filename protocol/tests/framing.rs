//! What the decoder makes of bytes, in any pieces.
#![expect(clippy::unwrap_used, reason = "tests")]

mod frames;

use std::iter::repeat;

use bytes::BufMut;
use proptest::prelude::*;
use switchwire_core::{
    ErrorKind, WebSocketMessage, WebSocketSettings,
    spi::{ReceiveBuffer, ReceiveEnd},
};
use switchwire_protocol::Decoder;

use self::frames::frame;

fn settings() -> WebSocketSettings {
    WebSocketSettings::builder()
        .with_max_message_size(1_000)
        .with_max_frame_size(600)
        .with_max_fragments(5)
        .build()
        .unwrap()
}

/// Decodes the pieces one after the other.
fn decode(pieces: &[&[u8]]) -> (Vec<WebSocketMessage>, Option<ReceiveEnd>) {
    let mut decoder = Decoder::new(&settings());
    let mut incoming = ReceiveBuffer::new(true);
    for piece in pieces {
        let mut input = *piece;
        while !input.is_empty() {
            let before = input.len();
            decoder.decode(&mut input, &mut incoming);
            let _ = incoming.take_pings();
            if before == input.len() {
                break;
            }
        }
    }
    (incoming.take_messages().into(), incoming.take_end())
}

fn error(bytes: &[u8]) -> Option<ErrorKind> {
    match decode(&[bytes]).1 {
        Some(ReceiveEnd::Failed(error)) => Some(error.kind()),
        _ => None,
    }
}

#[test]
fn a_violation_is_known_as_soon_as_its_header_came() {
    use ErrorKind::{Policy, Protocol, TooBig};
    let header =
        |first: u8, second: u8, length: &[u8]| [&[first, second], length, &[0; 4]].concat();
    for (bytes, kind) in [
        (b"\x81\x05hello".to_vec(), Protocol),
        (header(0xc1, 0x81, &[]), Protocol),
        (header(0xa1, 0x81, &[]), Protocol),
        (header(0x83, 0xff, &[0, 0, 1, 0, 0, 0, 0, 0]), Protocol),
        (header(0x89, 0xfe, &[0, 126]), Protocol),
        (header(0x89, 0xff, &[0, 0, 0, 0, 0, 16, 0, 0]), Protocol),
        (header(0x09, 0x81, &[]), Protocol),
        (header(0x80, 0x81, &[]), Protocol),
        (header(0x82, 0xfe, &[0, 5]), Protocol),
        (header(0x82, 0xff, &[0, 0, 0, 0, 0, 0, 0, 5]), Protocol),
        (header(0x82, 0xff, &[0x80, 0, 0, 0, 0, 0, 0, 0]), Protocol),
        (header(0x82, 0xff, &[0, 0, 1, 0, 0, 0, 0, 0]), TooBig),
        (header(0x82, 0xfe, &[0x02, 0x59]), TooBig), // 601
        (
            [frame(0x02, &[0; 600]), header(0x80, 0xfe, &[1, 0x91])].concat(), // 401
            TooBig,
        ),
        (
            [frame(0x02, &[]), frame(0x00, &[]).repeat(5)].concat(),
            Policy,
        ),
        ([frame(0x01, b"a"), frame(0x81, b"b")].concat(), Protocol),
        (frame(0x88, b"\x03"), Protocol),
        (frame(0x88, b"\x03\xed"), Protocol),
    ] {
        assert_eq!(error(&bytes), Some(kind), "{bytes:02x?}");
    }
}

/// Reads as a transport does, at most so many bytes each time, and says how many of them in place.
fn read(mut input: &[u8], pieces: impl Iterator<Item = usize>) -> (usize, ReceiveBuffer) {
    let mut decoder = Decoder::new(&WebSocketSettings::default());
    let mut incoming = ReceiveBuffer::new(false);
    let mut in_place = 0;
    for piece in pieces {
        if input.is_empty() || incoming.is_full() {
            break;
        }
        match decoder.room() {
            Some(mut room) => {
                let (read, rest) = input.split_at(piece.min(input.len()).min(room.remaining_mut()));
                room.put_slice(read);
                decoder.filled(read.len(), &mut incoming);
                (input, in_place) = (rest, in_place + read.len());
            }
            None => {
                let (mut read, rest) = input.split_at(piece.min(input.len()));
                decoder.decode(&mut read, &mut incoming);
                assert!(read.is_empty());
                input = rest;
            }
        }
    }
    (in_place, incoming)
}

#[test]
fn most_of_a_large_message_is_read_in_place() {
    let message = frame(0x82, &vec![7; 1 << 20]);
    let (in_place, mut incoming) = read(&message, repeat(64 << 10));
    assert_eq!(incoming.take_messages(), [vec![7; 1 << 20].into()]);
    assert!(in_place >= (1 << 20) - (64 << 10), "{in_place} bytes");
}

#[test]
fn bad_text_that_is_read_in_place_fails_at_once() {
    let mut text = vec![b'x'; 1 << 20];
    text[100_000] = 0xff;
    let message = frame(0x81, &text);
    let (in_place, mut incoming) = read(&message, repeat(64 << 10));
    assert!(in_place > 0 && in_place <= 64 << 10, "{in_place} bytes");
    let Some(ReceiveEnd::Failed(error)) = incoming.take_end() else {
        panic!("the text is bad");
    };
    assert_eq!(error.kind(), ErrorKind::InvalidPayload);
}

#[test]
fn bad_text_fails_before_its_frame_ends() {
    for (text, bad) in [
        (&b"ok\xff"[..], true),
        (b"\xc0\xaf", true),
        (b"\xed\xa0\x80", true),
        (b"\xf4\x90", true),
        (b"\xf0\x9f\x98", false),
        (b"\xe2\x82", false),
    ] {
        let whole = frame(0x81, &[text, &[b'x'; 100]].concat());
        let begun = &whole[..6 + text.len()];
        let expected = bad.then_some(ErrorKind::InvalidPayload);
        assert_eq!(error(begun), expected, "{text:02x?}");
        assert_eq!(error(&frame(0x81, text)), Some(ErrorKind::InvalidPayload));
    }
}

/// A frame that is masked with this key.
fn masked(first: u8, payload: &[u8], key: [u8; 4]) -> Vec<u8> {
    let mut frame = frame(first, payload);
    let start = frame.len() - payload.len();
    frame[start - 4..start].copy_from_slice(&key);
    for (byte, key) in frame[start..].iter_mut().zip(key.iter().cycle()) {
        *byte ^= key;
    }
    frame
}

proptest! {
    #[test]
    fn messages_do_not_depend_on_how_the_bytes_are_cut(
        texts in prop::collection::vec((any::<bool>(), "\\PC{0,60}"), 1..8),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let mut bytes = Vec::new();
        let mut expected = Vec::new();
        for (fragmented, text) in &texts {
            if *fragmented {
                let (left, right) = text.as_bytes().split_at(text.len() / 2);
                bytes.extend(frame(0x01, left));
                bytes.extend(frame(0x89, b"between"));
                bytes.extend(frame(0x80, right));
                expected.push(WebSocketMessage::Ping("between".into()));
            } else {
                bytes.extend(frame(0x81, text.as_bytes()));
            }
            expected.push(WebSocketMessage::from(text.clone()));
        }
        let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
        at.extend([0, bytes.len()]);
        at.sort_unstable();
        let pieces: Vec<&[u8]> = at.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
        let (messages, end) = decode(&pieces);
        prop_assert!(end.is_none());
        prop_assert_eq!(messages, expected);
    }

    #[test]
    fn nothing_makes_the_decoder_panic(pieces: Vec<Vec<u8>>) {
        let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
        decode(&pieces);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_read_in_place_is_the_same(
        texts in prop::collection::vec((any::<bool>(), any::<[u8; 4]>(), 0_usize..300_000), 1..4),
        reads in prop::collection::vec(1_usize..100_000, 1..8),
    ) {
        let mut bytes = Vec::new();
        let mut expected = Vec::new();
        for (fragmented, key, len) in texts {
            let text: String = "aé€😀".chars().cycle().take(len / 2).collect();
            let (left, right) = text.as_bytes().split_at(if fragmented { len / 3 } else { 0 });
            if fragmented {
                bytes.extend(masked(0x01, left, key));
            }
            bytes.extend(masked(if fragmented { 0x80 } else { 0x81 }, right, key));
            expected.push(WebSocketMessage::from(text));
        }
        let (_, mut incoming) = read(&bytes, reads.into_iter().cycle());
        prop_assert!(incoming.take_end().is_none());
        prop_assert!(incoming.take_messages() == expected);
        prop_assert_eq!(incoming.take_summary().bytes, bytes.len());
    }
}

/// What was announced does not count, only what has arrived, though the pool of the thread has memory.
#[test]
fn a_header_alone_holds_no_memory() {
    let settings = WebSocketSettings::default();
    let mut incoming = ReceiveBuffer::new(false);
    let whole = frame(0x82, &vec![0; 1 << 20]);
    Decoder::new(&settings).decode(&mut &whole[..], &mut incoming);
    drop(incoming.take_messages()); // to the pool
    let mut decoder = Decoder::new(&settings);
    decoder.decode(&mut &whole[..14], &mut incoming);
    assert!(decoder.has_unfinished());
    assert_eq!(decoder.held(), 0);
    decoder.decode(&mut &whole[14..100], &mut incoming);
    assert!(decoder.held() < 1_000, "{}", decoder.held());
}
