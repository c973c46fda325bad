//! What the examples share: the command line, and one way to serve on each server.

mod actix_server;
mod axum_server;
mod hyper_server;
pub mod pages;
mod rocket_server;
mod salvo_server;
mod stop;
mod warp_server;

use std::{fmt::Write as _, io, net::SocketAddr};

use clap::{Parser, ValueEnum};
use switchwire::{TrustedProxies, WebSocketDispatcher};

pub use self::pages::Pages;

/// The flags every example takes.
#[derive(Debug, Parser)]
pub struct Options {
    /// The server to run on.
    #[arg(long, value_enum, default_value_t = Server::Hyper)]
    pub server: Server,
    /// The address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:9001", value_name = "ADDR")]
    pub listen: SocketAddr,
    /// A proxy in front whose X-Forwarded headers are believed: an address or a network; may be repeated.
    #[arg(long, value_name = "ADDR")]
    pub trusted_proxy: Vec<String>,
}

/// The servers the examples run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Server {
    /// hyper 1.
    Hyper,
    /// axum 0.8.
    Axum,
    /// salvo 1.
    Salvo,
    /// Rocket 0.5.
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
    pub fn serve(mut self, options: &Options) -> io::Result<()> {
        if !options.trusted_proxy.is_empty() {
            let proxies = TrustedProxies::x_forwarded(&options.trusted_proxy);
            let proxies = proxies.map_err(io::Error::other)?;
            self.dispatcher = self.dispatcher.with_trusted_proxies(proxies);
        }
        tracing_subscriber::fmt()
            .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
            .with_writer(io::stderr)
            .init();
        let listener = std::net::TcpListener::bind(options.listen)?;
        println!(
            "listening on ws://{0}/ (open http://{0}/ in a browser)",
            listener.local_addr()?
        );
        let report = match options.server {
            Server::Hyper => hyper_server::serve(self, listener),
            Server::Axum => axum_server::serve(self, listener),
            Server::Salvo => salvo_server::serve(self, listener),
            Server::Rocket => rocket_server::serve(self, listener),
            Server::Actix => actix_server::serve(self, listener),
            Server::Warp => warp_server::serve(self, listener),
        }?;
        println!("stopped: {report}");
        Ok(())
    }
}

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
