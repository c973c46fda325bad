#![no_main]

use libfuzzer_sys::fuzz_target;
use switchwire_core::{CorsConfiguration, WebSocketSession};
use switchwire_service::UrlHandlerMapping;

fuzz_target!(|input: (Vec<&str>, Vec<&str>, &str)| {
    let (patterns, configured, path) = input;
    let mut mapping = UrlHandlerMapping::new();
    for pattern in patterns {
        let handler = |_: WebSocketSession| async { Ok(()) };
        mapping = mapping.clone().with(pattern, handler).unwrap_or(mapping);
    }
    for pattern in configured {
        mapping = mapping.clone().with_cors(pattern, CorsConfiguration::default()).unwrap_or(mapping);
    }
    if let Some(found) = mapping.find(path) {
        assert!(found.path_parameters.iter().all(|(name, _)| !name.is_empty()));
    }
});
