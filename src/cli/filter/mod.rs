//! `rocketmq-sim filter`: subscriptions alone. One message is judged by an SQL92 expression or by tags; or golden vectors
//! are.

mod answer;
mod args;
pub mod cases;
mod error;
mod json;
mod text;

use std::fs;
use std::io::Write;

pub use args::FilterArgs;
pub use error::FilterCommandError;

use super::allocate::OutputFormat;
use answer::Answer;
use cases::{CaseReport, CasesError, run_cases};

/// Runs the command and writes its answer to `out`. True unless a golden vector failed.
///
/// # Errors
/// [`FilterCommandError`] for arguments that ask nothing, a subscription that is refused, a vector file that is none, or an
/// `out` that fails.
pub fn run(args: &FilterArgs, out: &mut dyn Write) -> Result<bool, FilterCommandError> {
    let (answer, passed) = if args.cases.is_empty() {
        let answer = Answer::of(args)?;
        let text = match args.format {
            OutputFormat::Text => text::answer(&answer),
            OutputFormat::Json => json::answer(&answer),
        };
        (text, true)
    } else {
        let report = judge(args)?;
        let text = match args.format {
            OutputFormat::Text => text::cases(&report),
            OutputFormat::Json => json::cases(&report),
        };
        (text, report.failed.is_empty())
    };
    out.write_all(answer.as_bytes())?;
    Ok(passed)
}

/// Judges all vector files; nothing is answered before all of them are read.
fn judge(args: &FilterArgs) -> Result<CaseReport, FilterCommandError> {
    let mut report = CaseReport::default();
    for path in &args.cases {
        let name = path.display().to_string();
        let bytes =
            fs::read(path).map_err(|error| CasesError::Unreadable { path: name.clone(), reason: error.to_string() })?;
        report.add(run_cases(&name, &bytes)?);
    }
    Ok(report)
}
