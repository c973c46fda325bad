// future returned by `handler` is not `Send`
use std::rc::Rc;

use switchwire::{HandlerResult, UrlHandlerMapping, WebSocketSession};

async fn handler(session: WebSocketSession) -> HandlerResult {
    let shared = Rc::new("hello");
    session.send(*shared).await?;
    println!("{shared}");
    Ok(())
}

fn main() {
    let _ = UrlHandlerMapping::new().with("/", handler);
}
