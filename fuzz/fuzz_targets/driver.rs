//! The whole session driver over a scripted transport; `driver/tests/driver_properties.rs` runs the same.
#![no_main]

#[path = "../../driver/tests/scripted/mod.rs"]
mod scripted;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|script: &[u8]| {
    let report = scripted::run(script);
    assert!(report.is_well(), "{report}");
});
