//! What the handlers of the reference server saw.

use std::{
    collections::HashMap,
    sync::{
        Condvar, Mutex, PoisonError,
        mpsc::{self, Receiver, Sender},
    },
};

/// The journals by key, and which keys were started.
#[derive(Default)]
pub(super) struct Journals {
    entries: Mutex<HashMap<String, Entry>>,
    started: Condvar,
}

struct Entry {
    writer: Sender<String>,
    reader: Option<Receiver<String>>,
    started: bool,
}

impl Default for Entry {
    fn default() -> Self {
        let (writer, reader) = mpsc::channel();
        Self {
            writer,
            reader: Some(reader),
            started: false,
        }
    }
}

impl Journals {
    pub(super) fn writer(&self, key: &str) -> Sender<String> {
        self.with(key, |entry| entry.writer.clone())
    }

    pub(super) fn reader(&self, key: &str) -> Option<Receiver<String>> {
        self.with(key, |entry| entry.reader.take())
    }

    pub(super) fn start(&self, key: &str) {
        self.with(key, |entry| entry.started = true);
        self.started.notify_all();
    }

    /// Whether a case started the key.
    pub(super) fn is_started(&self, key: &str) -> bool {
        self.with(key, |entry| entry.started)
    }

    /// Waits until a case started the key.
    pub(super) fn wait(&self, key: &str) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        while !entries.entry(key.to_owned()).or_default().started {
            entries = self
                .started
                .wait(entries)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn with<T>(&self, key: &str, then: impl FnOnce(&mut Entry) -> T) -> T {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        then(entries.entry(key.to_owned()).or_default())
    }
}
