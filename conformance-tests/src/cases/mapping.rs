//! Which handler serves which path, and what it learns of the path and the query.

use super::asked;
use crate::{
    Case, Feature,
    case::Verdict,
    requirements::*,
    wire::{Request, Server},
};

pub(super) const CASES: &[Case] = &[
    Case::app(
        "contract::mapping::literal_pattern_wins_over_a_parameter",
        &[&MAPPING_PATH_3],
        |server| {
            asked(
                server,
                &server.upgrade_to("/access/users/me"),
                &[("name", "me"), ("parameter id", "none")],
            )
        },
    ),
    Case::app(
        "contract::mapping::parameter_reaches_the_handler",
        &[&MAPPING_PARAMETER_1, &HANDSHAKE_INFO_2],
        |server| {
            asked(
                server,
                &server.upgrade_to("/access/users/7"),
                &[("name", "user"), ("parameter id", "7")],
            )
        },
    ),
    Case::app(
        "contract::mapping::escapes_in_a_parameter_are_decoded",
        &[&MAPPING_PARAMETER_1],
        |server| {
            asked(
                server,
                &server.upgrade_to("/access/users/caf%C3%A9%20x"),
                &[("parameter id", "café x")],
            )
        },
    ),
    Case::app(
        "contract::mapping::escaped_slash_stays_inside_its_parameter",
        &[&MAPPING_PARAMETER_1, &MAPPING_PATH_1],
        |server| {
            asked(
                server,
                &server.upgrade_to("/access/users/a%2Fb"),
                &[("name", "user"), ("parameter id", "a/b")],
            )
        },
    )
    .hint("match the path as it was sent, and decode what was found"),
    Case::app(
        "contract::mapping::plus_in_a_path_stays_a_plus",
        &[&MAPPING_PARAMETER_1],
        |server| {
            asked(
                server,
                &server.upgrade_to("/access/users/a+b"),
                &[("parameter id", "a+b")],
            )
        },
    ),
    Case::app(
        "contract::mapping::parameter_that_is_not_utf8_is_404",
        &[&MAPPING_PARAMETER_1],
        |server| not_found(server, "/access/users/%ff"),
    ),
    Case::app(
        "contract::mapping::rest_of_a_path_is_one_parameter",
        &[&MAPPING_PARAMETER_1],
        |server| {
            asked(
                server,
                &server.upgrade_to("/access/files/a/b%20c/d"),
                &[("name", "files"), ("parameter rest", "a/b c/d")],
            )
        },
    ),
    Case::app(
        "contract::mapping::parameter_needs_a_segment",
        &[&MAPPING_PATH_2],
        |server| {
            not_found(server, "/access/users/")?;
            not_found(server, "/access/users")
        },
    ),
    Case::app(
        "contract::mapping::parameter_holds_one_segment",
        &[&MAPPING_PATH_2],
        |server| not_found(server, "/access/users/a/b"),
    ),
    Case::app(
        "contract::mapping::paths_are_compared_by_case",
        &[&MAPPING_PATH_1],
        |server| not_found(server, "/access/USERS/7"),
    ),
    Case::app(
        "contract::mapping::lowest_order_wins_over_a_more_specific_pattern",
        &[&MAPPING_ORDER_1],
        |server| {
            asked(
                server,
                &server.upgrade_to("/access/order/plain"),
                &[("name", "first")],
            )
        },
    ),
    Case::app(
        "contract::mapping::later_mapping_loses_where_both_have_the_path",
        &[&MAPPING_ORDER_1],
        |server| {
            asked(
                server,
                &server.upgrade_to("/access/fallen/here"),
                &[("name", "default")],
            )
        },
    ),
    Case::app(
        "contract::mapping::later_mapping_has_what_no_earlier_one_has",
        &[&MAPPING_ORDER_1],
        |server| {
            asked(
                server,
                &server.upgrade_to("/access/fallen/there"),
                &[("name", "last"), ("parameter rest", "there")],
            )
        },
    ),
    Case::app(
        "contract::mapping::query_is_decoded",
        &[&MAPPING_QUERY_1],
        |server| {
            let request = server.upgrade_to("/access/users/7?q=caf%C3%A9+au+lait&r=a%26b%3Dc");
            asked(
                server,
                &request,
                &[
                    ("query-parameter q", "café au lait"),
                    ("query-parameter r", "a&b=c"),
                ],
            )
        },
    ),
    Case::app(
        "contract::mapping::first_of_repeated_query_parameters_is_found",
        &[&MAPPING_QUERY_1],
        |server| {
            let request = server.upgrade_to("/access/users/7?a=1&b=&a=2");
            asked(
                server,
                &request,
                &[
                    ("query-parameter a", "1"),
                    ("query-parameter b", ""),
                    ("query-parameter c", "none"),
                ],
            )
        },
    ),
    Case::app(
        "contract::mapping::raw_query_is_left_as_it_was_sent",
        &[&HANDSHAKE_INFO_1],
        |server| {
            let request = server.upgrade_to("/access/users/7?q=caf%C3%A9+au&x");
            asked(server, &request, &[("query", "q=caf%C3%A9+au&x")])
        },
    ),
    Case::app(
        "contract::mapping::plain_request_to_a_pattern_reaches_the_http_side",
        &[&HANDSHAKE_FALLTHROUGH_1],
        |server| super::http_side(&mut server.connect()?, &server.get("/access/users/7")),
    )
    .needing(Feature::HttpFallthrough)
    .hint(super::HTTP_SIDE),
];

fn not_found(server: &Server, path: &str) -> Verdict {
    let request: Request = server.upgrade_to(path);
    server.refuse_with(&request, &[404]).map(drop)
}
