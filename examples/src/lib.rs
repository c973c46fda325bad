//! What the examples share: the command line, and one way to serve on each server.

mod actix_server;
mod axum_server;
mod hyper_server;
pub mod pages;
#[cfg(feature = "poem")]
mod poem_server;
#[cfg(feature = "rocket")]
mod rocket_server;
#[cfg(feature = "salvo")]
mod salvo_server;
mod stop;
mod warp_server;

use std::{
    error::Error,
    fmt::{self, Write as _},
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use clap::{CommandFactory, FromArgMatches, Parser, ValueEnum};
use switchwire::{TrustedProxies, WebSocketDispatcher};

pub use self::pages::Pages;

/// The options of every example.
#[derive(Debug, Parser)]
pub struct Options {
    /// The server to run on.
    #[arg(long, value_enum, default_value_t = Server::Hyper)]
    pub server: Server,
    /// The address to listen on; port 0 takes a free one.
    #[arg(long, value_name = "ADDR")]
    pub listen: SocketAddr,
    /// A proxy in front whose X-Forwarded headers are believed: an address or a network; may be repeated.
    #[arg(long, value_name = "ADDR")]
    pub trusted_proxy: Vec<String>,
    /// The path of the WebSocket, for people to read.
    #[arg(skip = "/")]
    socket: &'static str,
}

impl Options {
    /// Reads the command line of an example, and ends the process when it is wrong or asks for help. `about` says what
    /// the example is, `listen` is where it listens by default, and `socket` the path of its WebSocket.
    #[must_use]
    pub fn read(about: &'static str, listen: &'static str, socket: &'static str) -> Self {
        let command = Self::command()
            .about(about)
            .mut_arg("listen", |arg| arg.required(false).default_value(listen));
        let options = Self::from_arg_matches(&command.get_matches());
        let options = options.unwrap_or_else(|error| error.exit());
        Self { socket, ..options }
    }
}

/// The servers the examples run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Server {
    /// hyper 1.
    Hyper,
    /// axum 0.8.
    Axum,
    /// poem 3.
    #[cfg(feature = "poem")]
    Poem,
    /// salvo 1.
    #[cfg(feature = "salvo")]
    Salvo,
    /// Rocket 0.5.
    #[cfg(feature = "rocket")]
    Rocket,
    /// actix-web 4.
    Actix,
    /// warp 0.4.
    Warp,
}

/// An example: its handlers, and pages for people who come with a browser.
#[derive(Debug, Clone)]
pub struct Site {
    /// The WebSocket side.
    pub dispatcher: WebSocketDispatcher,
    /// The HTTP side.
    pub pages: Pages,
}

impl Site {
    /// A site of these handlers and these pages, or of one page at `/`.
    #[must_use]
    pub fn new(dispatcher: impl Into<WebSocketDispatcher>, pages: impl Into<Pages>) -> Self {
        Self {
            dispatcher: dispatcher.into(),
            pages: pages.into(),
        }
    }

    /// Serves until the process is told to stop, then ends every session with 1001; at once when it is told again.
    ///
    /// # Errors
    /// When the address cannot be listened on, or a proxy is no address.
    pub fn serve(mut self, options: &Options) -> Result<(), Box<dyn Error>> {
        if !options.trusted_proxy.is_empty() {
            let proxies = TrustedProxies::x_forwarded(&options.trusted_proxy)?;
            self.dispatcher = self.dispatcher.with_trusted_proxies(proxies);
        }
        tracing_subscriber::fmt()
            .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
            .with_writer(io::stderr)
            .init();
        let listener = std::net::TcpListener::bind(options.listen)
            .map_err(|error| CannotListen(options.listen, error))?;
        println!("{}", welcome(listener.local_addr()?, options.socket));
        let report = match options.server {
            Server::Hyper => hyper_server::serve(self, listener),
            Server::Axum => axum_server::serve(self, listener),
            #[cfg(feature = "poem")]
            Server::Poem => poem_server::serve(self, listener),
            #[cfg(feature = "salvo")]
            Server::Salvo => salvo_server::serve(self, listener),
            #[cfg(feature = "rocket")]
            Server::Rocket => rocket_server::serve(self, listener),
            Server::Actix => actix_server::serve(self, listener),
            Server::Warp => warp_server::serve(self, listener),
        }?;
        println!("stopped: {report}");
        Ok(())
    }
}

/// Where to go: the page, and the WebSocket.
fn welcome(listening: SocketAddr, socket: &str) -> String {
    let here = SocketAddr::new(
        match listening.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        },
        listening.port(),
    );
    let elsewhere = if listening.ip().is_unspecified() {
        ", or on another device with this computer's address"
    } else {
        ""
    };
    format!("open http://{here}/ in a browser{elsewhere}; the WebSocket is at ws://{here}{socket}")
}

/// Why an example cannot start. `main` prints an error as `Debug` has it, so that is written for people, too.
struct CannotListen(SocketAddr, io::Error);

impl fmt::Display for CannotListen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(address, error) = self;
        write!(f, "cannot listen on {address}: {error}")?;
        if error.kind() == io::ErrorKind::AddrInUse {
            let other = address.port().checked_add(1).unwrap_or(0);
            let other = SocketAddr::new(address.ip(), other);
            write!(f, "; stop the other server, or use --listen {other}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for CannotListen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for CannotListen {}

/// 128 random bits as hexadecimal digits: to be looked up, never guessed.
///
/// # Errors
/// When the system has no random bits.
pub fn random_token() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().fold(String::new(), |mut token, byte| {
        let _ = write!(token, "{byte:02x}");
        token
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_named_first_and_with_an_address_that_can_be_opened() {
        let told = welcome("0.0.0.0:9001".parse().unwrap(), "/rooms/{room}");
        assert!(told.starts_with("open http://127.0.0.1:9001/ in a browser, or on another device"));
        assert!(
            told.ends_with(" ws://127.0.0.1:9001/rooms/{room}"),
            "{told}"
        );
        let told = welcome("[::]:9001".parse().unwrap(), "/");
        assert!(
            told.starts_with("open http://[::1]:9001/ in a browser"),
            "{told}"
        );
        let told = welcome("192.0.2.1:80".parse().unwrap(), "/");
        let shown =
            "open http://192.0.2.1:80/ in a browser; the WebSocket is at ws://192.0.2.1:80/";
        assert_eq!(told, shown);
    }

    #[test]
    fn an_address_in_use_is_named_with_advice() {
        let used = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = used.local_addr().unwrap();
        let error = std::net::TcpListener::bind(address).unwrap_err();
        let told = format!("{:?}", CannotListen(address, error));
        assert!(
            told.starts_with(&format!("cannot listen on {address}: ")),
            "{told}"
        );
        assert!(told.contains("use --listen 127.0.0.1:"), "{told}");
    }
}
