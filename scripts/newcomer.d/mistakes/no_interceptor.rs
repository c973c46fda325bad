// pass a closure `|request: &mut HandshakeRequest| Ok(())`
use switchwire::{Endpoint, WebSocketSession};

struct Login;

fn main() {
    let endpoint = Endpoint::new(|_: WebSocketSession| async { Ok(()) });
    let _ = endpoint.with_interceptor(Login);
}
