//! Renders the pages that are written from the kit's data and from the reports of its runs.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Parser, Subcommand};
use switchwire_conformance::{Matrix, read_records, requirements_markdown};

/// Renders the pages that are written from the kit's data and from the reports of its runs.
///
/// Exit code 0: written, or current; 1: stale with --check, or something could not be read or written; 2: the command
/// line is wrong.
#[derive(Debug, Parser)]
#[command(name = "conformance-matrix", version)]
struct Options {
    #[command(subcommand)]
    page: Page,

    /// Writes nothing, and fails when a page is not current
    #[arg(long, global = true)]
    check: bool,
}

#[derive(Debug, Subcommand)]
enum Page {
    /// The requirements with their cases
    Requirements {
        /// The page
        #[arg(default_value = "docs/requirements.md")]
        page: PathBuf,
    },
    /// The matrix of requirements and backends
    Matrix {
        /// Reports of runs ($CONFORMANCE_REPORT)
        #[arg(required = true)]
        reports: Vec<PathBuf>,
        /// The page in Markdown
        #[arg(long, value_name = "FILE")]
        markdown: Option<PathBuf>,
        /// The page in HTML
        #[arg(long, value_name = "FILE")]
        html: Option<PathBuf>,
        /// A README with markers, between which the short table is put
        #[arg(long, value_name = "FILE")]
        readme: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    let options = Options::parse();
    match render(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

fn render(options: &Options) -> Result<(), String> {
    let put = |path: &Path, text: &str| put(path, text, options.check);
    match &options.page {
        Page::Requirements { page } => put(page, &requirements_markdown()),
        Page::Matrix {
            reports,
            markdown,
            html,
            readme,
        } => {
            let mut records = Vec::new();
            for report in reports {
                records.extend(
                    read_records(report)
                        .map_err(|error| format!("{}: {error}", report.display()))?,
                );
            }
            let matrix = Matrix::new(records);
            if markdown.is_none() && html.is_none() && readme.is_none() {
                print!("{}", matrix.summary());
            }
            if let Some(path) = markdown {
                put(path, &matrix.markdown())?;
            }
            if let Some(path) = html {
                put(path, &matrix.html())?;
            }
            if let Some(path) = readme {
                let old = fs::read_to_string(path)
                    .map_err(|error| format!("{}: {error}", path.display()))?;
                let new = matrix
                    .update(&old)
                    .map_err(|why| format!("{}: {why}", path.display()))?;
                put(path, &new)?;
            }
            Ok(())
        }
    }
}

fn put(path: &Path, text: &str, check: bool) -> Result<(), String> {
    if !check {
        return fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()));
    }
    match fs::read_to_string(path) {
        Ok(found) if found == text => Ok(()),
        Ok(_) => Err(format!(
            "{} is stale: run scripts/conformance and commit it",
            path.display()
        )),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}
