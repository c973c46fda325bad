//! Connects to one of a host's addresses ([RFC 8305](https://www.rfc-editor.org/rfc/rfc8305), known
//! as happy eyeballs).

use std::{io, net::SocketAddr, time::Duration};

use futures_util::stream::{FuturesUnordered, StreamExt};
use switchwire_core::ConnectError;
use tokio::{
    net::{TcpStream, lookup_host},
    time::sleep,
};

/// How long the client waits for an address before it also tries the next one.
const HEAD_START: Duration = Duration::from_millis(250);

/// Connects to the first address of the host that answers, and turns off Nagle's algorithm.
pub(super) async fn connect(host: &str, port: u16) -> Result<TcpStream, ConnectError> {
    let resolved = lookup_host((host, port)).await.and_then(|found| {
        let found = in_turns(found.collect());
        if found.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "no address"));
        }
        Ok(found)
    });
    let addresses = resolved.map_err(|source| ConnectError::Resolve {
        host: host.to_owned(),
        source,
    })?;
    let socket = race(addresses, TcpStream::connect)
        .await
        .map_err(ConnectError::Connect)?;
    socket.set_nodelay(true)?;
    Ok(socket)
}

/// The address families alternate, beginning with that of the first address. Within each family,
/// the resolver's order is kept.
fn in_turns(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = addresses
        .into_iter()
        .partition(|address| address.is_ipv6() == first_is_v6);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut mixed = Vec::new();
    loop {
        let pair = [first.next(), second.next()];
        if pair == [None, None] {
            return mixed;
        }
        mixed.extend(pair.into_iter().flatten());
    }
}

/// Tries one address after another. It tries the next as soon as one has failed or its head start
/// is over. The first that connects wins, and the other attempts are dropped.
async fn race<T, F: Future<Output = io::Result<T>>>(
    addresses: Vec<SocketAddr>,
    mut connect: impl FnMut(SocketAddr) -> F,
) -> io::Result<T> {
    let mut waiting = addresses.into_iter();
    let mut attempts = FuturesUnordered::new();
    let mut last_error = io::ErrorKind::NotFound.into();
    loop {
        match waiting.next() {
            Some(address) => attempts.push(connect(address)),
            None if attempts.is_empty() => return Err(last_error),
            None => {}
        }
        tokio::select! {
            Some(ended) = attempts.next() => match ended {
                Ok(connection) => return Ok(connection),
                Err(error) => last_error = error,
            },
            () = sleep(HEAD_START), if waiting.len() > 0 => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    fn addresses(list: &[&str]) -> Vec<SocketAddr> {
        list.iter()
            .map(|address| address.parse().unwrap())
            .collect()
    }

    #[test]
    fn families_take_turns() {
        let mixed = in_turns(addresses(&[
            "[::1]:1",
            "[::2]:1",
            "[::3]:1",
            "10.0.0.1:1",
            "10.0.0.2:1",
        ]));
        let expected = ["[::1]:1", "10.0.0.1:1", "[::2]:1", "10.0.0.2:1", "[::3]:1"];
        assert_eq!(mixed, addresses(&expected));
    }

    /// An address with port 0 never answers. Port 1 is refused at once. Any other port connects
    /// after that many ms.
    async fn pretend(address: SocketAddr) -> io::Result<SocketAddr> {
        match address.port() {
            0 => std::future::pending().await,
            1 => Err(io::ErrorKind::ConnectionRefused.into()),
            ms => {
                sleep(Duration::from_millis(ms.into())).await;
                Ok(address)
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_address_costs_its_head_start() {
        let started = Instant::now();
        let list = addresses(&["[::1]:0", "10.0.0.1:20"]);
        assert_eq!(race(list.clone(), pretend).await.unwrap(), list[1]);
        assert_eq!(started.elapsed(), Duration::from_millis(270));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_costs_nothing() {
        let started = Instant::now();
        let list = addresses(&["[::1]:1", "[::2]:1", "10.0.0.1:20"]);
        assert_eq!(race(list.clone(), pretend).await.unwrap(), list[2]);
        assert_eq!(started.elapsed(), Duration::from_millis(20));
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_address_may_still_win() {
        let list = addresses(&["[::1]:300", "10.0.0.1:900", "[::2]:0"]);
        assert_eq!(race(list.clone(), pretend).await.unwrap(), list[0]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_error_is_told() {
        let error = race(addresses(&["[::1]:1", "10.0.0.1:1"]), pretend).await;
        assert_eq!(error.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        let error = race(Vec::new(), pretend).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
