// pass a closure `|session: WebSocketSession| async move { .. }`
use switchwire::UrlHandlerMapping;

struct Echo;

fn main() {
    let _ = UrlHandlerMapping::new().with("/", Echo);
}
