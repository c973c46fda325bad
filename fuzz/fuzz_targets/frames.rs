//! Frames of a stranger, in any pieces, and our own read back; on both sides.
#![no_main]

#[path = "frames/memory.rs"]
mod memory;
#[path = "frames/reference.rs"]
mod reference;

use std::io::IoSlice;

use bytes::BufMut;
use libfuzzer_sys::fuzz_target;
use switchwire_core::{CloseStatus, WebSocketMessage, WebSocketSettings, spi::{ReceiveBuffer, ReceiveEnd, OutgoingFrame}};
use switchwire_protocol::{Decoder, Encoder};

use reference::{Limits, reference};

const LIMITS: [Limits; 3] = [
    Limits { frame: 1 << 20, message: 1 << 20, fragments: 16 << 10 },
    Limits { frame: 600, message: 1_000, fragments: 3 },
    Limits { frame: 40_000, message: 90_000, fragments: 1 },
];

/// What was decoded: the messages, and why there are no more.
type Decoded = (Vec<WebSocketMessage>, Option<ReceiveEnd>);

fuzz_target!(|input: (bool, u8, Vec<(u8, u8, &[u8])>, Vec<u8>, &[u8])| {
    let (from_client, limits, frames, pieces, tail) = input;
    let limits = LIMITS[usize::from(limits) % LIMITS.len()];
    let mut bytes: Vec<u8> = frames.iter().flat_map(|(first, form, payload)| frame(*first, *form, from_client, payload)).collect();
    bytes.extend(tail);

    let at_once = decode(from_client, &limits, &bytes, &[u8::MAX], false);
    let expected = reference(from_client, &limits, &bytes);
    assert_eq!(shown(&at_once), expected);
    for in_place in [false, true] {
        let in_pieces = decode(from_client, &limits, &bytes, &pieces, in_place);
        assert_eq!(shown(&in_pieces), expected);
    }
    read_back(&at_once, from_client, &pieces);
});

/// A frame that begins so. What `form` says is most often right.
fn frame(first: u8, form: u8, from_client: bool, payload: &[u8]) -> Vec<u8> {
    let payload = payload.repeat(match form >> 4 {
        15 => 900,
        14 => 30,
        _ => 1,
    });
    let masks = from_client != (form & 15 == 15);
    let mut frame = vec![first];
    let bit = if masks { 0x80 } else { 0 };
    match (payload.len(), form & 15) {
        (len @ 0..=125, ..14) => frame.push(bit | len as u8),
        (len @ 0..=0xffff, ..13) => {
            frame.push(bit | 126);
            frame.extend((len as u16).to_be_bytes());
        }
        (len, form) => {
            frame.push(bit | 127);
            // Announced may be more than comes.
            let more = if form == 13 { 700_000 } else { 0 };
            frame.extend((len as u64 + more).to_be_bytes());
        }
    }
    let key = [form, 1, first, 0x80];
    if masks {
        frame.extend(key);
    }
    let masked = payload.iter().zip(key.iter().cycle());
    frame.extend(masked.map(|(byte, key)| if masks { byte ^ key } else { *byte }));
    frame
}

fn settings(limits: &Limits) -> WebSocketSettings {
    WebSocketSettings::builder()
        .with_max_frame_size(limits.frame)
        .with_max_message_size(limits.message)
        .with_max_fragments(limits.fragments)
        .build()
        .expect("the limits are valid")
}

