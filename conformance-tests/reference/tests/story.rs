//! A failed case tells the whole story.

use switchwire_conformance::{Outcome, Target, Timing, cases};
use switchwire_conformance_reference::{Fault, Reference};

#[test]
fn a_failure_names_the_rule_and_shows_the_wire() {
    let case = cases().find(|case| case.id == "rfc6455::s5_1::unmasked_text_fails");
    let case = case.expect("the case is there");
    let timing = Timing::default().with_deadline(std::time::Duration::from_millis(300));
    let served = Reference::with_fault(Fault::AcceptsUnmasked).start();
    let verified = case.run(served.expect("it starts").address(), timing);
    assert_eq!(verified.broken.map(|rule| rule.id), Some("framing.1"));
    let Outcome::Failed(story) = verified.outcome else {
        panic!("it passes");
    };
    for part in [
        "framing.1",
        "section-5.1",
        "Close 1002",
        "not masked",
        "on the wire",
    ] {
        assert!(story.contains(part), "{part} is missing: {story}");
    }
}

#[test]
fn requests_are_shown_as_text_and_never_as_frames() {
    let case = cases().find(|case| case.id == "exact::application");
    let case = case.expect("the case is there");
    let timing = Timing::default().with_deadline(std::time::Duration::from_millis(300));
    let served = Reference::with_fault(Fault::SpellsItsOwnWay).start();
    let verified = case.run(served.expect("it starts").address(), timing);
    let Outcome::Failed(story) = verified.outcome else {
        panic!("it passes");
    };
    for part in [
        "-> GET /",
        " | Host: ",
        "<- HTTP/1.1 ",
        "TestApp::HTTP_BODY",
    ] {
        assert!(story.contains(part), "{part} is missing: {story}");
    }
    assert!(!story.contains("opcode 0x"), "{story}");
}
