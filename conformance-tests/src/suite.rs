//! The suite as a test binary.

use std::{
    env,
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
    sync::{Arc, OnceLock},
};

use libtest_mimic::{Arguments, Failed, Trial};

use crate::{
    Case, Feature, Needs, Outcome, Served, Target, Timing, Verified, case::About, cases,
    report::Record,
};

/// Every case against one backend, as a test binary with the usual output, filters and `--list`.
///
/// ```no_run
/// use std::{io, process::ExitCode};
///
/// use switchwire_conformance::{Served, Suite, Target};
///
/// struct Mine;
///
/// impl Target for Mine {
///     fn name(&self) -> &'static str {
///         "mine"
///     }
///     fn start(&self) -> io::Result<Served> {
///         unimplemented!("start on 127.0.0.1:0, return the address and a guard whose drop stops the server")
///     }
///     fn start_with_control(&self) -> io::Result<(Served, Served)> {
///         unimplemented!("the same, and a second server that ends the sessions of the first")
///     }
/// }
///
/// fn main() -> ExitCode {
///     Suite::new(Mine).main()
/// }
/// ```
///
/// A backend uses `switchwire-conformance-app`, which has the application and the control.
#[derive(Debug)]
#[must_use = "nothing runs until `main`"]
pub struct Suite {
    server: ServerUnderTest,
    without: Vec<(Feature, &'static str)>,
    known: Vec<(&'static str, &'static str)>,
    /// Those of them that pass at times.
    unsteady: Vec<&'static str>,
    at_once: Option<usize>,
    report: Option<PathBuf>,
}

impl Suite {
    /// The whole suite against `target`.
    pub fn new(target: impl Target) -> Self {
        Self {
            server: ServerUnderTest::new(target),
            without: Vec::new(),
            known: Vec::new(),
            unsteady: Vec::new(),
            at_once: None,
            report: default_report(),
        }
    }

    /// Leaves out the cases of a feature that this backend cannot have, and says why.
    pub fn without(mut self, feature: Feature, reason: &'static str) -> Self {
        self.without.push((feature, reason));
        self
    }

    /// Expects a case to fail, and says why. When it passes, the run fails: the line is to be removed. What must come has
    /// at most 2 s there, as most of these cases wait in vain.
    ///
    /// # Panics
    /// When there is no such case.
    pub fn known_failure(mut self, case: &'static str, reason: &'static str) -> Self {
        assert!(
            cases().any(|known| known.id == case),
            "there is no case {case}"
        );
        self.known.push((case, reason));
        self
    }

    /// Like [`known_failure`](Self::known_failure), for a case that passes at times, because its outcome depends on a
    /// race in the server. It counts as a known failure either way.
    ///
    /// # Panics
    /// When there is no such case.
    pub fn unsteady_failure(mut self, case: &'static str, reason: &'static str) -> Self {
        self.unsteady.push(case);
        self.known_failure(case, reason)
    }

    /// Sets how long cases wait.
    pub fn timing(mut self, timing: Timing) -> Self {
        self.server.timing = timing;
        self
    }

    /// Runs so many cases at once, unless the command line says otherwise. Default: one for each processor. More of them
    /// help where a server takes its time to end a connection.
    pub fn at_once(mut self, cases: usize) -> Self {
        self.at_once = Some(cases);
        self
    }

    /// Appends the report to this file. Default: the one that `$CONFORMANCE_REPORT` names, if any.
    pub fn report(mut self, path: impl Into<PathBuf>) -> Self {
        self.report = Some(path.into());
        self
    }

