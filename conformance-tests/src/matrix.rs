//! The matrix of requirements and backends, from a report.

use std::{collections::BTreeSet, fmt::Write as _};

use crate::{Record, Requirement, Testable, requirements::GROUPS};

/// Which backend does what, as its cases showed.
#[derive(Debug)]
pub struct Matrix {
    records: Vec<Record>,
    backends: Vec<String>,
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

    /// A matrix of these records; each backend that occurs has a column.
    #[must_use]
    pub fn new(records: Vec<Record>) -> Self {
        let backends: BTreeSet<_> = records
            .iter()
            .map(|record| record.backend.clone())
            .collect();
        Self {
            records,
            backends: backends.into_iter().collect(),
        }
    }

    fn cell(&self, backend: &str, covers: impl Fn(&Record) -> bool) -> Cell {
        let mut cell = Cell::default();
        for record in self
            .records
            .iter()
            .filter(|record| record.backend == backend && covers(record))
        {
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
        self.backends
            .iter()
            .map(|backend| {
                self.cell(backend, |record| {
                    record.requirements.iter().any(|id| id == rule.id)
                })
                .text()
            })
            .collect()
    }

    /// The short table: a row for each group of requirements.
    #[must_use]
    pub fn summary(&self) -> String {
        let mut table = header("Cases passed", &self.backends);
        for (title, group) in GROUPS.iter().filter(|(_, group)| has_cases(group)) {
            let cells = self.backends.iter().map(|backend| {
                let main = |record: &Record| {
                    record
                        .requirements
                        .first()
                        .is_some_and(|id| group.iter().any(|rule| rule.id == id))
                };
                let cell = self.cell(backend, main);
                format!("{} of {}", cell.passed, cell.total())
            });
            row(&mut table, title, cells);
        }
        let all = self.backends.iter().map(|backend| {
            let cell = self.cell(backend, |_| true);
            format!("**{} of {}**", cell.passed, cell.total())
        });
        row(&mut table, "**all**", all);
        table
    }

    /// The page `docs/conformance.md`: the short table, every requirement, and the reasons for every cell that is not
    /// a plain yes.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut page = format!(
            "# Conformance\n\n\
             <!-- Written from the reports of the suites by `scripts/conformance`; do not edit. -->\n\n\
             What each backend does, as the cases of `switchwire-conformance` showed. The rules and their cases are in\n\
             [requirements.md](requirements.md); the rules that wait for a case are there with the reason.\n\n{}",
            self.summary()
        );
        for (title, group) in GROUPS.iter().filter(|(_, group)| has_cases(group)) {
            let columns: Vec<_> = ["Level".to_owned(), "Rule".to_owned()]
                .into_iter()
                .chain(self.backends.clone())
                .collect();
            write!(page, "\n## {title}\n\n{}", header("Id", &columns))
                .expect("a string takes everything");
            for rule in group.iter().filter(|rule| rule.testable == Testable::Yes) {
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
                        .chain(self.cells(rule)),
                );
            }
        }
        let mut exceptions: Vec<_> = self
            .records
            .iter()
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
        for (title, group) in GROUPS.iter().filter(|(_, group)| has_cases(group)) {
            let columns: String = self
                .backends
                .iter()
                .map(|backend| format!("<th>{}</th>", escaped(backend)))
                .collect();
            write!(
                page,
                "<h2>{title}</h2>\n<table>\n<tr><th>Id</th><th>Level</th><th>Rule</th>\
                 {columns}</tr>\n"
            )
            .expect("a string takes everything");
            for rule in group.iter().filter(|rule| rule.testable == Testable::Yes) {
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

fn has_cases(group: &[Requirement]) -> bool {
    group.iter().any(|rule| rule.testable == Testable::Yes)
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
            matrix.cells(rule),
            ["yes", "**no** (0 of 1)", "known failure (0 of 1)"]
        );
        assert!(
            matrix.markdown().contains("- b: `"),
            "a failure is listed with its reason"
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
