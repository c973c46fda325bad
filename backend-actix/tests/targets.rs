//! Requests whose target is no path, in front of an application that reads bodies.
//!
//! The server takes all that follows `CONNECT`, or a request with `Upgrade: websocket`, for its body. No scope of
//! an application has the target `*`, so that such a request went past the sessions to the application, which read its
//! body, and it has no end.
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod common;

use actix_web::{
    App,
    web::{self, Bytes},
};
use switchwire_backend_actix::configure;
use switchwire_service::UrlHandlerMapping;

use self::common::{request, serve};

#[test]
fn a_target_that_is_no_path_is_answered() {
    let server = serve(|| {
        App::new()
            .configure(configure(UrlHandlerMapping::new()).unwrap())
            .default_service(web::to(async |_body: Bytes| "the page"))
    });
    for target in ["*", "a:80", "http://a", "http://a/none", "/none"] {
        for method in ["GET", "OPTIONS", "CONNECT"] {
            let head = server.send(&request(method, target, "")).head;
            assert!(
                head.starts_with("HTTP/1.1 404 "),
                "{method} {target}: {head}"
            );
        }
        let plain = |method| {
            let request = format!("{method} {target} HTTP/1.1\r\nHost: a\r\n\r\n");
            server.send(&request).head
        };
        let head = plain("CONNECT");
        assert!(
            head.starts_with("HTTP/1.1 404 "),
            "CONNECT {target}: {head}"
        );
        let head = plain("GET");
        assert!(head.starts_with("HTTP/1.1 200 "), "GET {target}: {head}");
    }
}
