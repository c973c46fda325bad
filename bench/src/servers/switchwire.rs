//! switchwire on each of its servers: the naive loops anybody would write, and the default settings.

use std::io;

use actix_web::{App as Application, HttpServer};
use switchwire::axum::router;
use switchwire::hyper::HyperServer;
use switchwire::{
    HandlerResult, Topic, UrlHandlerMapping, WebSocketHandler, WebSocketSession, async_trait, warp,
};
use switchwire_backend_actix::{configure, on_connect};
use tokio::net::TcpListener;

use super::{App, GREETING, Listen, flood::Worker, runtime};

pub(super) fn serve_hyper(listen: &Listen) -> io::Result<()> {
    let listener = listen.bind()?;
    let server = HyperServer::new(mapping(listen.app));
    runtime::block_on(async move {
        server.serve(TcpListener::from_std(listener)?).await;
        Ok(())
    })?
}

pub(super) fn serve_axum(listen: &Listen) -> io::Result<()> {
    let listener = listen.bind()?;
    let app: axum::Router = router(mapping(listen.app));
    runtime::block_on(async move { axum::serve(TcpListener::from_std(listener)?, app).await })?
}

#[cfg(feature = "peers")]
pub(super) fn serve_poem(listen: &Listen) -> io::Result<()> {
    let listener = listen.bind()?;
    let app = ::poem::Route::new().nest("/", switchwire::poem::dispatch(mapping(listen.app)));
    runtime::block_on(async move {
        let acceptor = ::poem::listener::TcpAcceptor::from_std(listener)?;
        ::poem::Server::new_with_acceptor(acceptor).run(app).await
    })?
}

#[cfg(feature = "peers")]
pub(super) fn serve_salvo(listen: &Listen) -> io::Result<()> {
    let listener = listen.bind()?;
    let service = ::salvo::Service::new(::salvo::Router::new());
    let service = service.hoop(switchwire::salvo::hoop(mapping(listen.app)));
    runtime::block_on(async move {
        let acceptor = switchwire::salvo::acceptor(TcpListener::from_std(listener)?)?;
        ::salvo::Server::new(acceptor).serve(service).await;
        Ok(())
    })?
}

#[cfg(feature = "peers")]
pub(super) fn serve_rocket(listen: &Listen) -> io::Result<()> {
    let rocket = super::rocket::prepared(listen);
    super::rocket::launch(rocket.attach(switchwire::rocket::fairing(mapping(listen.app))))
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
        App::Flood => mapping.with("/", Flood),
        App::Fanout => mapping.with(
            "/",
            Fanout {
                everyone: Topic::new(),
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

struct Flood;

#[async_trait]
impl WebSocketHandler for Flood {
    async fn handle(&self, mut session: WebSocketSession) -> HandlerResult {
        let mut worker = Worker::default();
        while session.receive().await?.is_some() {
            if let Some(acknowledgement) = worker.take() {
                session.send(acknowledgement.to_vec()).await?;
            }
        }
        Ok(())
    }
}

struct Fanout {
    everyone: Topic,
}

#[async_trait]
impl WebSocketHandler for Fanout {
    async fn handle(&self, mut session: WebSocketSession) -> HandlerResult {
        let _membership = self.everyone.join(&session.sender());
        session.send(GREETING).await?;
        while let Some(message) = session.receive().await? {
            self.everyone.publish(message).await;
        }
        Ok(())
    }
}
