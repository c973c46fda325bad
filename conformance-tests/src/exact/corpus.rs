//! The corpus, as it is written.

use std::{collections::HashMap, sync::LazyLock};

use super::answer::Answer;

/// A request, and what is answered to it.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) section: &'static str,
    name: &'static str,
    /// The bytes of the request.
    pub(super) request: Vec<u8>,
    /// Whether TCP ends right behind the request.
    pub(super) finishes: bool,
    /// What is sent once the protocol is switched, and all that comes then.
    pub(super) frames: [Vec<u8>; 2],
    pub(super) expected: Vec<Expected>,
    /// Whether chance decides between what is expected.
    pub(super) by_chance: bool,
    /// Why more than one answer is right.
    pub(crate) reason: &'static str,
}

/// What may come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expected {
    /// This, byte for byte.
    Exact(Answer),
    /// The page of the application.
    Application,
    /// An answer of the server's own with this status.
    Own(u16),
    /// The end of TCP, and no answer.
    Closed,
}

impl Entry {
    /// What the request is called.
    pub(crate) fn title(&self) -> String {
        format!("{}: {}", self.section, self.name)
    }

    /// Whether servers may answer differently.
    pub(crate) fn may_differ(&self) -> bool {
        self.expected.len() > 1
    }
}

/// Every request, in reading order.
pub(crate) fn corpus() -> &'static [Entry] {
    static CORPUS: LazyLock<Vec<Entry>> = LazyLock::new(read);
    &CORPUS
}

fn read() -> Vec<Entry> {
    let answers = answers(include_str!("../../exact/answers.txt"));
    let mut reader = Reader {
        answers,
        standard: Vec::new(),
        section: "",
        entries: Vec::new(),
    };
    for (number, line) in include_str!("../../exact/requests.txt").lines().enumerate() {
        let read = reader.line(line);
        assert!(
            read.is_some(),
            "line {} of requests.txt is wrong: {line}",
            number + 1
        );
    }
    reader.entries.into_iter().map(Draft::finish).collect()
}

/// The answers by their names.
fn answers(text: &str) -> HashMap<String, Answer> {
    let mut blocks = text.split("\n[");
    blocks.next(); // what is said of the file
    let read = |block: &str| {
        let (name, answer) = block.split_once("]\n")?;
        let (head, body) = answer.split_once("\n\n")?;
        let bytes = format!("{}\r\n\r\n{body}", head.replace('\n', "\r\n"));
        Some((name.to_owned(), Answer::parse(bytes.as_bytes())?))
    };
    blocks
        .map(|block| read(block).unwrap_or_else(|| panic!("answers.txt: {block}")))
        .collect()
}

struct Reader {
    answers: HashMap<String, Answer>,
    /// The request that all others are made of.
    standard: Vec<Vec<u8>>,
    section: &'static str,
    entries: Vec<Draft>,
}

/// An entry whose request is still in lines.
struct Draft {
    entry: Entry,
    lines: Vec<Vec<u8>>,
    body: Vec<u8>,
}

impl Reader {
    /// Reads a line of `requests.txt`; `None` when it says nothing.
    fn line(&mut self, line: &'static str) -> Option<()> {
        if line.is_empty() || line.starts_with('#') {
            return Some(());
        }
        if let Some(line) = line.strip_prefix("= ") {
            self.standard.push(line.as_bytes().to_vec());
        } else if let Some(section) = line.strip_prefix("== ") {
            self.section = section.split(':').next()?;
        } else if let Some(edit) = line.strip_prefix("  ") {
            self.entries.last_mut()?.edit(edit)?;
        } else {
            self.begin(line)?;
        }
        Some(())
    }

    fn begin(&mut self, line: &'static str) -> Option<()> {
        let (name, expected) = line.rsplit_once(" -> ")?;
        let by_chance = expected.contains(" ~ ");
        let expected = expected
            .split([' ', '|', '~'])
            .filter(|word| !word.is_empty());
        let expected = expected.map(|word| match (word, word.parse()) {
            ("application", _) => Some(Expected::Application),
            ("closed", _) => Some(Expected::Closed),
            (_, Ok(status)) => Some(Expected::Own(status)),
            (name, Err(_)) => self.answers.get(name).cloned().map(Expected::Exact),
        });
        let close = [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8].to_vec();
        let entry = Entry {
            section: self.section,
            name,
            request: Vec::new(),
            finishes: false,
            frames: [close, [0x88, 0x02, 0x03, 0xe8].to_vec()],
            expected: expected.collect::<Option<_>>()?,
            by_chance,
            reason: "",
        };
        self.entries.push(Draft {
            entry,
            lines: self.standard.clone(),
            body: Vec::new(),
        });
        Some(())
    }
}

