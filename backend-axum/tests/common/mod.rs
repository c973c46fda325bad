//! A server of an application, and clients that we did not write.

#![allow(dead_code, unused_imports, reason = "each test needs a part")]

mod client;

use std::net::SocketAddr;

use axum::Router;
use tokio::net::TcpListener;

pub(crate) use self::client::{first, get, next, open, open_with, refusal, say};

/// Serves an application as a user of axum would, until the test ends.
pub(crate) async fn start(app: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async { axum::serve(listener, app).await });
    address
}
