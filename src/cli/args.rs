//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::allocate::{AllocateArgs, OutputFormat};
use super::filter::FilterArgs;
use super::import::ImportArgs;
use super::store::StoreArgs;
use crate::kernel::time::SimDuration;
use crate::scenario::Overrides;

/// A deterministic simulator of Apache RocketMQ: what happens, when, and why.
#[derive(Debug, Parser)]
#[command(
    name = "rocketmq-sim",
    version,
    after_help = "Exit codes: 0 fine, 1 an expectation failed, 2 usage or invalid input, 3 nondeterminism found, \
                  4 internal error"
)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Simulate a scenario, print what happened and write its report
    Run(RunArgs),
    /// Run scenarios and check their expectations
    Test(TestArgs),
    /// Validate scenarios without running them, and warn of what is probably not meant
    Check(CheckArgs),
    /// Divide queues among consumers with RocketMQ's allocation strategies
    Allocate(AllocateArgs),
    /// Judge a message by a subscription: an SQL92 expression over its properties, or tags
    Filter(FilterArgs),
    /// Make a scenario of the configuration files of real brokers
    Import(ImportArgs),
    /// Look into a broker's store on disk
    Store(StoreArgs),
    /// Print the JSON Schema of scenario files
    Schema,
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
}

/// Options of `run`.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// Scenario file; `-` reads standard input
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// Folder of the report [default: reports/NAME]
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Write no report
    #[arg(long, conflicts_with = "out")]
    pub(super) no_report: bool,
    #[command(flatten)]
    pub(super) overrides: OverrideArgs,
    /// Run twice and compare the digests
    #[arg(long)]
    pub(super) verify: bool,
    /// Also record every message in events.jsonl
    #[arg(long, value_name = "WHAT")]
    pub(super) trace: Option<Trace>,
    /// Print nothing but what went wrong
    #[arg(long, short)]
    pub(super) quiet: bool,
    /// What to print
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: OutputFormat,
}

/// What else to record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Trace {
    /// A line for each message sent, stored, pulled and consumed
    Messages,
}

/// Options of `test`.
#[derive(Debug, Args)]
pub(super) struct TestArgs {
    /// Scenario files, or folders of them
    #[arg(value_name = "PATH", required = true)]
    pub(super) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) overrides: OverrideArgs,
    /// Run each scenario twice and compare the digests
    #[arg(long)]
    pub(super) verify: bool,
    /// Also write the results as JUnit XML
    #[arg(long, value_name = "FILE")]
    pub(super) junit: Option<PathBuf>,
    /// Print only what failed
    #[arg(long, short)]
    pub(super) quiet: bool,
    /// What to print
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: OutputFormat,
}

/// Options of `check`.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Scenario files, or folders of them
    #[arg(value_name = "PATH", required = true)]
    pub(super) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) overrides: OverrideArgs,
    /// What to print
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: OutputFormat,
}

/// Options of `completions`.
#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub(super) shell: clap_complete::Shell,
}

/// Values that replace those of the file.
#[derive(Debug, Default, Args)]
pub(super) struct OverrideArgs {
    /// Master seed of all random draws
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
    /// Stop at this time (90s, 2m30s)
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(super) until: Option<SimDuration>,
    /// Replace a value of the scenario: groups.order_consumer.instances=4, timeline.0.at=90s
    #[arg(long, value_name = "PATH=VALUE")]
    pub(super) set: Vec<String>,
}

fn time(text: &str) -> Result<SimDuration, String> {
    text.parse::<SimDuration>().map_err(|error| error.to_string())
}

impl OverrideArgs {
    pub(super) fn overrides(&self) -> Overrides {
        Overrides { seed: self.seed, until: self.until, set: self.set.clone() }
    }
}
