//! Accepts connections whose sockets can be taken out of salvo.

use std::{fmt, io, net::SocketAddr};

use http::{Version, uri::Scheme};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use salvo::{
    conn::{Accepted, Acceptor, ConnCtrl, Holding, StraightStream, tcp::TcpCoupler},
    fuse::{ArcFusePolicy, FuseAction, FuseInfo, TransProto},
};
use switchwire_backend_hyper::HyperIo;
use switchwire_core::Bytes;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::either::Either;

/// The socket, or salvo's wrapper of it when the fuse needs one.
type Stream = Either<TcpStream, StraightStream<TcpStream>>;

/// Makes an acceptor for salvo's server. Unlike the one of salvo's own `TcpListener`, it turns off
/// Nagle's algorithm, and its sessions run on the socket itself: they notice a peer that has
/// disconnected although they do not read, and cost nothing of salvo. It speaks HTTP/1.1.
///
/// salvo's fuse works as with its own acceptor. Where it has a timeout for idle connections or
/// stalled writes, or an observer, sessions run on salvo's wrapper of the socket.
///
/// ```no_run
/// use salvo::prelude::*;
/// use switchwire_backend_salvo::{acceptor, hoop};
///
/// # async fn run(mapping: switchwire_service::UrlHandlerMapping) -> std::io::Result<()> {
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:9001").await?;
/// let service = Service::new(Router::new()).hoop(hoop(mapping));
/// Server::new(acceptor(listener)?).serve(service).await;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// When the operating system does not tell the address of the listener.
pub fn acceptor(listener: TcpListener) -> io::Result<impl Acceptor + fmt::Debug> {
    let holding = Holding {
        local_addr: listener.local_addr()?.into(),
        http_versions: vec![Version::HTTP_11],
        http_scheme: Scheme::HTTP,
    };
    Ok(SocketAcceptor {
        listener,
        holdings: [holding],
        undecided: None,
    })
}

#[derive(Debug)]
struct SocketAcceptor {
    listener: TcpListener,
    holdings: [Holding; 1],
    /// An accepted connection, while the fuse's policy decides about it. It outlives a dropped
    /// attempt.
    undecided: Option<(TcpStream, SocketAddr)>,
}

impl Acceptor for SocketAcceptor {
    type Coupler = TcpCoupler<Stream>;
    type Stream = Stream;

    fn holdings(&self) -> &[Holding] {
        &self.holdings
    }

    async fn accept(
        &mut self,
        policy: Option<ArcFusePolicy>,
    ) -> io::Result<Accepted<TcpCoupler<Stream>, Stream>> {
        loop {
            let (socket, remote) = match self.undecided.take() {
                Some(accepted) => accepted,
                None => self.listener.accept().await?,
            };
            let prepared = socket.set_nodelay(true);
            let Ok(local) = prepared.and_then(|()| socket.local_addr()) else {
                continue; // the peer has disconnected
            };
            self.undecided = Some((socket, remote));
            let info = FuseInfo {
                trans_proto: TransProto::Tcp,
                remote_addr: remote.into(),
                local_addr: local.into(),
            };
            let control = ConnCtrl::new();
            let (fuse, observer) = match &policy {
                None => (None, None),
                Some(policy) => match policy.decide(&info).await {
                    FuseAction::Accept(fuse) => (Some(fuse), policy.observe(&info, &control)),
                    FuseAction::Reject => {
                        self.undecided = None;
                        continue;
                    }
                },
            };
            let Some((socket, _)) = self.undecided.take() else {
                continue;
            };
            let has_timers = fuse.is_some_and(|fuse| {
                fuse.connection_idle_timeout.is_some() || fuse.write_stall_timeout.is_some()
            });
            let stream = if has_timers || observer.is_some() {
                let control = control.clone();
                Either::Right(StraightStream::new(socket, fuse, control, observer))
            } else {
                Either::Left(socket)
            };
            return Ok(Accepted {
                coupler: TcpCoupler::new(),
                stream,
                fuse_config: fuse,
                conn_ctrl: control,
                local_addr: info.local_addr,
                remote_addr: info.remote_addr,
                http_scheme: Scheme::HTTP,
            });
        }
    }
}

/// Takes the socket of a connection that [`acceptor`] has accepted, or salvo's wrapper of it.
pub(crate) fn take_io(upgraded: Upgraded) -> Result<(HyperIo, Bytes), Upgraded> {
    let parts = upgraded.downcast::<TokioIo<Stream>>()?;
    let io = match parts.io.into_inner() {
        Either::Left(socket) => HyperIo::Tcp(socket),
        Either::Right(io) => HyperIo::other(io),
    };
    Ok((io, parts.read_buf))
}
