use std::{
    net::SocketAddr,
    process,
    sync::atomic::{AtomicU64, Ordering},
};

use switchwire_core::ClientRequest;

use super::{Client, Session, Transcript};
use crate::case::Verdict;

/// A client and a server. A case learns neither which client nor which server it is.
pub(crate) struct Pair<'a> {
    client: Client<'a>,
    server: SocketAddr,
}

impl<'a> Pair<'a> {
    pub(crate) fn new(client: Client<'a>, server: SocketAddr) -> Self {
        Self { client, server }
    }

    pub(crate) fn client(&self) -> &Client<'a> {
        &self.client
    }

    pub(crate) fn transcript(&self) -> &Transcript {
        self.client.transcript()
    }

    /// A request for one of the kit's own handlers.
    pub(crate) fn request(&self, path: &str) -> Verdict<ClientRequest> {
        Ok(ClientRequest::new(&format!("ws://{}{path}", self.server))?)
    }

    /// A session with one of the kit's own handlers.
    pub(crate) fn open(&self, path: &str) -> Verdict<Session> {
        self.client.connect(self.request(path)?).session()
    }

    /// A session that tells what handlers with its key in their query write.
    pub(crate) fn journal(&self) -> Verdict<(Session, String)> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let key = format!("key=pair-{}-{number}", process::id());
        Ok((self.open(&format!("/journal?{key}"))?, key))
    }
}
