// the item is gated behind the `hyper` feature
use switchwire::hyper::HyperServer;

fn main() {
    let _ = HyperServer::new;
}
