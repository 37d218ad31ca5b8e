//! `rocketmq-sim allocate`: the strategies alone. A situation (queues, clients, rooms) is divided by one strategy or by
//! all, before and after a change of the consumers; or golden vectors are judged.

mod args;
pub mod cases;
mod division;
mod error;
mod json;
mod situation;
mod text;

use std::fs;
use std::io::Write;

pub use args::{AllocateArgs, OutputFormat};
pub use error::AllocateCommandError;

use cases::{CasesError, run_cases};
use division::Comparison;
use situation::Situation;

/// Runs the command and writes its answer to `out`. True unless a golden vector failed.
///
/// # Errors
/// [`AllocateCommandError`] for arguments that make no situation, a vector file that is none, or an `out` that fails.
pub fn run(args: &AllocateArgs, out: &mut dyn Write) -> Result<bool, AllocateCommandError> {
    if let Some(path) = &args.cases {
        let name = path.display().to_string();
        let bytes =
            fs::read(path).map_err(|error| CasesError::Unreadable { path: name.clone(), reason: error.to_string() })?;
        let report = run_cases(&name, &bytes)?;
        let answer = match args.format {
            OutputFormat::Text => text::cases(&report),
            OutputFormat::Json => json::cases(&report),
        };
        out.write_all(answer.as_bytes())?;
        return Ok(report.failed.is_empty());
    }
    let situation = Situation::from_args(args)?;
    let comparison = Comparison::new(&situation, args)?;
    let answer = match args.format {
        OutputFormat::Text => text::comparison(&situation, &comparison),
        OutputFormat::Json => json::comparison(&situation, &comparison),
    };
    out.write_all(answer.as_bytes())?;
    Ok(true)
}
