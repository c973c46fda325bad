//! The data of the kit is whole: requirements, cases and the page written from them.

use std::{
    collections::{BTreeSet, HashSet},
    fs,
    path::{Path, PathBuf},
};

use switchwire_conformance::{
    Requirement, Testable, cases, client_cases, pair_cases, requirements, requirements_markdown,
};

#[test]
fn there_are_two_hundred_cases_and_more() {
    assert!(cases().count() >= 200, "{}", cases().count());
}

#[test]
fn there_are_sixty_cases_of_clients_and_more() {
    assert!(client_cases().count() >= 60, "{}", client_cases().count());
}

/// The id and the requirements of every case.
fn all() -> impl Iterator<Item = (&'static str, &'static [&'static Requirement])> {
    let servers = cases().map(|case| (case.id, case.requirements));
    let clients = client_cases().map(|case| (case.id, case.requirements));
    let pairs = pair_cases().map(|case| (case.id, case.requirements));
    servers.chain(clients).chain(pairs)
}

#[test]
fn ids_are_unique() {
    let mut seen = HashSet::new();
    for id in all()
        .map(|(id, _)| id)
        .chain(requirements().map(|rule| rule.id))
    {
        assert!(seen.insert(id), "{id} stands for two things");
    }
}

#[test]
fn every_requirement_has_a_case_or_a_reason() {
    for rule in requirements() {
        let cites = |cited: &[&Requirement]| cited.iter().any(|cited| cited.id == rule.id);
        // A case of a client says nothing of servers.
        let is_of_clients = rule.id.starts_with("client.") || rule.text.starts_with("A client ");
        let shown = if is_of_clients {
            client_cases().any(|case| cites(case.requirements))
        } else {
            cases().any(|case| cites(case.requirements))
        };
        match rule.testable {
            Testable::Yes => assert!(shown, "{} has no case", rule.id),
            Testable::No(reason) => {
                assert!(!shown, "{} has a case and a reason for none", rule.id);
                assert!(!reason.is_empty(), "{} has no reason", rule.id);
            }
        }
    }
}

#[test]
fn every_case_names_a_requirement_that_is_listed() {
    for (id, cites) in all() {
        assert!(!cites.is_empty(), "{id} names none");
        for cited in cites {
            assert!(
                requirements().any(|rule| rule == *cited),
                "{id} names {}",
                cited.id
            );
        }
    }
}

#[test]
fn the_page_of_requirements_is_current() {
    let path = root().join("docs/requirements.md");
    let page = fs::read_to_string(&path).unwrap();
    assert!(
        page == requirements_markdown(),
        "docs/requirements.md is stale: run scripts/conformance"
    );
}

/// A rule that a trait's docs state is a requirement here, so that no rule is without a case unseen.
#[test]
fn every_rule_of_the_docs_is_a_requirement() {
    let mut stated = BTreeSet::new();
    for folder in ["core/src", "driver/src", "service/src", "topics/src"] {
        collect(&root().join(folder), &mut stated);
    }
    assert!(
        stated.contains("session.close.1"),
        "the rules were not found: {stated:?}"
    );
    let known: HashSet<_> = requirements().map(|rule| rule.id).collect();
    let missing: Vec<_> = stated
        .iter()
        .filter(|id| !known.contains(id.as_str()))
        .collect();
    assert!(missing.is_empty(), "no requirement for {missing:?}");
}

/// Finds `like.this.1` between backticks in doc comments.
fn collect(folder: &Path, stated: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("the folder of a crate") {
        let path = entry.expect("an entry of it").path();
        if path.is_dir() {
            collect(&path, stated);
            continue;
        }
        let text = fs::read_to_string(&path).expect("a source file");
        let comments = text
            .lines()
            .filter(|line| line.trim_start().starts_with("//"));
        let quoted = comments.flat_map(|line| line.split('`').skip(1).step_by(2));
        stated.extend(quoted.filter(|text| is_rule(text)).map(str::to_owned));
    }
}

fn is_rule(text: &str) -> bool {
    let parts: Vec<_> = text.split('.').collect();
    let [first, second, number] = parts.as_slice() else {
        return false;
    };
    let word = |part: &str| part.len() > 1 && part.bytes().all(|byte| byte.is_ascii_lowercase());
    word(first) && word(second) && number.parse::<u8>().is_ok()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
