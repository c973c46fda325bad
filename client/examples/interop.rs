//! Checks an echo server of another project, with our client: one line for each check.
//!
//! interop ENGINE URL [--ca FILE] [--proxy URL], where ENGINE is tokio or hyper. `scripts/interop` runs it, with the
//! servers of `scripts/interop.d`. Exit status 1 when a check failed.

use std::{error::Error, process::ExitCode, sync::Arc, time::Duration};

use switchwire_client::{
    ClientOptions, HyperClient, Proxy, TokioClient,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, pem::PemObject},
    },
};
use switchwire_core::{
    ClientRequest, CloseCode, CloseOutcome, CloseStatus, HandlerResult, WebSocketClient,
    WebSocketMessage, WebSocketSession, WebSocketSettings,
};

type Checked = Result<(), Box<dyn Error>>;

/// What is checked, and on what.
struct Server {
    client: Box<dyn WebSocketClient>,
    url: String,
}

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let engine = arguments.next().ok_or("no engine")?;
    let url = arguments.next().ok_or("no url")?;
    let mut options = ClientOptions::new();
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or("an option without a value")?;
        options = match name.as_str() {
            "--ca" => options.with_tls_config(trusting(&value)?),
            "--proxy" => options.with_proxy(Proxy::new(&value)?),
            _ => return Err(format!("unknown option {name}").into()),
        };
    }
    let client: Box<dyn WebSocketClient> = match engine.as_str() {
        "hyper" => Box::new(HyperClient::new(options)),
        _ => Box::new(TokioClient::new(options)),
    };
    let server = Server { client, url };
    let mut failed = 0;
    macro_rules! run {
        ($($check:ident)*) => {$(
            let name = stringify!($check).replace('_', " ");
            match tokio::time::timeout(Duration::from_secs(20), $check(&server)).await {
                Ok(Ok(())) => println!("ok    {name}"),
                Ok(Err(error)) => { failed += 1; println!("FAIL  {name}: {error}"); }
                Err(_) => { failed += 1; println!("FAIL  {name}: no end in 20 s"); }
            }
        )*};
    }
    run! {
        echoes_messages_of_many_sizes
        keeps_a_hundred_in_order
        closes_with_code_and_reason
        is_closed_with_code_and_reason
        agrees_on_a_subprotocol
        sends_headers_and_cookies
        is_answered_pings
        runs_a_handler
    }
    Ok(ExitCode::from(u8::from(failed > 0)))
}

/// A configuration that trusts the certificates of a file and no others.
fn trusting(path: &str) -> Result<ClientConfig, Box<dyn Error>> {
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

impl Server {
    fn request(&self, path: &str) -> Result<ClientRequest, Box<dyn Error>> {
        let settings = WebSocketSettings::builder()
            .with_max_message_size(16 << 20)
            .with_max_frame_size(16 << 20)
            .with_control_frames(true);
        let request = ClientRequest::new(&format!("{}{path}", self.url))?;
        Ok(request.with_settings(settings.build()?))
    }

    async fn connect(&self, path: &str) -> Result<WebSocketSession, Box<dyn Error>> {
        Ok(self.client.connect(self.request(path)?).await?)
    }
}

fn same<T: PartialEq + std::fmt::Debug>(seen: &T, expected: &T) -> Checked {
    if seen == expected {
        Ok(())
    } else {
        Err(format!("{seen:.200?} instead of {expected:.200?}").into())
    }
}

async fn echoes_messages_of_many_sizes(server: &Server) -> Checked {
    let mut session = server.connect("/echo").await?;
    for size in [0, 1, 125, 126, 65_535, 65_536, 1 << 20, 5 << 20] {
        for message in [
            WebSocketMessage::from("é".repeat(size / 2)),
            WebSocketMessage::from(vec![0xfe; size]),
        ] {
            session.send(message.clone()).await?;
            let echo = session.receive().await?;
            if echo.as_ref() != Some(&message) {
                return Err(format!("{size} bytes came back otherwise").into());
            }
        }
    }
    same(&session.close(CloseCode::NORMAL).await.code(), &1000)
}

async fn keeps_a_hundred_in_order(server: &Server) -> Checked {
    let mut session = server.connect("/echo").await?;
    for number in 0..100 {
        session.send(number.to_string()).await?;
    }
    for number in 0..100 {
        let echo = session.receive().await?.ok_or("too few")?;
        same(&echo.as_text(), &Some(&*number.to_string()))?;
    }
    Ok(())
}

async fn closes_with_code_and_reason(server: &Server) -> Checked {
    let session = server.connect("/echo").await?;
    let status = CloseStatus::new(CloseCode::new(4001)?, "très bien")?;
    match session.close(status.clone()).await {
        CloseOutcome::ByUs(seen) => same(&seen, &status),
        other => Err(other.to_string().into()),
    }
}

async fn is_closed_with_code_and_reason(server: &Server) -> Checked {
    let mut session = server.connect("/close").await?;
    same(&session.receive().await?, &None)?;
    match session.closed().await {
        CloseOutcome::ByPeer(Some(seen)) => {
            same(&seen, &CloseStatus::new(CloseCode::new(4002)?, "go away")?)
        }
        other => Err(other.to_string().into()),
    }
}

async fn agrees_on_a_subprotocol(server: &Server) -> Checked {
    let request = server.request("/echo")?;
    let request = request.with_subprotocols(["other", "echo.v1"])?;
    let session = server.client.connect(request).await?;
    let chosen = session.handshake_info().subprotocol();
    same(&chosen, &Some("echo.v1"))
}

async fn sends_headers_and_cookies(server: &Server) -> Checked {
    let request = server.request("/headers?q=1")?;
    let request = request.with_header("x-test", "a b")?;
    let request = request.with_cookie("c", "d")?;
    let mut session = server.client.connect(request).await?;
    let seen = session.receive().await?.ok_or("nothing came")?;
    same(&seen.as_text(), &Some("/headers?q=1 a b c=d"))
}

async fn is_answered_pings(server: &Server) -> Checked {
    let mut session = server.connect("/echo").await?;
    session.send(WebSocketMessage::Ping("ping".into())).await?;
    same(
        &session.receive().await?,
        &Some(WebSocketMessage::Pong("ping".into())),
    )
}

async fn runs_a_handler(server: &Server) -> Checked {
    async fn handler(mut session: WebSocketSession) -> HandlerResult {
        session.send("hello").await?;
        session.receive().await?;
        Ok(())
    }
    let outcome = server
        .client
        .execute(server.request("/echo")?, Arc::new(handler))
        .await?;
    same(&outcome.code(), &1000)
}
