//! `rocketmq-sim check`: validate scenarios and warn of what is probably not meant.

use std::io::Write;

use serde_json::{Value, json};

use super::allocate::OutputFormat;
use super::args::CheckArgs;
use super::error::CliError;
use super::exit::Exit;
use super::files;
use super::terminal::Terminal;

pub(super) fn run(args: &CheckArgs, terminal: &mut Terminal) -> Result<Exit, CliError> {
    let overrides = args.overrides.overrides();
    let mut exit = Exit::Fine;
    let mut answers: Vec<Value> = Vec::new();
    for path in files::all(&args.paths)? {
        let file = path.display().to_string();
        let checked = files::scenario(&path, &overrides);
        let (warnings, error) = match checked {
            Ok(scenario) => (scenario.warnings(), None),
            Err(error) => (Vec::new(), Some(error)),
        };
        exit = exit.max(error.as_ref().map_or(Exit::Fine, CliError::exit));
        match args.format {
            OutputFormat::Json => {
                let warnings: Vec<String> = warnings.iter().map(|warning| warning.one_line()).collect();
                let error = error.as_ref().map(CliError::one_line);
                answers.push(json!({"file": file, "valid": error.is_none(), "error": error, "warnings": warnings}));
            }
            OutputFormat::Text => {
                let verdict = match (&error, warnings.len()) {
                    (Some(_), _) => "invalid".to_owned(),
                    (None, 0) => "ok".to_owned(),
                    (None, 1) => "ok, 1 warning".to_owned(),
                    (None, n) => format!("ok, {n} warnings"),
                };
                writeln!(terminal.out, "{file}: {verdict}")?;
                terminal.out.flush()?;
                warnings.into_iter().for_each(|warning| terminal.diagnose(warning.report()));
                if let Some(error) = error {
                    terminal.diagnose(error.into_report());
                }
            }
        }
    }
    if args.format == OutputFormat::Json {
        writeln!(terminal.out, "{:#}", Value::Array(answers))?;
    }
    Ok(exit)
}
