//! Requests whose target is no path, in front of an application that reads bodies.
//!
//! The server takes all that follows `CONNECT`, or a request with `Upgrade: websocket`, for its body. No scope of
//! an application has the target `*`, so that such a request went past the sessions to the application, which read its
//! body, and it has no end.

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
        let has_path = target.contains('/');
        let expect = |request: &str, status: u16| {
            let head = server.send(request).head;
            let status = format!("HTTP/1.1 {status} ");
            assert!(head.starts_with(&status), "{request}{head}");
        };
        for method in ["GET", "OPTIONS", "CONNECT"] {
            let status = if has_path { 404 } else { 400 };
            expect(&request(method, target, ""), status);
        }
        let plain = |method| format!("{method} {target} HTTP/1.1\r\nHost: a\r\n\r\n");
        expect(&plain("CONNECT"), if has_path { 405 } else { 400 });
        expect(&plain("GET"), 200);
    }
}
