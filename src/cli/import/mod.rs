//! `rocketmq-sim import`: configuration files of real brokers become a scenario.

mod args;
mod read;

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

pub(super) use args::ImportArgs;

use super::error::CliError;
use super::exit::Exit;
use super::terminal::Terminal;
use crate::scenario::import::import;
use crate::scenario::{Overrides, Scenario};

pub(super) fn run(args: &ImportArgs, terminal: &mut Terminal) -> Result<Exit, CliError> {
    let brokers = read::brokers(args)?;
    let imported = import(&brokers).map_err(|error| CliError::input(error.to_string()))?;
    // What is written must be a scenario; whatever is wrong with it shows before anything is written.
    Scenario::read("the imported scenario", &imported.text, &Overrides::default()).map_err(CliError::Scenario)?;
    let Some(out) = &args.out else {
        terminal.out.write_all(imported.text.as_bytes())?;
        return Ok(Exit::Fine);
    };
    write(out, &imported.text, args.force)?;
    let places = imported.text.matches("PLACEHOLDER").count() - 1;
    writeln!(
        terminal.out,
        "{}: {} topics, {} groups, {places} placeholders (look for PLACEHOLDER)",
        out.display(),
        imported.topics,
        imported.groups
    )?;
    Ok(Exit::Fine)
}

fn write(out: &Path, text: &str, force: bool) -> Result<(), CliError> {
    let mut options = OpenOptions::new();
    options.write(true);
    if force {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    let mut file = options.open(out).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists if !out.is_dir() => {
            CliError::input_help(format!("{} exists already", out.display()), "`--force` overwrites it")
        }
        _ if out.is_dir() => CliError::input(format!("{} is a folder", out.display())),
        _ => CliError::io("write", out, &error),
    })?;
    file.write_all(text.as_bytes()).map_err(|error| CliError::io("write", out, &error))
}
