//! How `serve_with_shutdown` stops.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "../../backend-hyper/tests/common/mod.rs"]
mod common;
#[path = "../../backend-hyper/tests/common/shutdown.rs"]
mod shutdown;

use std::{net::TcpListener, sync::Arc};

use actix_web::{App, HttpServer, rt, web};
use switchwire_backend_actix::{configure, on_connect, serve_with_shutdown};
use switchwire_service::{ShutdownReport, UrlHandlerMapping, WebSocketDispatcher};
use tokio::sync::{Mutex, oneshot};

use self::{
    common::echo,
    shutdown::{LONG, Server, ends_at_once_when_told_again, ends_in_good_order},
};

fn server() -> Server<impl Future<Output = ShutdownReport>> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, signal) = oneshot::channel();
    let (page, wait) = oneshot::channel();
    let wait = Arc::new(Mutex::new(wait));
    let mapping = UrlHandlerMapping::new().with("/", echo).unwrap();
    let dispatcher = WebSocketDispatcher::from(mapping);
    let registry = dispatcher.registry().clone();
    let sessions = configure(dispatcher).unwrap();
    let app = move || {
        let wait = wait.clone();
        let page = move || {
            let wait = wait.clone();
            async move {
                let _ = (&mut *wait.lock().await).await;
                "a page"
            }
        };
        App::new()
            .configure(sessions.clone())
            .default_service(web::to(page))
    };
    let server = HttpServer::new(app)
        .on_connect(on_connect)
        .disable_signals()
        .workers(1)
        .listen(listener)
        .unwrap()
        .run();
    let signal = async { drop(signal.await) };
    let serving = rt::spawn(serve_with_shutdown(server, registry.clone(), signal, LONG));
    Server {
        address,
        registry,
        stop,
        page,
        stopped: async { serving.await.unwrap().unwrap() },
    }
}

#[actix_web::test]
async fn it_ends_in_good_order() {
    ends_in_good_order(server()).await;
}

#[actix_web::test]
async fn it_ends_at_once_when_told_again() {
    ends_at_once_when_told_again(server()).await;
}
