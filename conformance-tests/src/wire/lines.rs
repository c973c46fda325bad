use std::fmt;

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

impl fmt::Display for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 12;
        for line in self.0.iter().take(SHOWN) {
            write!(f, " | {}", clipped(&line.escape_ascii().to_string()))?;
        }
        if self.0.len() > SHOWN {
            write!(f, " | and {} more", self.0.len() - SHOWN)?;
        }
        Ok(())
    }
}

pub(super) fn clipped(text: &str) -> String {
    const SHOWN: usize = 80;
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}... ({} bytes)", &text[..at], text.len()),
        None => text.to_owned(),
    }
}
