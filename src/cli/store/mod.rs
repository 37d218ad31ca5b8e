//! `rocketmq-sim store`: stores on disk in RocketMQ's own format.

mod args;
mod configs;
mod decode;
mod lines;

pub(super) use self::args::StoreArgs;

use self::args::StoreCommand;
use super::error::CliError;
use super::exit::Exit;
use super::terminal::Terminal;

pub(super) fn run(args: &StoreArgs, terminal: &mut Terminal) -> Result<Exit, CliError> {
    match &args.command {
        StoreCommand::Decode(args) => decode::run(args, terminal),
    }
}
