//! What handlers saw, told over another connection.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use switchwire_core::{Error, HandlerResult, WebSocketSession, join_either};
use switchwire_service::{InvalidMapping, UrlHandlerMapping};
use tokio::sync::{mpsc, watch};

use super::parameter;

pub(super) fn add(
    mapping: UrlHandlerMapping,
    journals: &Journals,
) -> Result<UrlHandlerMapping, InvalidMapping> {
    let (reading, starting) = (journals.clone(), journals.clone());
    mapping
        .with("/journal", move |session| read(session, reading.clone()))?
        .with("/start", move |session| start(session, starting.clone()))
}

/// The journals by the key that the reader and the writers have in their query.
#[derive(Clone, Default)]
pub(crate) struct Journals {
    entries: Arc<Mutex<HashMap<String, Entry>>>,
}

struct Entry {
    writer: mpsc::UnboundedSender<String>,
    reader: Option<mpsc::UnboundedReceiver<String>>,
    start: watch::Sender<usize>,
}

impl Journals {
    /// The journal that the session's query names, or one that nobody reads.
    pub(super) fn named_by(&self, session: &WebSocketSession) -> Journal {
        self.named(parameter(session, "key"))
    }

    /// The journal with this key, or one that nobody reads.
    pub(super) fn named(&self, key: Option<&str>) -> Journal {
        Journal {
            writer: key.map(|key| self.with(key, |entry| entry.writer.clone())),
        }
    }

    /// What lets the handlers with this key begin.
    pub(super) fn starting(&self, session: &WebSocketSession) -> Start {
        self.start_of(parameter(session, "key").unwrap_or_default())
    }

    /// What lets those with this key go on.
    pub(super) fn start_of(&self, key: &str) -> Start {
        Start {
            starts: self.with(key, |entry| entry.start.subscribe()),
            used: AtomicUsize::new(0),
        }
    }

    fn with<T>(&self, key: &str, then: impl FnOnce(&mut Entry) -> T) -> T {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        then(entries.entry(key.to_owned()).or_insert_with(|| {
            let (writer, reader) = mpsc::unbounded_channel();
            Entry {
                writer,
                reader: Some(reader),
                start: watch::Sender::new(0),
            }
        }))
    }
}

/// What handlers wait for until a case starts their key.
pub(super) struct Start {
    starts: watch::Receiver<usize>,
    used: AtomicUsize,
}

impl Start {
    /// Waits for a start that it has not waited for yet.
    pub(super) async fn notified(&self) {
        self.after(self.used.load(Ordering::Relaxed)).await;
        self.used.fetch_add(1, Ordering::Relaxed);
    }

    /// Waits for the first start, which lasts.
    pub(super) async fn begun(&self) {
        self.after(0).await;
    }

    async fn after(&self, used: usize) {
        // The sender lives as long as the journals.
        let _ = self.starts.clone().wait_for(|starts| *starts > used).await;
    }
}

/// Where a handler writes what it saw.
#[derive(Clone)]
pub(super) struct Journal {
    writer: Option<mpsc::UnboundedSender<String>>,
}

impl Journal {
    /// One that nobody reads.
    pub(super) fn nobodys() -> Self {
        Self { writer: None }
    }

    pub(super) fn write(&self, entry: impl Into<String>) {
        if let Some(writer) = &self.writer {
            // Nobody may be reading any more, and that is fine.
            let _ = writer.send(entry.into());
        }
    }
}

/// Tells a journal to its reader until that leaves.
async fn read(mut session: WebSocketSession, journals: Journals) -> HandlerResult {
    let key = parameter(&session, "key").unwrap_or_default().to_owned();
    let reader = journals.with(&key, |entry| entry.reader.take());
    let Some(mut reader) = reader else {
        return Ok(session.send("this journal has a reader").await?);
    };
    let sender = session.sender();
    let output = async {
        while let Some(entry) = reader.recv().await {
            sender.send(entry).await?;
        }
        Ok::<_, Error>(())
    };
    let input = async {
        while session.receive().await?.is_some() {}
        Ok(())
    };
    Ok(join_either(input, output).await?)
}

/// Lets the handlers with this key begin.
async fn start(session: WebSocketSession, journals: Journals) -> HandlerResult {
    let key = parameter(&session, "key").unwrap_or_default();
    journals.with(key, |entry| entry.start.send_modify(|starts| *starts += 1));
    Ok(session.send("started").await?)
}
