//! `rocketmq-sim completions`: a completion script for a shell.

use std::io::Write;

use clap::CommandFactory;

use super::args::{Cli, CompletionsArgs};
use super::error::CliError;
use super::exit::Exit;
use super::terminal::Terminal;

pub(super) fn run(args: &CompletionsArgs, terminal: &mut Terminal) -> Result<Exit, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "rocketmq-sim", &mut script);
    terminal.out.write_all(&script)?;
    Ok(Exit::Fine)
}