    /// Runs the cases that the command line selects.
    #[must_use]
    pub fn main(self) -> ExitCode {
        let mut arguments = Arguments::from_args();
        arguments.test_threads = arguments.test_threads.or(self.at_once);
        let report = self.report.map(|path| {
            Arc::new(Report {
                backend: self.server.target.name().to_owned(),
                path,
            })
        });
        let server = Arc::new(self.server);
        let mut trials = Vec::new();
        for case in cases() {
            let skipped = self.without.iter().find_map(|(feature, reason)| {
                (case.needs == Needs::Feature(*feature)).then_some(*reason)
            });
            let known = self
                .known
                .iter()
                .find_map(|(id, reason)| (*id == case.id).then_some(*reason));
            if let (Some(reason), Some(report), false) = (skipped, &report, arguments.exact) {
                report.append(&Record::new(
                    &report.backend,
                    case.about(),
                    "skipped",
                    Some(reason),
                ));
            }
            let unsteady = self.unsteady.contains(&case.id);
            let (server, report) = (server.clone(), report.clone());
            let trial = Trial::test(case.id, move || {
                judge(case, &server, known, unsteady, report.as_deref())
            });
            trials.push(
                trial
                    .with_kind(case.level().as_str())
                    .with_ignored_flag(skipped.is_some()),
            );
        }
        libtest_mimic::run(&arguments, trials).exit_code()
    }
}

/// Where the environment wants the report.
pub(crate) fn default_report() -> Option<PathBuf> {
    env::var_os("CONFORMANCE_REPORT").map(PathBuf::from)
}

fn judge(
    case: &Case,
    server: &ServerUnderTest,
    known: Option<&str>,
    unsteady: bool,
    report: Option<&Report>,
) -> Result<(), Failed> {
    let timing = match known {
        Some(_) => server.timing.for_known_failures(),
        None => server.timing,
    };
    let mut verified = if case.is_alone() {
        case.run_alone(&*server.target, timing)?
    } else {
        case.run(server.address()?, timing)
    };
    if unsteady {
        verified.outcome = Outcome::Failed("it passed this time".into());
    }
    judged(case.about(), verified, known, report)
}

/// What the outcome of a case means for the run, and its line of the report.
pub(crate) fn judged(
    case: About,
    verified: Verified,
    known: Option<&str>,
    report: Option<&Report>,
) -> Result<(), Failed> {
    let (outcome, reason, result) = match (verified.outcome, known) {
        (Outcome::Passed, None) => ("passed", None, Ok(())),
        (Outcome::Failed(_), Some(reason)) => ("known failure", Some(reason.to_owned()), Ok(())),
        (Outcome::Passed, Some(reason)) => {
            let text = format!(
                "{} passes now: remove it from the known failures ({reason})",
                case.id
            );
            ("failed", Some(text.clone()), Err(text.into()))
        }
        (Outcome::Failed(story), None) => (
            "failed",
            verified.broken.map(|rule| rule.id.to_owned()),
            Err(story.into()),
        ),
    };
    if let Some(report) = report {
        let record = Record::new(&report.backend, case, outcome, reason.as_deref());
        report.append(&Record {
            answers: verified.answers.into_iter().collect(),
            ..record
        });
    }
    result
}

/// The backend, started when the first case asks, and shared by all cases of the process.
pub(crate) struct ServerUnderTest {
    pub(crate) target: Box<dyn Target>,
    timing: Timing,
    served: OnceLock<Result<Served, String>>,
}

impl ServerUnderTest {
    pub(crate) fn new(target: impl Target) -> Self {
        Self {
            target: Box::new(target),
            timing: Timing::default(),
            served: OnceLock::new(),
        }
    }

    pub(crate) fn address(&self) -> Result<SocketAddr, Failed> {
        self.served
            .get_or_init(|| self.target.start().map_err(|error| error.to_string()))
            .as_ref()
            .map(Served::address)
            .map_err(|error| format!("{} could not be started: {error}", self.target.name()).into())
    }
}

impl std::fmt::Debug for ServerUnderTest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerUnderTest")
            .field("backend", &self.target.name())
            .field("served", &self.served)
            .finish_non_exhaustive()
    }
}

/// Where the results of one backend or client go.
pub(crate) struct Report {
    pub(crate) backend: String,
    pub(crate) path: PathBuf,
}

impl Report {
    fn append(&self, record: &Record) {
        if let Err(error) = record.append_to(&self.path) {
            eprintln!(
                "the report {} cannot be written: {error}",
                self.path.display()
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{env, fs, process};

    use super::*;
    use crate::read_records;

    /// What the run and the report say of a case with this outcome.
    fn run(outcome: Outcome, known: Option<&str>) -> (Result<(), Failed>, Record) {
        let name = format!(
            "conformance-{}-{:?}.jsonl",
            process::id(),
            std::thread::current().id()
        );
        let path = env::temp_dir().join(name);
        let report = Report {
            backend: "reference".to_owned(),
            path: path.clone(),
        };
        let about = cases().next().unwrap().about();
        let broken = (outcome != Outcome::Passed).then(|| about.requirements[0]);
        let verified = Verified {
            outcome,
            broken,
            answers: Vec::new(),
        };
        let result = judged(about, verified, known, Some(&report));
        let record = read_records(&path).unwrap().pop().unwrap();
        fs::remove_file(path).unwrap();
        (result, record)
    }

    fn failed() -> Outcome {
        Outcome::Failed("the story".to_owned())
    }

    #[test]
    fn a_case_passes_or_fails_with_its_story() {
        let (result, record) = run(Outcome::Passed, None);
        assert!(result.is_ok());
        assert_eq!((record.outcome.as_str(), record.reason), ("passed", None));
        let (result, record) = run(failed(), None);
        assert!(format!("{:?}", result.unwrap_err()).contains("the story"));
        assert_eq!(record.outcome, "failed");
        let rule = cases().next().unwrap().requirements[0].id;
        assert_eq!(record.reason.as_deref(), Some(rule));
    }

    #[test]
    fn a_known_failure_must_fail() {
        let (result, record) = run(failed(), Some("a reason"));
        assert!(result.is_ok());
        assert_eq!(
            (record.outcome.as_str(), record.reason.as_deref()),
            ("known failure", Some("a reason"))
        );
        let (result, record) = run(Outcome::Passed, Some("a reason"));
        let story = format!("{:?}", result.unwrap_err());
        assert!(story.contains("remove it"), "{story}");
        assert_eq!(record.outcome, "failed");
    }

    #[test]
    #[should_panic(expected = "there is no case")]
    fn a_known_failure_must_name_a_case() {
        struct Nothing;
        impl Target for Nothing {
            fn name(&self) -> &'static str {
                "nothing"
            }
            fn start(&self) -> std::io::Result<Served> {
                Err(std::io::ErrorKind::Unsupported.into())
            }
            fn start_with_control(&self) -> std::io::Result<(Served, Served)> {
                Err(std::io::ErrorKind::Unsupported.into())
            }
        }
        let _ = Suite::new(Nothing).known_failure("no::such::case", "a reason");
    }
}
