//! The matrix of requirements, backends and clients, from reports.

use std::{collections::BTreeSet, fmt::Write as _};

use crate::{Record, Requirement, Side, cases, client_cases, exact::corpus, requirements::GROUPS};

/// Which backend and which client does what, as their cases showed.
#[derive(Debug)]
pub struct Matrix {
    servers: Part,
    clients: Part,
    pairs: Part,
}

/// The records of one side.
#[derive(Debug)]
struct Part {
    side: Side,
    records: Vec<Record>,
    names: Vec<String>,
}

/// How the cases of one requirement went on one backend.
#[derive(Debug, Default, Clone, Copy)]
struct Cell {
    passed: usize,
    known: usize,
    failed: usize,
    skipped: usize,
}

impl Cell {
    fn total(self) -> usize {
        self.passed + self.known + self.failed + self.skipped
    }

    fn count(self) -> String {
        format!("{} of {}", self.passed, self.total())
    }

    fn text(self) -> String {
        let total = self.total();
        match self {
            Self { passed, .. } if total > 0 && passed == total => "yes".to_owned(),
            Self {
                failed: 1..,
                passed,
                ..
            } => format!("**no** ({passed} of {total})"),
            Self {
                known: 1.., passed, ..
            } => format!("known failure ({passed} of {total})"),
            Self {
                skipped: 1..,
                passed,
                ..
            } => format!("left out ({passed} of {total})"),
            _ => "not run".to_owned(),
        }
    }
}

impl Matrix {
    /// The start of the part of a README that [`update`](Self::update) replaces.
    pub const START: &'static str = "<!-- conformance:start -->";
    /// The end of that part.
    pub const END: &'static str = "<!-- conformance:end -->";

    /// A matrix of these records; each backend and each client that occurs has a column.
    #[must_use]
    pub fn new(records: Vec<Record>) -> Self {
        let (mut servers, mut clients, mut pairs) = (Vec::new(), Vec::new(), Vec::new());
        for record in records {
            match record.side {
                Side::Server => servers.push(record),
                Side::Client => clients.push(record),
                Side::Pair => pairs.push(record),
            }
        }
        Self {
            servers: Part::new(Side::Server, servers),
            clients: Part::new(Side::Client, clients),
            pairs: Part::new(Side::Pair, pairs),
        }
    }

    /// The short tables: a row for each group of requirements, then one for each client and each of its servers.
    #[must_use]
    pub fn summary(&self) -> String {
        let tables = [
            self.servers.summary("Servers"),
            self.clients.summary("Clients"),
            self.pairs.cross(),
        ];
        let tables: Vec<_> = tables.into_iter().flatten().collect();
        tables.join("\n")
    }

