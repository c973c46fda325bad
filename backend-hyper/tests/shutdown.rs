//! How the server stops.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod common;
#[path = "common/shutdown.rs"]
mod shutdown;

use std::{convert::Infallible, sync::Arc};

use http::{Request, Response};
use hyper::{body::Incoming, service::service_fn};
use switchwire_backend_hyper::HyperServer;
use switchwire_service::{ShutdownReport, UrlHandlerMapping, WebSocketDispatcher};
use tokio::{
    net::TcpListener,
    sync::{Mutex, oneshot},
};

use self::{
    common::echo,
    shutdown::{LONG, Server, ends_at_once_when_told_again, ends_in_good_order},
};

async fn server() -> Server<impl Future<Output = ShutdownReport>> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, signal) = oneshot::channel();
    let (page, wait) = oneshot::channel();
    let wait = Arc::new(Mutex::new(wait));
    let application = service_fn(move |_: Request<Incoming>| {
        let wait = wait.clone();
        async move {
            let _ = (&mut *wait.lock().await).await;
            Ok::<_, Infallible>(Response::new("a page".to_owned()))
        }
    });
    let mapping = UrlHandlerMapping::new().with("/", echo).unwrap();
    let dispatcher = WebSocketDispatcher::from(mapping);
    let registry = dispatcher.registry().clone();
    let serving = HyperServer::with_application(dispatcher, application).serve_with_shutdown(
        listener,
        async { drop(signal.await) },
        LONG,
    );
    let serving = tokio::spawn(serving);
    Server {
        address,
        registry,
        stop,
        page,
        stopped: async { serving.await.unwrap() },
    }
}

#[tokio::test]
async fn it_ends_in_good_order() {
    ends_in_good_order(server().await).await;
}

#[tokio::test]
async fn it_ends_at_once_when_told_again() {
    ends_at_once_when_told_again(server().await).await;
}
