//! hyper and tokio-tungstenite by hand, as the README of hyper-tungstenite shows it.

use std::error::Error;
use std::io;

use futures_util::{SinkExt, StreamExt};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_tungstenite::HyperWebsocket;
use hyper_tungstenite::tungstenite::Message;
use hyper_util::rt::TokioIo;
use tokio::sync::broadcast::{self, Sender};

use super::{App, FANOUT_CAPACITY, GREETING, Listen, flood::Worker, runtime};

pub(super) fn serve(listen: &Listen) -> io::Result<()> {
    let app = listen.app;
    let (everyone, _) = broadcast::channel(FANOUT_CAPACITY);
    runtime::accept_each(listen, move |stream| {
        let everyone = everyone.clone();
        async move {
            let service = service_fn(move |request| handle_request(request, app, everyone.clone()));
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .with_upgrades();
            // A connection that fails is the client's to notice.
            let _ = connection.await;
        }
    })
}

async fn handle_request(
    mut request: Request<Incoming>,
    app: App,
    everyone: Sender<Message>,
) -> Result<Response<Full<Bytes>>, BoxError> {
    if !hyper_tungstenite::is_upgrade_request(&request) {
        return Ok(Response::new(Full::from("a WebSocket endpoint")));
    }
    let (response, websocket) = hyper_tungstenite::upgrade(&mut request, None)?;
    tokio::spawn(async move {
        let _ = match app {
            App::Echo => echo(websocket).await,
            App::Fanout => fanout(websocket, everyone).await,
            App::Flood => flood(websocket).await,
        };
    });
    Ok(response)
}

async fn echo(websocket: HyperWebsocket) -> Result<(), BoxError> {
    let mut websocket = websocket.await?;
    while let Some(message) = websocket.next().await {
        // tungstenite answers ping and close
        if let message @ (Message::Text(_) | Message::Binary(_)) = message? {
            websocket.send(message).await?;
        }
    }
    Ok(())
}

async fn flood(websocket: HyperWebsocket) -> Result<(), BoxError> {
    let mut websocket = websocket.await?;
    let mut worker = Worker::default();
    while let Some(message) = websocket.next().await {
        if let Message::Binary(_) = message?
            && let Some(acknowledgement) = worker.take()
        {
            websocket
                .send(Message::binary(acknowledgement.to_vec()))
                .await?;
        }
    }
    Ok(())
}

async fn fanout(websocket: HyperWebsocket, everyone: Sender<Message>) -> Result<(), BoxError> {
    let mut websocket = websocket.await?;
    let mut messages = everyone.subscribe();
    websocket.send(Message::text(GREETING)).await?;
    loop {
        tokio::select! {
            message = websocket.next() => match message {
                Some(Ok(message @ (Message::Text(_) | Message::Binary(_)))) => drop(everyone.send(message)),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Ok(()),
            },
            message = messages.recv() => websocket.send(message?).await?,
        }
    }
}

type BoxError = Box<dyn Error + Send + Sync>;