    /// The page `docs/conformance.md`: the short tables, every requirement, and the reasons for every cell that is not
    /// a plain yes.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut page = format!(
            "# Conformance\n\n\
             <!-- Written from the reports of the suites by `scripts/conformance`; do not edit. -->\n\n\
             What each backend and each client does, as the cases of `switchwire-conformance` showed. The rules and their\n\
             cases are in [requirements.md](requirements.md); the rules that wait for a case are there with the reason.\n\n{}",
            self.summary()
        );
        for part in [&self.servers, &self.clients] {
            for (title, rules) in part.groups() {
                let title = part.heading(title);
                let columns: Vec<_> = ["Level".to_owned(), "Rule".to_owned()]
                    .into_iter()
                    .chain(part.names.clone())
                    .collect();
                write!(page, "\n## {title}\n\n{}", header("Id", &columns))
                    .expect("a string takes everything");
                for rule in rules {
                    let id = format!(
                        "[{}](requirements.md#{})",
                        rule.id,
                        rule.id.replace('.', "")
                    );
                    row(
                        &mut page,
                        &id,
                        [rule.level.to_string(), rule.text.to_owned()]
                            .into_iter()
                            .chain(part.cells(rule)),
                    );
                }
            }
        }
        page.push_str(&self.servers.differences());
        let parts = [&self.servers, &self.clients, &self.pairs];
        let mut exceptions: Vec<_> = parts
            .iter()
            .flat_map(|part| &part.records)
            .filter(|record| record.outcome != "passed")
            .map(|record| {
                let reason = record.reason.as_deref().unwrap_or("no reason given");
                format!(
                    "- {}: `{}`: {} ({reason})\n",
                    record.backend, record.case, record.outcome
                )
            })
            .collect();
        exceptions.sort();
        let exceptions = if exceptions.is_empty() {
            "None.\n".to_owned()
        } else {
            exceptions.concat()
        };
        write!(page, "\n## Exceptions\n\n{exceptions}").expect("a string takes everything");
        page
    }

    /// The same as a page of HTML that stands alone.
    #[must_use]
    pub fn html(&self) -> String {
        let mut page = String::from(
            "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>switchwire conformance</title>\n\
             <style>body{font:15px/1.5 system-ui;margin:2rem auto;max-width:72rem;padding:0 1rem}\
             table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #ddd;padding:.3rem .6rem;text-align:left}\
             .yes{color:#17722f}.other{color:#b3261e;font-weight:600}</style>\n<h1>Conformance</h1>\n",
        );
        for part in [&self.servers, &self.clients] {
            part.html(&mut page);
        }
        page
    }

    /// Puts the short table between the markers of a README.
    ///
    /// # Errors
    /// When the markers are missing.
    pub fn update(&self, readme: &str) -> Result<String, String> {
        let missing = || format!("the markers {} and {} are missing", Self::START, Self::END);
        let (before, rest) = readme.split_once(Self::START).ok_or_else(missing)?;
        let (_, after) = rest.split_once(Self::END).ok_or_else(missing)?;
        Ok(format!(
            "{before}{}\n{}{}{after}",
            Self::START,
            self.summary(),
            Self::END
        ))
    }
}

impl Part {
    fn new(side: Side, records: Vec<Record>) -> Self {
        let names: BTreeSet<_> = records.iter().map(|it| it.backend.clone()).collect();
        Self {
            side,
            records,
            names: names.into_iter().collect(),
        }
    }

    /// The groups of rules that this side has cases for, with their titles; none when nothing was run.
    fn groups(&self) -> Vec<(&'static str, Vec<&'static Requirement>)> {
        if self.names.is_empty() {
            return Vec::new();
        }
        let groups = GROUPS.iter().map(|(title, group)| {
            let rules: Vec<_> = group.iter().filter(|rule| self.covers(rule)).collect();
            (*title, rules)
        });
        groups.filter(|(_, rules)| !rules.is_empty()).collect()
    }

    /// The heading of a group, which tells the sides apart.
    fn heading(&self, title: &str) -> String {
        match (self.side, title.split_at_checked(1)) {
            (Side::Client, Some((first, rest))) if title != "Client" => {
                format!("Client: {}{rest}", first.to_lowercase())
            }
            _ => title.to_owned(),
        }
    }

    /// Whether this side has a case for the rule.
    fn covers(&self, rule: &Requirement) -> bool {
        let has = |cited: &[&Requirement]| cited.iter().any(|cited| cited.id == rule.id);
        match self.side {
            Side::Server => cases().any(|case| has(case.requirements)),
            Side::Client => client_cases().any(|case| has(case.requirements)),
            Side::Pair => false,
        }
    }

    /// The table of requests that servers may answer differently, with what each answers; nothing when none was asked.
    fn differences(&self) -> String {
        let answer = |name: &str, request: &str| {
            let of_name = self.records.iter().filter(|record| record.backend == name);
            of_name
                .filter_map(|record| record.answers.get(request))
                .next()
        };
        if self.records.iter().all(|record| record.answers.is_empty()) {
            return String::new();
        }
        let mut page = String::from(
            "\n## What differs\n\n\
             Every request in `conformance-tests/exact` is answered with the same bytes on every server (`handshake.answer.1`),\n\
             but these: a server below answers some of them before it asks. A number alone is the status of one of our\n\
             answers; \"its own\" is one of the server's.\n\n",
        );
        let columns = self.names.iter().cloned().chain(["Why".to_owned()]);
        page.push_str(&header("Request", &columns.collect::<Vec<_>>()));
        for entry in corpus().iter().filter(|entry| entry.may_differ()) {
            let answers = self.names.iter().map(|name| {
                let answer = answer(name, &entry.title());
                answer.map_or("not run", String::as_str).to_owned()
            });
            let answers: Vec<_> = answers.collect();
            if answers
                .iter()
                .any(|answer| *answer != answers[0] || answer == "by chance")
            {
                let request = format!("`{}`", entry.title().replace('|', "\\|"));
                let why = [entry.reason.to_owned()];
                row(&mut page, &request, answers.into_iter().chain(why));
            }
        }
        page
    }

