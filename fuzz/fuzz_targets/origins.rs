#![no_main]

use libfuzzer_sys::fuzz_target;
use switchwire_core::{Origin, OriginPattern};

fuzz_target!(|texts: (&str, &str)| {
    let (one, two) = (Origin::parse(texts.0), Origin::parse(texts.1));
    if let Ok(one) = &one {
        assert_eq!(Origin::parse(&one.to_string()).as_ref(), Ok(one));
        let itself = OriginPattern::from(one.clone());
        assert!(itself.matches(one));
        if let Ok(two) = &two {
            assert_eq!(itself.matches(two), one == two);
            assert_eq!(one.to_string() == two.to_string(), one == two);
        }
    }
    if let Ok(pattern) = OriginPattern::parse(texts.1) {
        assert_eq!(OriginPattern::parse(&pattern.to_string()).as_ref(), Ok(&pattern));
        if let Ok(one) = one {
            assert!(!(pattern.matches(&one) && one.is_null()) || texts.1 == "null");
        }
    }
});
