//! A WebSocket client for the command line: sends each line of its input, prints each message that comes.
//!
//! What is not a message goes to the standard error. When the input ends the connection is closed; answers that are still on
//! their way are printed first.

use std::{io, io::Write, process::ExitCode, sync::Arc, time::Duration};

use clap::Parser;
use switchwire::{
    ClientRequest, CloseCode, CloseOutcome, Error, WebSocketClient, WebSocketMessage,
    WebSocketSender, WebSocketSession, WebSocketSettings,
    client::{
        ClientOptions, HyperClient, TokioClient,
        rustls::{
            ClientConfig, RootCertStore,
            crypto::ring,
            pki_types::{CertificateDer, pem::PemObject},
        },
    },
};
use tokio::io::{AsyncBufReadExt, BufReader};

/// Connects to a WebSocket server.
///
/// Exit status: 0 when the connection was closed with 1000 or by this side, 1 when it ended otherwise, 2 when called wrongly,
/// 3 when there was no connection.
#[derive(Debug, Parser)]
struct Options {
    /// Where to connect to, such as wss://example.com/chat.
    url: String,
    /// A subprotocol to offer; may be repeated, the preferred one first.
    #[arg(long, value_name = "NAME")]
    subprotocol: Vec<String>,
    /// A header to send, "Name: value"; may be repeated.
    #[arg(long, value_name = "HEADER")]
    header: Vec<String>,
    /// Send lines as binary messages.
    #[arg(long)]
    binary: bool,
    /// Send a ping each time so many seconds have passed, and say when it was answered.
    #[arg(long, value_name = "SECONDS")]
    ping: Option<u64>,
    /// Trust the certificates of this PEM file, and no others.
    #[arg(long, value_name = "FILE")]
    ca: Option<String>,
    /// Follow up to five redirects.
    #[arg(long)]
    follow: bool,
    /// The largest message to take, in MiB.
    #[arg(long, value_name = "MIB", default_value_t = 16)]
    max_message: usize,
    /// Speak HTTP with hyper.
    #[arg(long)]
    hyper: bool,
}

/// What went wrong before there was a connection.
type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let (request, client) = match prepare(&options) {
        Ok(prepared) => prepared,
        Err(error) => {
            tell(&*error);
            return ExitCode::from(2);
        }
    };
    let session = match client.connect(request).await {
        Ok(session) => session,
        Err(error) => {
            tell(&error);
            if let Some(answer) = error.response() {
                eprintln!("{}", String::from_utf8_lossy(answer.body()).escape_debug());
            }
            return ExitCode::from(3);
        }
    };
    match session.handshake_info().subprotocol() {
        Some(subprotocol) => eprintln!("connected, speaking {subprotocol}"),
        None => eprintln!("connected"),
    }
    let outcome = talk(session, &options).await;
    eprintln!("{outcome}");
    let is_good = outcome.code() == 1000 || matches!(outcome, CloseOutcome::ByUs(_));
    ExitCode::from(u8::from(!is_good))
}

fn prepare(options: &Options) -> Result<(ClientRequest, Box<dyn WebSocketClient>), Failure> {
    let settings = WebSocketSettings::builder()
        .with_max_message_size(options.max_message << 20)
        .with_max_frame_size(options.max_message << 20)
        .with_control_frames(true)
        .build()?;
    let mut request = ClientRequest::new(&options.url)?
        .with_subprotocols(&options.subprotocol)?
        .with_settings(settings);
    for header in &options.header {
        let (name, value) = header
            .split_once(':')
            .ok_or("a header is \"Name: value\"")?;
        request = request.with_header(name.trim(), value.trim())?;
    }
    let mut connecting = ClientOptions::new().with_proxy_from_env()?;
    if let Some(path) = &options.ca {
        connecting = connecting.with_tls_config(trusting(path)?);
    }
    if options.follow {
        connecting = connecting.with_redirects(5);
    }
    let client: Box<dyn WebSocketClient> = if options.hyper {
        Box::new(HyperClient::new(connecting))
    } else {
        Box::new(TokioClient::new(connecting))
    };
    Ok((request, client))
}

fn trusting(path: &str) -> Result<ClientConfig, Failure> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path)? {
        roots.add(certificate?)?;
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}

/// Sends and prints until the connection is closed.
async fn talk(mut session: WebSocketSession, options: &Options) -> CloseOutcome {
    let sender = session.sender();
    let (binary, ping) = (options.binary, options.ping);
    let mut sending = Box::pin(async move {
        tokio::select! {
            sent = send_lines(&sender, binary) => sent,
            sent = send_pings(&sender, ping) => sent,
        }
    });
    let mut is_sending = true;
    let mut interrupted = Box::pin(tokio::signal::ctrl_c());
    loop {
        tokio::select! {
            _ = &mut interrupted, if session.is_open() => drop(session.close(CloseCode::GOING_AWAY)),
            received = session.receive() => match received {
                Ok(Some(message)) => {
                    if print(&message).is_err() {
                        drop(session.close(CloseCode::GOING_AWAY)); // nobody reads any more
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    tell(&error);
                    break;
                }
            },
            sent = &mut sending, if is_sending => {
                is_sending = false;
                if sent.is_ok() {
                    drop(session.close(CloseCode::NORMAL)); // and what still comes is printed
                }
            }
        }
    }
    session.closed().await
}

async fn send_lines(sender: &WebSocketSender, binary: bool) -> Result<(), Error> {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let message = if binary {
            WebSocketMessage::from(line.into_bytes())
        } else {
            WebSocketMessage::from(line)
        };
        sender.send(message).await?;
    }
    Ok(())
}

async fn send_pings(sender: &WebSocketSender, seconds: Option<u64>) -> Result<(), Error> {
    let Some(seconds) = seconds else {
        return std::future::pending().await;
    };
    loop {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        sender.send(WebSocketMessage::Ping("wscat".into())).await?;
    }
}

fn print(message: &WebSocketMessage) -> io::Result<()> {
    match message {
        WebSocketMessage::Ping(_) => {}
        WebSocketMessage::Pong(_) => eprintln!("pong"),
        WebSocketMessage::Text(_) | WebSocketMessage::Binary(_) => {
            let mut out = io::stdout().lock();
            out.write_all(message.payload())?;
            out.write_all(b"\n")?;
            out.flush()?;
        }
    }
    Ok(())
}

/// Says what went wrong, with what caused it.
fn tell(error: &dyn std::error::Error) {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line = format!("{line}: {error}");
        cause = error.source();
    }
    eprintln!("wscat: {}", line.escape_debug());
}
