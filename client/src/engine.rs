//! The code that all engines share: everything except sending a request and reading its answer.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use switchwire_core::{
    ClientRequest, CloseOutcome, ConnectError, HandshakeInfo, WebSocketHandler, WebSocketSession,
    WebSocketSettings, spi::SessionParameters,
};
use switchwire_driver::StreamTransport;
use switchwire_service::{
    ClientHandshake, client_info, hand_over_transport, serve_client_transport,
};
use tokio::time::{Instant, timeout_at};

use crate::{
    answer::read_body,
    connect::{ClientIo, connect as connect_to},
    options::ClientOptions,
    redirect,
};

/// An implementation of HTTP.
pub(crate) trait Engine {
    /// Sends the request and reads the answer's head until `deadline`. Of the body of a refusal, it
    /// reads the bytes that arrive until then. When `follows`, it reads no body of a redirect.
    ///
    /// # Cancel safety
    /// Dropping the future drops the connection.
    fn exchange(
        io: ClientIo,
        request: &Request<()>,
        deadline: Instant,
        follows: bool,
    ) -> impl Future<Output = Result<Answer, ConnectError>> + Send;
}

/// The answer of a server.
pub(crate) enum Answer {
    /// 101: the connection no longer speaks HTTP. Some bytes may have arrived after the head.
    Switched(Response<()>, ClientIo, Bytes),
    /// Any other status.
    Other(Response<Bytes>),
}

/// The answer that has this head, with the bytes of its body that arrive until `deadline`.
pub(crate) async fn refusal(
    io: &mut ClientIo,
    head: Response<()>,
    early: Bytes,
    deadline: Instant,
    follows: bool,
) -> Answer {
    let mut body = Vec::new();
    if !follows || redirect::location(&head).is_none() {
        // A body that takes too long is cut at its current length.
        drop(timeout_at(deadline, read_body(io, &head, early, &mut body)).await);
    }
    Answer::Other(head.map(|()| body.into()))
}

/// A connection after its opening handshake.
struct Opened {
    transport: StreamTransport<ClientIo>,
    info: Arc<HandshakeInfo>,
    settings: Arc<WebSocketSettings>,
}

pub(crate) async fn execute<E: Engine>(
    options: &ClientOptions,
    request: ClientRequest,
    handler: Arc<dyn WebSocketHandler>,
) -> Result<CloseOutcome, ConnectError> {
    let request = request.for_handler(&*handler)?;
    let opened = open::<E>(options, request).await?;
    let Opened {
        transport,
        info,
        settings,
    } = opened;
    Ok(serve_client_transport(transport, handler, info, settings).await)
}

pub(crate) async fn connect<E: Engine>(
    options: &ClientOptions,
    request: ClientRequest,
) -> Result<WebSocketSession, ConnectError> {
    let Opened {
        transport,
        info,
        settings,
    } = open::<E>(options, request).await?;
    let (session, driver) = hand_over_transport(transport, info, settings);
    // The session owns the task. The task ends when the connection ends, and the connection ends
    // when the session is dropped.
    tokio::spawn(driver);
    let gone = || ConnectError::Io(std::io::ErrorKind::Interrupted.into());
    session.await.ok_or_else(gone)
}

/// Connects and makes the opening handshake, following redirects as far as the options allow.
async fn open<E: Engine>(
    options: &ClientOptions,
    mut request: ClientRequest,
) -> Result<Opened, ConnectError> {
    let mut followed = 0;
    let mut deadline = None;
    loop {
        let refused = match attempt::<E>(options, &request, &mut deadline).await {
            Err(ConnectError::Refused(refused)) if options.redirects > 0 => refused,
            other => return other,
        };
        let Some(location) = redirect::location(&refused) else {
            return Err(ConnectError::Refused(refused));
        };
        let left = options.redirects - followed;
        request = redirect::follow(request, location, left).map_err(|source| {
            let location = location.to_owned();
            ConnectError::Redirect { location, source }
        })?;
        followed += 1;
    }
}

/// Makes one attempt. The first sets the deadline of all attempts.
async fn attempt<E: Engine>(
    options: &ClientOptions,
    request: &ClientRequest,
    deadline: &mut Option<Instant>,
) -> Result<Opened, ConnectError> {
    let connecting = connect_to(options, request);
    let connection = match *deadline {
        None => connecting.await?,
        Some(deadline) => timeout_at(deadline, connecting)
            .await
            .map_err(|_| ConnectError::HandshakeTimedOut)??,
    };
    let handshake = ClientHandshake::new(request);
    let timeout = request.settings().handshake_timeout();
    let deadline = *deadline.get_or_insert_with(|| Instant::now() + timeout);
    let follows = options.redirects > 0;
    let exchanged = E::exchange(connection.io, handshake.request(), deadline, follows).await?;
    let (answer, io, early) = match exchanged {
        Answer::Switched(answer, io, early) => (answer, io, early),
        Answer::Other(answer) => return Err(ConnectError::Refused(Box::new(answer))),
    };
    let subprotocol = handshake.check(&answer).map_err(ConnectError::Violation)?;

    let info = client_info(request, &answer, subprotocol, connection.addresses);
    let settings = request.settings().clone();
    Ok(Opened {
        transport: StreamTransport::new(io, early, &SessionParameters::client(settings.clone()))
            .with_socket(ClientIo::socket, &settings),
        info,
        settings,
    })
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use switchwire_backend_hyper::HyperServer;
    use switchwire_core::spi::Transport;
    use switchwire_service::UrlHandlerMapping;
    use tokio::net::TcpListener;

    use super::*;
    use crate::tokio_client::OverTokio;

    #[tokio::test]
    async fn the_kernel_gives_up_on_a_server_that_acknowledges_nothing() {
        let mapping = UrlHandlerMapping::new()
            .with("/", |_: WebSocketSession| std::future::pending())
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}/", listener.local_addr().unwrap());
        tokio::spawn(HyperServer::new(mapping).serve(listener));

        let request = ClientRequest::new(&url).unwrap();
        let opened = open::<OverTokio>(&ClientOptions::default(), request).await;
        let transport = opened.unwrap().transport;
        let ClientIo::Tcp(socket) = transport.io() else {
            panic!("it is plain TCP");
        };
        let limit = rustix::net::sockopt::tcp_user_timeout(socket);
        assert_eq!(
            limit,
            Ok(65_000),
            "slow consumer policy and closing deadline"
        );
        assert!(!transport.peer_has_ended());
    }
}