impl Draft {
    /// Changes the standard request or what is expected.
    fn edit(&mut self, edit: &'static str) -> Option<()> {
        let (sign, rest) = edit.split_at_checked(2).unwrap_or((edit, ""));
        match sign {
            "> " => self.lines[0] = unescaped(rest)?,
            "+ " => self.lines.push(unescaped(rest)?),
            "- " => self.remove(rest),
            "| " => self.body.extend(unescaped(rest)?),
            "< " => self.answer(rest)?,
            "? " => self.entry.reason = rest,
            "! " => match rest {
                "plain" => [
                    "upgrade",
                    "connection",
                    "sec-websocket-key",
                    "sec-websocket-version",
                ]
                .into_iter()
                .for_each(|name| self.remove(name)),
                "fin" => self.entry.finishes = true,
                _ => return None,
            },
            ">>" => self.entry.frames[0] = unhexed(rest)?,
            "<<" => self.entry.frames[1] = unhexed(rest)?,
            _ => {
                let (name, _) = edit.split_once(':')?;
                let at = self.lines.iter().position(|line| is_of(line, name));
                let at = at.unwrap_or(self.lines.len());
                self.remove(name);
                self.lines.insert(at, unescaped(edit)?);
            }
        }
        Some(())
    }

    fn remove(&mut self, name: &str) {
        self.lines.retain(|line| !is_of(line, name));
    }

    /// Changes the exact answer: `name: value` sets a line, `+ name: value` adds one, `- name` removes it, and
    /// `no body` says what it does.
    fn answer(&mut self, edit: &str) -> Option<()> {
        let answers = self
            .entry
            .expected
            .iter_mut()
            .filter_map(|expected| match expected {
                Expected::Exact(answer) => Some(answer),
                _ => None,
            });
        for answer in answers {
            if edit == "no body" {
                answer.body.clear();
            } else if let Some(name) = edit.strip_prefix("- ") {
                answer.set(name, None);
            } else if let Some(line) = edit.strip_prefix("+ ") {
                let (name, value) = line.split_once(": ")?;
                answer.append(name, value);
            } else {
                let (name, value) = edit.split_once(": ")?;
                answer.set(name, Some(value));
            }
        }
        Some(())
    }

    fn finish(self) -> Entry {
        let mut entry = self.entry;
        entry.request = [
            self.lines.join(&b"\r\n"[..]),
            b"\r\n\r\n".to_vec(),
            self.body,
        ]
        .concat();
        entry
    }
}

fn is_of(line: &[u8], name: &str) -> bool {
    line.len() > name.len()
        && line[..name.len()].eq_ignore_ascii_case(name.as_bytes())
        && line[name.len()] == b':'
}

/// What `\xff`, `\t`, `\r`, `\n`, `\\` and `{n*x}`, which is n times x, stand for.
fn unescaped(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        rest = match (first, behind) {
            (b'\\', [b't', behind @ ..]) => (bytes.push(b'\t'), behind).1,
            (b'\\', [b'r', behind @ ..]) => (bytes.push(b'\r'), behind).1,
            (b'\\', [b'n', behind @ ..]) => (bytes.push(b'\n'), behind).1,
            (b'\\', [b's', behind @ ..]) => (bytes.push(b' '), behind).1,
            (b'\\', [b'x', high, low, behind @ ..]) => {
                let digits = [*high, *low];
                let digits = std::str::from_utf8(&digits).ok()?;
                bytes.push(u8::from_str_radix(digits, 16).ok()?);
                behind
            }
            (b'\\', _) => return None,
            (b'{', _) => {
                let end = behind.iter().position(|byte| *byte == b'}')?;
                let (times, what) = std::str::from_utf8(&behind[..end]).ok()?.split_once('*')?;
                bytes.extend(unescaped(what)?.repeat(times.parse().ok()?));
                &behind[end + 1..]
            }
            _ => (bytes.push(*first), behind).1,
        };
    }
    Some(bytes)
}

fn unhexed(text: &str) -> Option<Vec<u8>> {
    let bytes = text
        .split_whitespace()
        .map(|byte| u8::from_str_radix(byte, 16));
    bytes.collect::<Result<_, _>>().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_corpus_can_be_read_and_its_names_are_unique() {
        let corpus = corpus();
        assert!(corpus.len() >= 200, "{}", corpus.len());
        let mut seen = std::collections::HashSet::new();
        for entry in corpus {
            assert!(
                seen.insert((entry.section, entry.name)),
                "{} stands twice",
                entry.name
            );
            assert!(!entry.expected.is_empty(), "{} expects nothing", entry.name);
            assert_eq!(
                entry.may_differ(),
                !entry.reason.is_empty(),
                "{}: a reason",
                entry.name
            );
        }
    }

    #[test]
    fn every_section_is_a_case() {
        for entry in corpus() {
            let id = format!("exact::{}", entry.section);
            assert!(crate::cases().any(|case| case.id == id), "{id} is no case");
        }
    }

    #[test]
    fn escapes_and_repetitions_are_read() {
        assert_eq!(unescaped(r"a\x00\t{3*xy}\s").unwrap(), b"a\0\txyxyxy ");
        assert_eq!(unescaped(r"\q"), None);
    }
}
