//! The suites of clients as test binaries.

use std::{fmt, path::PathBuf, process::ExitCode, sync::Arc};

use libtest_mimic::{Arguments, Trial};

use crate::{
    ClientEngine, Target, Timing, client_cases, pair_cases,
    suite::{Report, ServerUnderTest, default_report, judged},
};

/// Every case of a client against one or more clients, as a test binary with the usual output, filters and `--list`.
/// The name of each test begins with that of the client.
///
/// ```no_run
/// use std::sync::Arc;
///
/// use switchwire_conformance::{ClientEngine, ClientSettings, ClientSuite};
/// use switchwire_core::WebSocketClient;
///
/// struct Mine;
///
/// impl ClientEngine for Mine {
///     fn name(&self) -> &'static str {
///         "mine"
///     }
///     fn client(&self, settings: ClientSettings) -> Arc<dyn WebSocketClient> {
///         unimplemented!("a client with these settings")
///     }
/// }
///
/// fn main() -> std::process::ExitCode {
///     ClientSuite::new(Mine).main()
/// }
/// ```
#[must_use = "nothing runs until `main`"]
pub struct ClientSuite {
    engines: Vec<Arc<dyn ClientEngine>>,
    known: Vec<Known>,
    timing: Timing,
    report: Option<PathBuf>,
}

struct Known {
    engine: &'static str,
    case: &'static str,
    reason: &'static str,
}

impl ClientSuite {
    /// The whole suite against `engine`.
    pub fn new(engine: impl ClientEngine) -> Self {
        Self {
            engines: vec![Arc::new(engine)],
            known: Vec::new(),
            timing: Timing::default(),
            report: default_report(),
        }
    }

    /// And against this one.
    pub fn and(mut self, engine: impl ClientEngine) -> Self {
        self.engines.push(Arc::new(engine));
        self
    }

    /// Expects a case to fail with a client, and says why. When it passes, the run fails: the line is to be removed.
    ///
    /// # Panics
    /// When there is no such case.
    pub fn known_failure(
        mut self,
        engine: &'static str,
        case: &'static str,
        reason: &'static str,
    ) -> Self {
        let is_case = client_cases().any(|known| known.id == case);
        assert!(is_case, "there is no case {case}");
        self.known.push(Known {
            engine,
            case,
            reason,
        });
        self
    }

    /// Sets how long cases wait.
    pub fn timing(mut self, timing: Timing) -> Self {
        self.timing = timing;
        self
    }

    /// Runs the cases that the command line selects.
    #[must_use]
    pub fn main(self) -> ExitCode {
        let mut trials = Vec::new();
        for engine in &self.engines {
            let report = report(&self.report, engine.name());
            for case in client_cases() {
                let is_known = |it: &&Known| (it.engine, it.case) == (engine.name(), case.id);
                let known = self.known.iter().find(is_known).map(|it| it.reason);
                let (engine, report) = (engine.clone(), report.clone());
                let name = format!("{}::{}", engine.name(), case.id);
                let trial = Trial::test(name, move || {
                    let verified = case.run(&*engine, self.timing);
                    judged(case.about(), verified, known, report.as_deref())
                });
                trials.push(trial.with_kind(case.level().as_str()));
            }
        }
        libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
    }
}

impl fmt::Debug for ClientSuite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.engines.iter().map(|it| it.name()).collect();
        f.debug_struct("ClientSuite")
            .field("engines", &names)
            .finish_non_exhaustive()
    }
}

/// Every client against every server: what needs both ends. A test is named `client::server::case`.
#[derive(Default)]
#[must_use = "nothing runs until `main`"]
pub struct CrossSuite {
    engines: Vec<Arc<dyn ClientEngine>>,
    servers: Vec<Arc<ServerUnderTest>>,
}

impl CrossSuite {
    /// Nobody yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// With this client.
    pub fn client(mut self, engine: impl ClientEngine) -> Self {
        self.engines.push(Arc::new(engine));
        self
    }

    /// With this server.
    pub fn server(mut self, target: impl Target) -> Self {
        self.servers.push(Arc::new(ServerUnderTest::new(target)));
        self
    }

    /// Runs the cases that the command line selects.
    #[must_use]
    pub fn main(self) -> ExitCode {
        let path = default_report();
        let mut trials = Vec::new();
        for engine in &self.engines {
            for server in &self.servers {
                let names = (engine.name(), server.target.name());
                let report = report(&path, &format!("{} x {}", names.0, names.1));
                for case in pair_cases() {
                    let (engine, server, report) = (engine.clone(), server.clone(), report.clone());
                    let name = format!("{}::{}::{}", names.0, names.1, case.id);
                    trials.push(Trial::test(name, move || {
                        let verified = case.run(&*engine, server.address()?, Timing::default());
                        judged(case.about(), verified, None, report.as_deref())
                    }));
                }
            }
        }
        libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
    }
}

impl fmt::Debug for CrossSuite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.engines.iter().map(|it| it.name()).collect();
        f.debug_struct("CrossSuite")
            .field("engines", &names)
            .field("servers", &self.servers)
            .finish()
    }
}

fn report(path: &Option<PathBuf>, backend: &str) -> Option<Arc<Report>> {
    let path = path.clone()?;
    let backend = backend.to_owned();
    Some(Arc::new(Report { backend, path }))
}
