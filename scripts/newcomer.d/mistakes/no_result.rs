// to be a future that resolves to `Result<(), HandlerError>`
use switchwire::{UrlHandlerMapping, WebSocketSession};

async fn handler(mut session: WebSocketSession) {
    while let Ok(Some(_)) = session.receive().await {}
}

fn main() {
    let _ = UrlHandlerMapping::new().with("/", handler);
}
