//! The whole session driver over a scripted transport; `service/tests/driver_properties.rs` runs the same.
#![no_main]

#[path = "../../service/tests/scripted/mod.rs"]
mod scripted;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|script: &[u8]| {
    let report = scripted::run(script);
    assert!(report.is_well(), "{report}");
});
