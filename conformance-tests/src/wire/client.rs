//! The client under test, as a case sees it.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::Duration,
};

use switchwire_core::{
    ClientRequest, CloseOutcome, ConnectError, InvalidRequest, WebSocketHandler, WebSocketSession,
    WebSocketSettings, WebSocketSettingsBuilder,
};
use tokio::runtime::Handle;

use super::{Asked, Listener, Peer, Session, Transcript, call::Call};
use crate::{
    ClientEngine, ClientSettings, Timing,
    case::{Failure, Verdict},
};

/// What a case asks to connect, and where it listens. A case never learns which client it is.
pub(crate) struct Client<'a> {
    engine: &'a dyn ClientEngine,
    runtime: Handle,
    timing: Timing,
    transcript: Transcript,
}

impl<'a> Client<'a> {
    pub(crate) fn new(engine: &'a dyn ClientEngine, runtime: Handle, timing: Timing) -> Self {
        Self {
            engine,
            runtime,
            timing,
            transcript: Transcript::default(),
        }
    }

    pub(crate) fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    /// How long what must come may take.
    pub(crate) fn deadline(&self) -> Duration {
        self.timing.deadline
    }

    /// A place to connect to.
    pub(crate) fn listen(&self) -> Verdict<Listener> {
        self.listen_on(Ipv4Addr::LOCALHOST, 128)
    }

    /// A place to connect to, at an address, and with room for so many connections that nobody accepts.
    pub(crate) fn listen_on(&self, ip: impl Into<IpAddr>, backlog: i32) -> Verdict<Listener> {
        Listener::bind(ip.into(), backlog, self.timing, &self.transcript)
    }

    /// Begins to connect.
    pub(crate) fn connect(&self, request: ClientRequest) -> Call<WebSocketSession> {
        self.connect_with(ClientSettings::default(), request)
    }

    /// Begins to connect, with other settings of the client.
    pub(crate) fn connect_with(
        &self,
        settings: ClientSettings,
        request: ClientRequest,
    ) -> Call<WebSocketSession> {
        let client = self.engine.client(settings);
        self.call(async move { client.connect(request).await })
    }

    /// Begins to connect, and to serve the session with a handler.
    pub(crate) fn execute(
        &self,
        request: ClientRequest,
        handler: impl WebSocketHandler + 'static,
    ) -> Call<CloseOutcome> {
        self.execute_any(request, Arc::new(handler))
    }

    fn execute_any(
        &self,
        request: ClientRequest,
        handler: Arc<dyn WebSocketHandler>,
    ) -> Call<CloseOutcome> {
        let client = self.engine.client(ClientSettings::default());
        self.call(async move { client.execute(request, handler).await })
    }

    fn call<T: Send + 'static>(
        &self,
        future: impl Future<Output = Result<T, ConnectError>> + Send + 'static,
    ) -> Call<T> {
        Call {
            task: self.runtime.spawn(future),
            runtime: self.runtime.clone(),
            timing: self.timing,
        }
    }

    /// Begins to connect to a path here; the connection, and what is asked on it.
    pub(crate) fn ask(&self, path: &str) -> Verdict<(Call<WebSocketSession>, Peer, Asked)> {
        self.ask_with(path, Ok)
    }

    /// The same with more in the request.
    pub(crate) fn ask_with(
        &self,
        path: &str,
        with: impl FnOnce(ClientRequest) -> Result<ClientRequest, InvalidRequest>,
    ) -> Verdict<(Call<WebSocketSession>, Peer, Asked)> {
        let listener = self.listen()?;
        let request = with(listener.request(path)?)?;
        self.ask_for(listener, request)
    }

    fn ask_for(
        &self,
        mut listener: Listener,
        request: ClientRequest,
    ) -> Verdict<(Call<WebSocketSession>, Peer, Asked)> {
        let call = self.connect(request);
        let (peer, asked) = listener.asked()?;
        Ok((call, peer, asked))
    }

    /// An open session, and the server's end of it.
    pub(crate) fn open(&self) -> Verdict<(Session, Peer)> {
        self.open_with(|settings| settings)
    }

    /// An open session with settings of its own.
    pub(crate) fn open_with(
        &self,
        set: impl FnOnce(WebSocketSettingsBuilder) -> WebSocketSettingsBuilder,
    ) -> Verdict<(Session, Peer)> {
        let mut listener = self.listen()?;
        let settings = settings(set);
        let call = self.connect(listener.request("/")?.with_settings(settings));
        let (peer, _) = listener.switched()?;
        Ok((call.session()?, peer))
    }
}

/// Settings that are valid.
pub(crate) fn settings(
    set: impl FnOnce(WebSocketSettingsBuilder) -> WebSocketSettingsBuilder,
) -> WebSocketSettings {
    set(WebSocketSettings::builder())
        .build()
        .expect("the settings of the kit are valid")
}

impl From<InvalidRequest> for Failure {
    fn from(error: InvalidRequest) -> Self {
        Self::new("a request that can be made", error)
    }
}
