//! The one-thread tokio runtime of all servers that have none of their own.

use std::io;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};

use super::Listen;

pub(super) fn block_on<F: Future>(future: F) -> io::Result<F::Output> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    Ok(runtime.block_on(future))
}

/// Accepts for ever and runs `serve` for every connection as a task of its own.
pub(super) fn accept_each<F, Fut>(listen: &Listen, serve: F) -> io::Result<()>
where
    F: Fn(TcpStream) -> Fut,
    Fut: Future<Output = ()> + Send + 'static,
{
    let listener = listen.bind()?;
    block_on(async move {
        let listener = TcpListener::from_std(listener)?;
        loop {
            match listener.accept().await {
                Ok((stream, _)) => drop(tokio::spawn(serve(stream))),
                Err(_) => tokio::time::sleep(ACCEPT_BACK_OFF).await,
            }
        }
    })?
}

/// Pause after `accept` failed, most likely for want of file descriptors.
const ACCEPT_BACK_OFF: Duration = Duration::from_millis(10);
