//! `rocketmq-sim schema`: the JSON Schema of scenario files.

use std::io::Write;

use super::error::CliError;
use super::exit::Exit;
use super::terminal::Terminal;
use crate::scenario::schema::json_schema_text;

pub(super) fn run(terminal: &mut Terminal) -> Result<Exit, CliError> {
    terminal.out.write_all(json_schema_text().as_bytes())?;
    Ok(Exit::Fine)
}
