//! Floor 8: commands, files, terminal, exit codes. The only room that knows them.

pub mod allocate;
mod args;
mod check;
mod completions;
mod error;
mod exit;
mod explain;
mod export;
mod files;
pub mod filter;
mod folder;
mod fuzz;
mod import;
mod progress;
mod report_adapter;
mod run;
mod schema;
mod store;
mod terminal;
mod test;

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
use error::CliError;
use exit::Exit;
use terminal::Terminal;

/// Runs the command named by the process's arguments.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers; a failure to print them has nobody to tell.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage.into() } else { Exit::Fine.into() };
        }
    };
    let mut terminal = Terminal::of_process();
    let exit = catch_unwind(AssertUnwindSafe(|| dispatch(&cli.command, &mut terminal))).unwrap_or_else(|_| {
        let _ =
            writeln!(terminal.err, "rocketmq-sim: internal error; this is a bug, please report it with the scenario");
        Exit::Internal
    });
    exit.into()
}

/// Runs a command and says what went wrong.
fn dispatch(command: &Command, terminal: &mut Terminal) -> Exit {
    let result = match command {
        Command::Run(args) => run::run(args, terminal),
        Command::Test(args) => test::run(args, terminal),
        Command::Check(args) => check::run(args, terminal),
        Command::Fuzz(args) => fuzz::run(args, terminal),
        Command::Explain(args) => explain::run(args, terminal),
        Command::Allocate(args) => allocate::run(args, &mut terminal.out)
            .map(|passed| if passed { Exit::Fine } else { Exit::Failed })
            .map_err(CliError::from),
        Command::Filter(args) => filter::run(args, &mut terminal.out)
            .map(|passed| if passed { Exit::Fine } else { Exit::Failed })
            .map_err(CliError::from),
        Command::Import(args) => import::run(args, terminal),
        Command::Store(args) => store::run(args, terminal),
        Command::Schema => schema::run(terminal),
        Command::Completions(args) => completions::run(args, terminal),
    };
    let result = result.and_then(|exit| terminal.out.flush().map(|()| exit).map_err(CliError::from));
    match result {
        Ok(exit) => exit,
        // Whoever reads the output has enough of it (`| head`).
        Err(error) if error.is_broken_pipe() => Exit::Fine,
        Err(error) => {
            let exit = error.exit();
            terminal.diagnose(error.into_report());
            exit
        }
    }
}
