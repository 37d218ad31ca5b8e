//! The `rocketmq-sim` command. Everything is in the library; this maps the result to an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    rocketmq_sim::cli::main()
}
