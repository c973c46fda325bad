// consider adjusting the signature so it does not borrow its argument
use switchwire::{HandlerResult, UrlHandlerMapping, WebSocketSession};

async fn handler(_session: &mut WebSocketSession) -> HandlerResult {
    Ok(())
}

fn main() {
    let _ = UrlHandlerMapping::new().with("/", handler);
}
