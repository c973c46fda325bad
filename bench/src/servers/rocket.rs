//! rocket_ws by hand, as its documentation shows it, and the way to serve Rocket on one thread.

use std::io;
use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use rocket::fairing::AdHoc;
use rocket::shield::Shield;
use rocket::{Build, Config, Rocket, State, config::LogLevel, get, routes};
use rocket_ws::{Channel, Message, WebSocket, result::Result, stream::DuplexStream};
use tokio::sync::broadcast::{self, Sender};

use super::{App, FANOUT_CAPACITY, GREETING, Listen, announce, flood::Worker, runtime};

pub(super) fn serve(listen: &Listen) -> io::Result<()> {
    let rocket = prepared(listen);
    let rocket = match listen.app {
        App::Echo => rocket.mount("/", routes![upgrade_echo]),
        App::Flood => rocket.mount("/", routes![upgrade_flood]),
        App::Fanout => rocket.mount("/", routes![upgrade_fanout]),
    };
    let (everyone, _) = broadcast::channel::<Message>(FANOUT_CAPACITY);
    launch(rocket.manage(everyone))
}

/// Rocket at an address, without headers of its own, which tells where it is. It binds its socket itself.
pub(super) fn prepared(listen: &Listen) -> Rocket<Build> {
    let config = Config {
        address: listen.addr.ip(),
        port: listen.addr.port(),
        log_level: LogLevel::Off,
        ..Config::release_default()
    };
    let tell = AdHoc::on_liftoff("address", |rocket| {
        Box::pin(async move {
            let config = rocket.config();
            announce(SocketAddr::new(config.address, config.port)).expect("the parent listens");
        })
    });
    rocket::custom(config).attach(Shield::new()).attach(tell)
}

pub(super) fn launch(rocket: Rocket<Build>) -> io::Result<()> {
    let launched = runtime::block_on(rocket.launch())?;
    launched
        .map(drop)
        .map_err(|error| io::Error::other(error.to_string()))
}

#[get("/")]
fn upgrade_echo(websocket: WebSocket) -> Channel<'static> {
    websocket.channel(|stream| Box::pin(echo(stream)))
}

#[get("/")]
fn upgrade_flood(websocket: WebSocket) -> Channel<'static> {
    websocket.channel(|stream| Box::pin(flood(stream)))
}

#[get("/")]
fn upgrade_fanout(websocket: WebSocket, everyone: &State<Sender<Message>>) -> Channel<'static> {
    let everyone = Sender::clone(everyone);
    websocket.channel(move |stream| Box::pin(fanout(stream, everyone)))
}

async fn echo(mut stream: DuplexStream) -> Result<()> {
    while let Some(message) = stream.next().await {
        stream.send(message?).await?;
    }
    Ok(())
}

async fn flood(mut stream: DuplexStream) -> Result<()> {
    let mut worker = Worker::default();
    while let Some(message) = stream.next().await {
        if message?.is_binary()
            && let Some(acknowledgement) = worker.take()
        {
            stream
                .send(Message::binary(acknowledgement.to_vec()))
                .await?;
        }
    }
    Ok(())
}

async fn fanout(mut stream: DuplexStream, everyone: Sender<Message>) -> Result<()> {
    let mut messages = everyone.subscribe();
    stream.send(Message::text(GREETING)).await?;
    loop {
        tokio::select! {
            message = stream.next() => match message {
                Some(Ok(message)) if message.is_text() || message.is_binary() => drop(everyone.send(message)),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Ok(()),
            },
            message = messages.recv() => {
                let Ok(message) = message else { return Ok(()) };
                stream.send(message).await?;
            }
        }
    }
}
