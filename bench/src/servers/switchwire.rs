//! switchwire on each of its servers: the naive loops anybody would write, and the default settings.

use std::io;

use actix_web::{App as Application, HttpServer};
use switchwire::hyper::HyperServer;
use switchwire::{
    HandlerResult, UrlHandlerMapping, WebSocketHandler, WebSocketMessage, WebSocketSession,
    async_trait, warp,
};
use switchwire_backend_actix::{configure, on_connect};
use tokio::net::TcpListener;
use tokio::sync::broadcast::{self, Sender};

use super::{App, FANOUT_CAPACITY, GREETING, Listen, runtime};

pub(super) fn serve_hyper(listen: &Listen) -> io::Result<()> {
    let listener = listen.bind()?;
    let server = HyperServer::new(mapping(listen.app));
    runtime::block_on(async move {
        server.serve(TcpListener::from_std(listener)?).await;
        Ok(())
    })?
}

pub(super) fn serve_warp(listen: &Listen) -> io::Result<()> {
    let listener = listen.bind()?;
    let routes = warp::dispatch(mapping(listen.app));
    runtime::block_on(async move {
        warp::serve(routes, TcpListener::from_std(listener)?).await;
        Ok(())
    })?
}

pub(super) fn serve_actix(listen: &Listen) -> io::Result<()> {
    let listener = listen.bind()?;
    let sessions = configure(mapping(listen.app)).map_err(io::Error::other)?;
    actix_web::rt::System::new().block_on(
        HttpServer::new(move || Application::new().configure(sessions.clone()))
            .on_connect(on_connect)
            .workers(1)
            .disable_signals()
            .listen(listener)?
            .run(),
    )
}

fn mapping(app: App) -> UrlHandlerMapping {
    let mapping = UrlHandlerMapping::new();
    match app {
        App::Echo => mapping.with("/", Echo),
        App::Fanout => mapping.with(
            "/",
            Fanout {
                everyone: broadcast::channel(FANOUT_CAPACITY).0,
            },
        ),
    }
    .expect("the pattern is valid")
}

struct Echo;

#[async_trait]
impl WebSocketHandler for Echo {
    async fn handle(&self, mut session: WebSocketSession) -> HandlerResult {
        while let Some(message) = session.receive().await? {
            session.send(message).await?;
        }
        Ok(())
    }
}

struct Fanout {
    everyone: Sender<WebSocketMessage>,
}

#[async_trait]
impl WebSocketHandler for Fanout {
    async fn handle(&self, mut session: WebSocketSession) -> HandlerResult {
        let mut messages = self.everyone.subscribe();
        session.send(GREETING).await?;
        loop {
            tokio::select! {
                message = session.receive() => match message? {
                    Some(message) => drop(self.everyone.send(message)),
                    None => return Ok(()),
                },
                message = messages.recv() => session.send(message?).await?,
            }
        }
    }
}
