// error[E0195]
use switchwire::{HandlerResult, WebSocketHandler, WebSocketSession};

struct Echo;

impl WebSocketHandler for Echo {
    async fn handle(&self, _session: WebSocketSession) -> HandlerResult {
        Ok(())
    }
}

fn main() {
    let _ = Echo;
}
