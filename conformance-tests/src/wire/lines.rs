use std::fmt;

use super::frame::Excerpt;

/// The header lines of a head that a case writes, so that every line can be wrong.
#[derive(Debug, Clone, Default)]
pub(super) struct Lines(pub(super) Vec<Vec<u8>>);

impl Lines {
    /// Leaves out a header.
    pub(super) fn without(mut self, name: &str) -> Self {
        let prefix = format!("{name}:").to_ascii_lowercase();
        self.0
            .retain(|line| !line.to_ascii_lowercase().starts_with(prefix.as_bytes()));
        self
    }

    /// Adds one more line of a header.
    pub(super) fn and(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.0
            .push([name.as_bytes(), b": ", value.as_ref()].concat());
        self
    }

    /// The first value of a header, without blanks around it.
    pub(super) fn value(&self, wanted: &str) -> Option<String> {
        self.0.iter().find_map(|line| {
            let (name, value) = std::str::from_utf8(line).ok()?.split_once(':')?;
            name.eq_ignore_ascii_case(wanted)
                .then(|| value.trim().to_owned())
        })
    }

    /// Writes them and the empty line behind them.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        for line in &self.0 {
            out.extend(line);
            out.extend(b"\r\n");
        }
        out.extend(b"\r\n");
    }
}

/// How many header lines are shown.
const SHOWN: usize = 12;

impl fmt::Display for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in self.0.iter().take(SHOWN) {
            write!(f, " | {}", clipped(&line.escape_ascii().to_string()))?;
        }
        if self.0.len() > SHOWN {
            write!(f, " | and {} more", self.0.len() - SHOWN)?;
        }
        Ok(())
    }
}

/// Bytes of HTTP, whole or not, right or wrong: a head as [`Lines`] are shown, and the bytes behind it.
pub(super) struct Text<'a>(pub(super) &'a [u8]);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = self.0.windows(4).position(|four| four == b"\r\n\r\n");
        let (head, behind) = match end {
            Some(end) => (&self.0[..end], &self.0[end + 4..]),
            None => (self.0, &[][..]),
        };
        let text = head.escape_ascii().to_string();
        let lines: Vec<_> = text.split("\\r\\n").collect();
        let shown: Vec<_> = lines.iter().take(1 + SHOWN).map(|it| clipped(it)).collect();
        f.write_str(&shown.join(" | "))?;
        if lines.len() > shown.len() {
            write!(f, " | and {} more", lines.len() - shown.len())?;
        }
        if end.is_none() {
            f.write_str(" (the head does not end)")?;
        }
        if !behind.is_empty() {
            write!(f, " | behind it {}", Excerpt(behind))?;
        }
        Ok(())
    }
}

pub(super) fn clipped(text: &str) -> String {
    const CLIPPED: usize = 80;
    match text.char_indices().nth(CLIPPED) {
        Some((at, _)) => format!("{}... ({} bytes)", &text[..at], text.len()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_shown_line_by_line_and_the_bytes_behind_it() {
        for (bytes, shown) in [
            (
                "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
                "GET / HTTP/1.1 | Host: a",
            ),
            ("GET / HT", "GET / HT (the head does not end)"),
            (
                "GET / HTTP/1.1\r\n\r\nabc",
                "GET / HTTP/1.1 | behind it \"abc\"",
            ),
        ] {
            assert_eq!(Text(bytes.as_bytes()).to_string(), shown);
        }
        let long = format!("GET / HTTP/1.1{}\r\n\r\n", "\r\nA: b".repeat(20));
        assert!(Text(long.as_bytes()).to_string().ends_with(" | and 8 more"));
    }
}