    fn cell(&self, name: &str, covers: impl Fn(&Record) -> bool) -> Cell {
        let mut cell = Cell::default();
        let of_name = self.records.iter().filter(|record| record.backend == name);
        for record in of_name.filter(|record| covers(record)) {
            match &*record.outcome {
                "passed" => cell.passed += 1,
                "known failure" => cell.known += 1,
                "skipped" => cell.skipped += 1,
                _ => cell.failed += 1,
            }
        }
        cell
    }

    fn cells(&self, rule: &Requirement) -> Vec<String> {
        let cites = |record: &Record| record.requirements.iter().any(|id| id == rule.id);
        let cells = self.names.iter().map(|name| self.cell(name, cites).text());
        cells.collect()
    }

    /// The short table, if anything was run.
    fn summary(&self, first: &str) -> Option<String> {
        if self.names.is_empty() {
            return None;
        }
        let mut table = header(&format!("{first}: cases passed"), &self.names);
        for (title, rules) in self.groups() {
            let cells: Vec<_> = self
                .names
                .iter()
                .map(|name| {
                    let main = |record: &Record| {
                        let id = record.requirements.first();
                        id.is_some_and(|id| rules.iter().any(|rule| rule.id == id))
                    };
                    self.cell(name, main)
                })
                .collect();
            if cells.iter().any(|cell| cell.total() > 0) {
                let texts = cells.iter().map(|cell| cell.count());
                row(&mut table, title, texts);
            }
        }
        let all = self.names.iter().map(|name| self.cell(name, |_| true));
        row(
            &mut table,
            "**all**",
            all.map(|cell| format!("**{}**", cell.count())),
        );
        Some(table)
    }

    /// The table of clients and servers, if any pair was run.
    fn cross(&self) -> Option<String> {
        let split = |name: &String| {
            let (client, server) = name.split_once(" x ")?;
            Some((client.to_owned(), server.to_owned()))
        };
        let pairs: Vec<_> = self.names.iter().filter_map(split).collect();
        let clients: BTreeSet<_> = pairs.iter().map(|(client, _)| client).collect();
        let servers: BTreeSet<_> = pairs.iter().map(|(_, server)| server).collect();
        let servers: Vec<_> = servers.into_iter().cloned().collect();
        if servers.is_empty() {
            return None;
        }
        let mut table = header("Both ends: cases passed", &servers);
        for client in clients {
            let cells = servers.iter().map(|server| {
                let name = format!("{client} x {server}");
                self.cell(&name, |_| true).count()
            });
            row(&mut table, client, cells);
        }
        Some(table)
    }

    fn html(&self, page: &mut String) {
        for (title, rules) in self.groups() {
            let title = self.heading(title);
            let columns: String = self
                .names
                .iter()
                .map(|backend| format!("<th>{}</th>", escaped(backend)))
                .collect();
            write!(
                page,
                "<h2>{title}</h2>\n<table>\n<tr><th>Id</th><th>Level</th><th>Rule</th>\
                 {columns}</tr>\n"
            )
            .expect("a string takes everything");
            for rule in rules {
                let cells: String = self
                    .cells(rule)
                    .into_iter()
                    .map(|text| {
                        let class = if text == "yes" { "yes" } else { "other" };
                        format!(
                            "<td class=\"{class}\">{}</td>",
                            escaped(&text.replace('*', ""))
                        )
                    })
                    .collect();
                let link = escaped(&rule.link());
                writeln!(
                    page,
                    "<tr><td><a href=\"{link}\">{}</a></td><td>{}</td><td>{}</td>{cells}</tr>",
                    rule.id,
                    rule.level,
                    escaped(rule.text)
                )
                .expect("a string takes everything");
            }
            page.push_str("</table>\n");
        }
    }
}

