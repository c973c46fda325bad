use std::{io, net::TcpListener};

use actix_web::{App, HttpServer, web};
use switchwire::actix::{configure, on_connect};

use crate::Site;

#[actix_web::main]
pub(crate) async fn serve(site: Site, listener: TcpListener) -> io::Result<()> {
    let sessions = configure(site.dispatcher);
    let app = move || {
        let page = move || async move { web::Html::new(site.page) };
        App::new()
            .configure(sessions.clone())
            .route("/", web::get().to(page))
    };
    HttpServer::new(app)
        .on_connect(on_connect)
        .listen(listener)?
        .run()
        .await
}
