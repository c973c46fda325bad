//! The requirements as a page.

use std::fmt::Write as _;

use crate::{Requirement, Testable, cases, client_cases, pair_cases, requirements::GROUPS};

/// `docs/requirements.md`, written from the data: every requirement, with its cases or the reason why it has none.
#[must_use]
pub fn requirements_markdown() -> String {
    let mut page = String::from(
        "# Requirements\n\n\
         <!-- Written from the data by `scripts/conformance`; do not edit. -->\n\n\
         What WebSocket servers and clients must do, where that is stated, and the cases of `switchwire-conformance` that\n\
         show it. The cases of clients begin with `client`, those of both ends together with `pair`.\n\
         `contract` stands for the project's own rules, stated in the docs of the trait or type that is named.\n",
    );
    for (title, group) in GROUPS {
        writeln!(page, "\n## {title}").expect("a string takes everything");
        for rule in *group {
            let place = match rule.link() {
                link if link.contains("rfc-editor") => {
                    format!("[{} section {}]({link})", rule.spec, rule.section)
                }
                _ => format!("{}, `{}`", rule.spec, rule.section),
            };
            write!(
                page,
                "\n### {}\n\n{} ({place}): {}\n",
                rule.id, rule.level, rule.text
            )
            .expect("a string takes everything");
            let shown = all_cases()
                .filter(|(_, requirements)| requirements.iter().any(|cited| cited.id == rule.id));
            let mut lines: Vec<_> = shown.map(|(id, _)| format!("- `{id}`\n")).collect();
            if let Testable::No(reason) = rule.testable {
                lines.push(format!("No case: {reason}.\n"));
            }
            write!(page, "\n{}", lines.concat()).expect("a string takes everything");
        }
    }
    page
}

/// The id and the requirements of every case, of whatever it is.
fn all_cases() -> impl Iterator<Item = (&'static str, &'static [&'static Requirement])> {
    let servers = cases().map(|case| (case.id, case.requirements));
    let clients = client_cases().map(|case| (case.id, case.requirements));
    servers
        .chain(clients)
        .chain(pair_cases().map(|case| (case.id, case.requirements)))
}
