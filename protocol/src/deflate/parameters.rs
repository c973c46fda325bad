//! The parameters of the extension, and their form in a header.

use std::{collections::BTreeMap, fmt};

use http::HeaderValue;

use crate::header_list::split_unquoted;

/// The base-2 logarithm of a window's size: 8 to 15 ([RFC 7692 section
/// 7.1.2](https://www.rfc-editor.org/rfc/rfc7692#section-7.1.2)). Default: 15, a window of 32 KiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct WindowBits(u8);

impl WindowBits {
    /// The largest window, 32 KiB.
    pub const MAX: Self = Self(15);

    /// A window of `1 << bits` bytes; `None` outside of 8 to 15.
    #[must_use]
    pub const fn new(bits: u8) -> Option<Self> {
        match bits {
            8..=15 => Some(Self(bits)),
            _ => None,
        }
    }

    /// The number, 8 to 15.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }

    /// Reads the number as a header has it: without a leading zero.
    fn parse(text: &str) -> Option<Self> {
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
        Self::new(text.parse().ok().filter(|_| is_number)?)
    }
}

impl Default for WindowBits {
    fn default() -> Self {
        Self::MAX
    }
}

/// What an endpoint or a client wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wanted {
    /// The server compresses each message for itself.
    pub server_no_context_takeover: bool,
    /// The client compresses each message for itself.
    pub client_no_context_takeover: bool,
    /// The server's window is at most this large. The smallest window that can be compressed with has 9 bits.
    pub server_max_window_bits: WindowBits,
    /// The client's window is at most this large.
    pub client_max_window_bits: WindowBits,
}

/// What both sides have agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Agreed {
    /// The server compresses each message for itself.
    pub server_no_context_takeover: bool,
    /// The client compresses each message for itself.
    pub client_no_context_takeover: bool,
    /// The window of what the server sends.
    pub server_max_window_bits: WindowBits,
    /// The window of what the client sends.
    pub client_max_window_bits: WindowBits,
}

/// One element of the header, as it was written: an offer or an answer.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) server_no_context_takeover: bool,
    pub(super) client_no_context_takeover: bool,
    pub(super) server_max_window_bits: Option<WindowBits>,
    /// Without a value, it says that the client can do it.
    pub(super) client_max_window_bits: Option<Option<WindowBits>>,
}

impl Element {
    /// Reads the parameters of an element, which follow its name. `None` when a name is unknown or
    /// stands twice, or when a value is wrong.
    pub(super) fn parse<'a>(parameters: impl Iterator<Item = &'a str>) -> Option<Self> {
        let mut seen = BTreeMap::new();
        for parameter in parameters {
            let (name, value) = match parameter.split_once('=') {
                Some((name, value)) => (name.trim(), Some(unquoted(value.trim()))),
                None => (parameter.trim(), None),
            };
            if seen.insert(name, value).is_some() {
                return None;
            }
        }
        let mut element = Self::default();
        for (name, value) in seen {
            let bits = || value.as_deref().map(WindowBits::parse);
            match name {
                "server_no_context_takeover" if value.is_none() => {
                    element.server_no_context_takeover = true;
                }
                "client_no_context_takeover" if value.is_none() => {
                    element.client_no_context_takeover = true;
                }
                "server_max_window_bits" => element.server_max_window_bits = Some(bits()??),
                "client_max_window_bits" => {
                    element.client_max_window_bits = Some(match bits() {
                        Some(bits) => Some(bits?),
                        None => None,
                    });
                }
                _ => return None,
            }
        }
        Some(element)
    }
}

impl Element {
    pub(super) fn to_value(&self) -> HeaderValue {
        HeaderValue::try_from(self.to_string()).expect("names and numbers")
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(super::NAME)?;
        if self.server_no_context_takeover {
            f.write_str("; server_no_context_takeover")?;
        }
        if self.client_no_context_takeover {
            f.write_str("; client_no_context_takeover")?;
        }
        if let Some(bits) = self.server_max_window_bits {
            write!(f, "; server_max_window_bits={}", bits.get())?;
        }
        match self.client_max_window_bits {
            Some(Some(bits)) => write!(f, "; client_max_window_bits={}", bits.get()),
            Some(None) => f.write_str("; client_max_window_bits"),
            None => Ok(()),
        }
    }
}

/// The elements of a line that have the extension's name: their parameters.
pub(super) fn elements(line: &str) -> impl Iterator<Item = (&str, impl Iterator<Item = &str>)> {
    split_unquoted(line, ',').filter_map(|element| {
        let mut parts = split_unquoted(element, ';').map(str::trim);
        let name = parts.next().filter(|name| !name.is_empty())?;
        Some((name, parts))
    })
}

/// A value without its quotes ([RFC 6455 section
/// 9.1](https://www.rfc-editor.org/rfc/rfc6455#section-9.1)).
fn unquoted(value: &str) -> String {
    let quoted = value.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    let Some(quoted) = quoted else {
        return value.to_owned();
    };
    let mut plain = String::new();
    let mut rest = quoted.chars();
    while let Some(c) = rest.next() {
        plain.extend(if c == '\\' { rest.next() } else { Some(c) });
    }
    plain
}
