//! What RFC 6455 says of bytes that all came at once, as plainly as it can be written.

/// The messages, with their opcodes; and the end: the status of a Close, or the code that a violation is told with.
pub type Decoded = (Vec<(u8, Vec<u8>)>, Option<Result<Option<(u16, String)>, u16>>);

#[derive(Clone, Copy)]
pub struct Limits {
    pub frame: usize,
    pub message: usize,
    pub fragments: usize,
}

const PROTOCOL: u16 = 1002;
const INVALID_PAYLOAD: u16 = 1007;
const POLICY: u16 = 1008;
const TOO_BIG: u16 = 1009;

pub fn reference(from_client: bool, limits: &Limits, bytes: &[u8]) -> Decoded {
    let mut messages = Vec::new();
    let end = read(from_client, limits, bytes, &mut messages);
    (messages, end.unwrap_or_else(|code| Some(Err(code))))
}

type End = Option<Result<Option<(u16, String)>, u16>>;

fn read(from_client: bool, limits: &Limits, mut bytes: &[u8], messages: &mut Vec<(u8, Vec<u8>)>) -> Result<End, u16> {
    // The opcode of the message that has begun, its payload, and how many fragments it has.
    let mut begun: Option<(u8, Vec<u8>, usize)> = None;
    loop {
        let Some((first, second, rest)) = two(bytes) else { return Ok(None) };
        let (is_final, opcode) = (first & 0x80 != 0, first & 0x0f);
        let is_masked = second & 0x80 != 0;
        let extended = match second & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let Some((length, rest)) = rest.split_at_checked(extended) else { return Ok(None) };
        let length = match extended {
            0 => u64::from(second & 0x7f),
            _ => length.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)),
        };
        let (key, rest) = if is_masked {
            let Some((key, rest)) = rest.split_first_chunk::<4>() else { return Ok(None) };
            (*key, rest)
        } else {
            ([0; 4], rest)
        };
        let is_shortest = match extended {
            0 => true,
            2 => length > 125,
            _ => length > 0xffff,
        };
        let is_control = opcode >= 8;
        if first & 0x70 != 0 || matches!(opcode, 3..=7 | 0xb..) || is_masked != from_client || !is_shortest || length >> 63 != 0 {
            return Err(PROTOCOL);
        }
        if is_control && (!is_final || length > 125) {
            return Err(PROTOCOL);
        }
        let length = usize::try_from(length).expect("64 bits");
        let arrived = &rest[..length.min(rest.len())];
        let payload: Vec<u8> = arrived.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
        let is_whole = payload.len() == length;
        if is_control {
            if !is_whole {
                return Ok(None);
            }
            if opcode == 8 {
                return close(&payload);
            }
            messages.push((opcode, payload));
        } else {
            if (opcode == 0) != begun.is_some() {
                return Err(PROTOCOL);
            }
            let (kind, mut message, fragments) = begun.take().unwrap_or((opcode, Vec::new(), 0));
            if length > limits.frame || length > limits.message - message.len() {
                return Err(TOO_BIG);
            }
            if fragments == limits.fragments {
                return Err(POLICY);
            }
            message.extend(payload);
            let is_last = is_whole && is_final;
            if kind == 1
                && let Err(error) = str::from_utf8(&message)
                && (is_last || error.error_len().is_some())
            {
                return Err(INVALID_PAYLOAD);
            }
            if !is_whole {
                return Ok(None);
            }
            if is_last {
                messages.push((kind, message));
            } else {
                begun = Some((kind, message, fragments + 1));
            }
        }
        bytes = &rest[length..];
    }
}

fn close(payload: &[u8]) -> Result<End, u16> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        return if payload.is_empty() { Ok(Some(Ok(None))) } else { Err(PROTOCOL) };
    };
    let code = u16::from_be_bytes(*code);
    if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(PROTOCOL);
    }
    let reason = str::from_utf8(reason).map_err(|_| INVALID_PAYLOAD)?;
    Ok(Some(Ok(Some((code, reason.to_owned())))))
}

fn two(bytes: &[u8]) -> Option<(u8, u8, &[u8])> {
    let ([first, second], rest) = bytes.split_first_chunk()?;
    Some((*first, *second, rest))
}
