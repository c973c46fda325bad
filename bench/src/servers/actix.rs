//! actix-ws by hand, as its documentation shows it, with the frame limit raised to the largest message sent.

use std::io;

use actix_web::web::{self, Data, Payload};
use actix_web::{App as Application, HttpRequest, HttpResponse, HttpServer};
use actix_ws::{Closed, Message, MessageStream, Session};
use bytestring::ByteString;
use tokio::sync::broadcast::{self, Sender};

use super::{App, FANOUT_CAPACITY, GREETING, Listen, flood::Worker};

pub(super) fn serve(listen: &Listen) -> io::Result<()> {
    let listener = listen.bind()?;
    let app = listen.app;
    let everyone = Data::new(broadcast::channel::<ByteString>(FANOUT_CAPACITY).0);
    actix_web::rt::System::new().block_on(
        HttpServer::new(move || {
            let route = match app {
                App::Echo => web::get().to(echo),
                App::Fanout => web::get().to(fanout),
                App::Flood => web::get().to(flood),
            };
            Application::new()
                .app_data(everyone.clone())
                .route("/", route)
        })
        .workers(1)
        .disable_signals()
        .listen(listener)?
        .run(),
    )
}

async fn echo(request: HttpRequest, body: Payload) -> actix_web::Result<HttpResponse> {
    let (response, mut session, messages) = actix_ws::handle(&request, body)?;
    let mut messages = messages.max_frame_size(MAX_FRAME);
    actix_web::rt::spawn(async move {
        while let Some(Ok(message)) = messages.recv().await {
            if matches!(message, Message::Close(_)) || answer(&mut session, message).await.is_err()
            {
                break;
            }
        }
        let _ = session.close(None).await;
    });
    Ok(response)
}

async fn flood(request: HttpRequest, body: Payload) -> actix_web::Result<HttpResponse> {
    let (response, mut session, messages) = actix_ws::handle(&request, body)?;
    let mut messages = messages.max_frame_size(MAX_FRAME);
    actix_web::rt::spawn(async move {
        let mut worker = Worker::default();
        while let Some(Ok(message)) = messages.recv().await {
            if let Message::Binary(_) = message
                && let Some(acknowledgement) = worker.take()
                && session.binary(acknowledgement.to_vec()).await.is_err()
            {
                break;
            }
        }
        let _ = session.close(None).await;
    });
    Ok(response)
}

async fn fanout(
    request: HttpRequest,
    body: Payload,
    everyone: Data<Sender<ByteString>>,
) -> actix_web::Result<HttpResponse> {
    let (response, mut session, messages) = actix_ws::handle(&request, body)?;
    actix_web::rt::spawn(async move {
        // A session that is gone needs no more.
        let _ = relay(&mut session, messages, &everyone).await;
        let _ = session.close(None).await;
    });
    Ok(response)
}

async fn relay(
    session: &mut Session,
    mut incoming: MessageStream,
    everyone: &Sender<ByteString>,
) -> Result<(), Closed> {
    let mut messages = everyone.subscribe();
    session.text(GREETING).await?;
    loop {
        tokio::select! {
            message = incoming.recv() => match message {
                Some(Ok(Message::Text(text))) => drop(everyone.send(text)),
                Some(Ok(Message::Ping(payload))) => session.pong(&payload).await?,
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Ok(()),
                Some(Ok(_)) => {}
            },
            message = messages.recv() => {
                let Ok(message) = message else { return Ok(()) };
                session.text(message).await?;
            }
        }
    }
}

async fn answer(session: &mut Session, message: Message) -> Result<(), Closed> {
    match message {
        Message::Text(text) => session.text(text).await,
        Message::Binary(payload) => session.binary(payload).await,
        Message::Ping(payload) => session.pong(&payload).await,
        _ => Ok(()),
    }
}

const MAX_FRAME: usize = 2 * 1024 * 1024;
