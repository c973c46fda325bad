#![no_main]

use http::{HeaderValue, Request};
use libfuzzer_sys::fuzz_target;
use switchwire_core::{HandshakeRequest, Origin};
use switchwire_service::TrustedProxies;

const NAMES: [&str; 5] = ["forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port"];

fuzz_target!(|lines: Vec<(u8, &[u8])>| {
    let mut request = Request::new(());
    for (name, line) in lines {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            request.headers_mut().append(NAMES[usize::from(name) % NAMES.len()], value);
        }
    }
    let head = || HandshakeRequest::from(request.clone().into_parts().0).with_remote_address("10.0.0.1:5000".parse().ok());
    let proxies = ["10.0.0.0/8", "fd00::/8"];
    for trusted in [TrustedProxies::forwarded(proxies), TrustedProxies::x_forwarded(proxies)] {
        let resolved = trusted.expect("networks").resolve(head());
        if let Some(authority) = resolved.authority() {
            Origin::parse(&format!("https://{authority}")).expect("a host and a port, or nothing");
        }
    }
    let untouched = TrustedProxies::forwarded(["10.0.0.2"]).expect("an address").resolve(head());
    assert_eq!(untouched.remote_address(), head().remote_address());
    assert!(untouched.authority().is_none() && !untouched.is_secure());
});