/// Decodes so many bytes after the other; `in_place` as a transport does, with large payloads read directly into the message.
fn decode(from_client: bool, limits: &Limits, mut bytes: &[u8], pieces: &[u8], in_place: bool) -> Decoded {
    let settings = settings(limits);
    let mut decoder = if from_client { Decoder::new(&settings) } else { Decoder::client(&settings) };
    let mut incoming = ReceiveBuffer::new(true);
    let mut pieces = pieces.iter().map(|len| match usize::from(*len) {
        255 => usize::MAX,
        len @ 128.. => len * 700,
        len => len + 1,
    }).cycle();
    let held = memory::watch();
    let (mut arrived, mut end, mut decoded) = (0, None, 0);
    while !bytes.is_empty() && end.is_none() {
        let piece = pieces.next().unwrap_or(usize::MAX).min(bytes.len());
        let read = match decoder.room().filter(|_| in_place) {
            Some(mut room) => {
                let read = piece.min(room.remaining_mut());
                room.put_slice(&bytes[..read]);
                decoder.filled(read, &mut incoming);
                read
            }
            None => {
                let mut input = &bytes[..piece];
                decoder.decode(&mut input, &mut incoming);
                piece - input.len()
            }
        };
        bytes = &bytes[read..];
        arrived += read;
        let received = incoming.take_summary();
        assert_eq!(received.bytes, read, "every byte is accounted for");
        decoded += received.messages;
        drop(incoming.take_pings());
        end = incoming.take_end();
        assert!(read > 0 || end.is_some() || !bytes.is_empty());
        // A message of a byte takes some sixty to hold. One that grows is held twice for a moment, with as much room again
        // and a read's worth.
        let most = 3 * (arrived + (64 << 10)) + 64 * (decoded + 64);
        assert!(held.peak() <= most, "{} bytes are held of {arrived}", held.peak());
    }
    (incoming.take_messages().into(), end)
}

/// As the reference says it.
fn shown((messages, end): &Decoded) -> reference::Decoded {
    let messages = messages.iter().map(|message| match message {
        WebSocketMessage::Text(text) => (0x1, text.as_bytes().to_vec()),
        WebSocketMessage::Binary(payload) => (0x2, payload.to_vec()),
        WebSocketMessage::Ping(payload) => (0x9, payload.to_vec()),
        WebSocketMessage::Pong(payload) => (0xa, payload.to_vec()),
    });
    let end = end.as_ref().map(|end| match end {
        ReceiveEnd::Close(status) => {
            Ok(status.as_ref().map(|it| (it.code().as_u16(), it.reason().to_owned())))
        }
        ReceiveEnd::Failed(error) => Err(error.close_code().expect("a violation").as_u16()),
    });
    (messages.collect(), end)
}

/// What this side writes, the other reads: the same messages, however much a write takes.
fn read_back((messages, end): &Decoded, to_server: bool, pieces: &[u8]) {
    let mut encoder = if to_server { Encoder::client() } else { Encoder::default() };
    for message in messages {
        encoder.encode(OutgoingFrame::Message(message.clone()));
    }
    let close: Option<Option<CloseStatus>> = match end {
        Some(ReceiveEnd::Close(status)) => Some(status.clone()),
        _ => None,
    };
    if let Some(status) = &close {
        encoder.encode(OutgoingFrame::Close(status.clone()));
    }
    let mut bytes = Vec::new();
    let mut pieces = pieces.iter().map(|len| 1 + usize::from(*len) * 97).cycle();
    while !encoder.is_empty() {
        let mut slices = [IoSlice::new(&[]); 4];
        let used = encoder.fill(&mut slices);
        let shown: Vec<u8> = slices[..used].iter().flat_map(|slice| slice.to_vec()).collect();
        assert!(!shown.is_empty() && shown.len() <= encoder.len());
        if let Some(all) = encoder.as_slice() {
            assert_eq!((all, all.len()), (&shown[..], encoder.len()));
        }
        // All that is left is looked at each time: no more than some hundred times.
        let written = pieces.next().unwrap_or(usize::MAX).max(shown.len() / 64).min(shown.len());
        bytes.extend(&shown[..written]);
        encoder.advance(written);
    }
    let decoded = decode(to_server, &LIMITS[0], &bytes, &[u8::MAX], false);
    assert_eq!(&decoded.0, messages);
    assert_eq!(shown(&decoded).1, close.map(|status| Ok(status.map(|it| (it.code().as_u16(), it.reason().to_owned())))));
}
