//! Attributes from an HTTP session.

use super::asked;
use crate::{Case, requirements::*};

pub(super) const CASES: &[Case] = &[
    Case::app(
        "contract::attributes::value_that_is_asked_for_reaches_the_session",
        &[&ATTRIBUTES_SESSION_2],
        |server| {
            asked(
                server,
                &server.upgrade_to("/access/session"),
                &[("attribute user", "alice")],
            )
        },
    ),
    Case::app(
        "contract::attributes::other_values_stay_where_they_are",
        &[&ATTRIBUTES_SESSION_2],
        |server| {
            asked(
                server,
                &server.upgrade_to("/access/session"),
                &[("attribute secret", "none")],
            )
        },
    ),
    Case::app(
        "contract::attributes::session_is_not_loaded_unasked",
        &[&ATTRIBUTES_SESSION_1],
        |server| {
            let mut journal = server.journal()?;
            let request = server.upgrade_to(&journal.path_to("/access/unasked"));
            asked(server, &request, &[("attribute user", "none")])?;
            journal.expect_nothing()?;
            journal.close();
            Ok(())
        },
    ),
    Case::app(
        "contract::attributes::session_is_loaded_once",
        &[&ATTRIBUTES_SESSION_2],
        |server| {
            let mut journal = server.journal()?;
            let request = server.upgrade_to(&journal.path_to("/access/session"));
            asked(server, &request, &[("attribute user", "alice")])?;
            journal.expect("loaded")?;
            journal.expect_nothing()?;
            journal.close();
            Ok(())
        },
    ),
    Case::app(
        "contract::attributes::foreign_origin_does_not_load_the_session",
        &[&HANDSHAKE_ORIGIN_2, &ATTRIBUTES_SESSION_1],
        |server| {
            let mut journal = server.journal()?;
            let request = server
                .upgrade_to(&journal.path_to("/access/session"))
                .and("Origin", "https://evil.example");
            server.refuse_with(&request, &[403])?;
            journal.expect_nothing()?;
            journal.close();
            Ok(())
        },
    ),
    Case::app(
        "contract::attributes::session_that_cannot_be_loaded_is_500",
        &[&ATTRIBUTES_SESSION_3],
        |server| {
            let request = server.upgrade_to("/access/session").and("X-Broken", "1");
            server.refuse_with(&request, &[500]).map(drop)
        },
    ),
];
