use std::{io, net::TcpListener};

use switchwire::warp::{dispatch, http, serve as serve_routes};
use warp::{Filter, path::end, reply::html};

use crate::Site;

#[tokio::main]
pub(crate) async fn serve(site: Site, listener: TcpListener) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let page = warp::get().and(end()).map(move || html(site.page));
    let routes = dispatch(site.dispatcher).or(http().and(page));
    tokio::select! {
        () = serve_routes(routes, listener) => {}
        stop = tokio::signal::ctrl_c() => stop?,
    }
    Ok(())
}