fn header(first: &str, columns: &[String]) -> String {
    let mut table = String::new();
    row(&mut table, first, columns.iter().cloned());
    row(&mut table, "---", columns.iter().map(|_| "---".to_owned()));
    table
}

fn row(table: &mut String, first: &str, cells: impl IntoIterator<Item = String>) {
    write!(table, "| {first} |").expect("a string takes everything");
    for cell in cells {
        write!(table, " {} |", cell.replace('|', "\\|")).expect("a string takes everything");
    }
    table.push('\n');
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases;

    fn record(backend: &str, outcome: &str) -> Record {
        let case = cases().next().unwrap();
        Record::new(backend, case.about(), outcome, Some("a reason"))
    }

    #[test]
    fn a_cell_says_how_its_cases_went() {
        let matrix = Matrix::new(vec![
            record("a", "passed"),
            record("b", "failed"),
            record("c", "known failure"),
        ]);
        let rule = cases().next().unwrap().requirements[0];
        assert_eq!(
            matrix.servers.cells(rule),
            ["yes", "**no** (0 of 1)", "known failure (0 of 1)"]
        );
        assert!(
            matrix.markdown().contains("- b: `"),
            "a failure is listed with its reason"
        );
    }

    #[test]
    fn clients_and_pairs_have_tables_of_their_own() {
        let mut client = record("tokio-client", "passed");
        client.side = Side::Client;
        let mut pair = record("tokio-client x hyper", "passed");
        pair.side = Side::Pair;
        let matrix = Matrix::new(vec![record("hyper", "passed"), client, pair]);
        assert_eq!(matrix.servers.names, ["hyper"]);
        let summary = matrix.summary();
        for line in [
            "| Servers: cases passed | hyper |",
            "| Clients: cases passed | tokio-client |",
            "| Both ends: cases passed | hyper |",
            "| tokio-client | 1 of 1 |",
        ] {
            assert!(summary.contains(line), "{line} is missing: {summary}");
        }
        assert!(
            !Matrix::new(vec![record("a", "passed")])
                .summary()
                .contains("Clients")
        );
    }

    #[test]
    fn what_differs_has_a_row_with_each_answer_and_the_reason() {
        let entry = corpus().iter().find(|entry| entry.may_differ()).unwrap();
        let answering = |backend: &str, answer: &str| {
            let mut record = record(backend, "passed");
            record.answers.insert(entry.title(), answer.to_owned());
            record
        };
        let differing = vec![answering("a", "400"), answering("b", "its own 400")];
        let row = format!(
            "| `{}` | 400 | its own 400 | {} |",
            entry.title(),
            entry.reason
        );
        let page = Matrix::new(differing).markdown();
        assert!(page.contains(&row), "{row} is missing: {page}");

        let page = Matrix::new(vec![answering("a", "400"), answering("b", "400")]).markdown();
        assert!(
            !page.contains(&entry.title()),
            "a row where nothing differs: {page}"
        );
    }

    #[test]
    fn only_what_is_between_the_markers_is_replaced() {
        let matrix = Matrix::new(vec![record("a", "passed")]);
        let readme = format!("before\n{}\nold\n{}\nafter\n", Matrix::START, Matrix::END);
        let updated = matrix.update(&readme).unwrap();
        assert!(
            updated.starts_with("before\n") && updated.ends_with("\nafter\n"),
            "{updated}"
        );
        assert!(
            updated.contains("1 of 1") && !updated.contains("old"),
            "{updated}"
        );
        assert_eq!(matrix.update(&updated).unwrap(), updated);
        assert!(matrix.update("no markers").is_err());
    }
}
