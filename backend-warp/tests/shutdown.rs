//! How `serve_with_shutdown` stops.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "../../backend-hyper/tests/common/mod.rs"]
mod common;
#[path = "../../backend-hyper/tests/common/shutdown.rs"]
mod shutdown;

use std::sync::Arc;

use switchwire_backend_warp::{dispatch, http, serve_with_shutdown};
use switchwire_service::{ShutdownReport, UrlHandlerMapping, WebSocketDispatcher};
use tokio::{
    net::TcpListener,
    sync::{Mutex, oneshot},
};
use warp::Filter;

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
    let pages = http().then(move || {
        let wait = wait.clone();
        async move {
            let _ = (&mut *wait.lock().await).await;
            "a page"
        }
    });
    let mapping = UrlHandlerMapping::new().with("/", echo).unwrap();
    let dispatcher = WebSocketDispatcher::from(mapping);
    let registry = dispatcher.registry().clone();
    let routes = dispatch(dispatcher).or(pages);
    let signal = async { drop(signal.await) };
    let serving = serve_with_shutdown(routes, listener, registry.clone(), signal, LONG);
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
