//! Which pages may connect where a policy lists some.

use crate::{Case, case::Verdict, requirements::*, wire::Server};

pub(super) const CASES: &[Case] = &[
    Case::app(
        "contract::origin::listed_origin_is_let_in",
        &[&ORIGIN_COMPARE_1],
        |server| accepted(server, "https://good.example"),
    ),
    Case::app(
        "contract::origin::listed_origin_in_other_case_is_let_in",
        &[&ORIGIN_COMPARE_1],
        |server| accepted(server, "HTTPS://Good.Example"),
    ),
    Case::app(
        "contract::origin::listed_origin_with_the_default_port_is_let_in",
        &[&ORIGIN_COMPARE_1],
        |server| accepted(server, "https://good.example:443"),
    ),
    Case::app(
        "contract::origin::name_below_a_listed_domain_is_let_in",
        &[&ORIGIN_PATTERN_1],
        |server| accepted(server, "https://a.wild.example"),
    ),
    Case::app(
        "contract::origin::name_deep_below_a_listed_domain_is_let_in",
        &[&ORIGIN_PATTERN_1],
        |server| accepted(server, "https://a.b.wild.example"),
    ),
    Case::app(
        "contract::origin::every_listed_port_is_let_in",
        &[&ORIGIN_PATTERN_1],
        |server| {
            accepted(server, "https://a.port.example:8080")?;
            accepted(server, "https://a.port.example:8081")
        },
    ),
    Case::app(
        "contract::origin::any_port_is_let_in_where_any_is_listed",
        &[&ORIGIN_PATTERN_1],
        |server| {
            accepted(server, "http://any.example")?;
            accepted(server, "http://any.example:3000")
        },
    ),
    Case::app(
        "contract::origin::own_origin_is_accepted_beside_a_list",
        &[&ORIGIN_COMPARE_1],
        |server| accepted(server, &format!("http://{}", server.host())),
    ),
    Case::app(
        "contract::origin::null_is_let_in_where_it_is_listed",
        &[&ORIGIN_PATTERN_2],
        |server| {
            let request = server.upgrade_to("/access/null").and("Origin", "null");
            server.accept(&request)?.0.close()
        },
    ),
    Case::app(
        "contract::origin::null_beside_a_list_is_403",
        &[&ORIGIN_PATTERN_2],
        |server| refused(server, "null"),
    ),
    Case::app(
        "contract::origin::listed_domain_itself_is_403",
        &[&ORIGIN_PATTERN_1],
        |server| refused(server, "https://wild.example"),
    ),
    Case::app(
        "contract::origin::name_that_ends_like_a_listed_domain_is_403",
        &[&ORIGIN_PATTERN_1],
        |server| refused(server, "https://evilwild.example"),
    ),
    Case::app(
        "contract::origin::name_that_begins_like_a_listed_domain_is_403",
        &[&ORIGIN_PATTERN_1],
        |server| refused(server, "https://a.wild.example.evil.example"),
    ),
    Case::app(
        "contract::origin::name_below_a_listed_origin_is_403",
        &[&ORIGIN_COMPARE_1],
        |server| refused(server, "https://www.good.example"),
    ),
    Case::app(
        "contract::origin::other_scheme_of_a_listed_origin_is_403",
        &[&ORIGIN_COMPARE_1],
        |server| {
            refused(server, "http://good.example")?;
            refused(server, "http://a.wild.example")
        },
    ),
    Case::app(
        "contract::origin::other_port_of_a_listed_origin_is_403",
        &[&ORIGIN_COMPARE_1],
        |server| {
            refused(server, "https://good.example:8443")?;
            refused(server, "https://a.port.example:8082")?;
            refused(server, "https://a.port.example")
        },
    ),
    Case::app(
        "contract::origin::listed_origin_with_a_dot_behind_is_403",
        &[&ORIGIN_COMPARE_1],
        |server| refused(server, "https://good.example."),
    ),
    Case::app(
        "contract::origin::listed_origin_with_a_path_is_403",
        &[&ORIGIN_PARSE_1],
        |server| refused(server, "https://good.example/"),
    ),
    Case::app(
        "contract::origin::encoded_name_of_no_listed_origin_is_403",
        &[&ORIGIN_PARSE_1],
        |server| refused(server, "https://xn--good.example"),
    ),
    Case::app(
        "contract::origin::foreign_origin_touches_nothing",
        &[&HANDSHAKE_ORIGIN_2, &INTERCEPTOR_BEFORE_1],
        |server| {
            let mut journal = server.journal()?;
            let request = server
                .upgrade_to(&journal.path_to("/access/noted"))
                .and("Origin", "https://evil.example");
            server.refuse_with(&request, &[403])?;
            journal.expect_nothing()?;
            journal.close();
            Ok(())
        },
    ),
];

/// The endpoint with a list lets this origin in.
fn accepted(server: &Server, origin: &str) -> Verdict {
    let request = server.upgrade_to("/access/listed").and("Origin", origin);
    server.accept(&request)?.0.close()
}

/// It does not.
fn refused(server: &Server, origin: &str) -> Verdict {
    let request = server.upgrade_to("/access/listed").and("Origin", origin);
    server.refuse_with(&request, &[403]).map(drop)
}
