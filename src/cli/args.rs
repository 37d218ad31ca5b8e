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
    /// Run scenarios under random failures, seed by seed, and search for a run that breaks an invariant
    Fuzz(FuzzArgs),
    /// Tell the life of one message or of one queue, or the story of the outages, in a run of a scenario
    Explain(ExplainArgs),
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
    /// Also record every message in events.jsonl, and routine
    #[arg(long, value_name = "WHAT")]
    pub(super) trace: Option<Trace>,
    /// Print nothing but what went wrong
    #[arg(long, short)]
    pub(super) quiet: bool,
    /// What to print
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: OutputFormat,
    #[command(flatten)]
    pub(super) export: ExportArgs,
}

/// The brokers' stores as files.
#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// Write each broker's store to DIR/brokerName, as the real broker would leave it
    #[arg(long, value_name = "DIR")]
    pub(super) export_store: Option<PathBuf>,
    /// As it is at this time, with the brokers running (90s) [default: at the end, after a shutdown]
    #[arg(long, value_name = "TIME", value_parser = time, requires = "export_store")]
    pub(super) export_at: Option<SimDuration>,
    /// Size of commit log files instead of mappedFileSizeCommitLog (64KiB)
    #[arg(long, value_name = "SIZE", value_parser = size, requires = "export_store")]
    pub(super) export_log_size: Option<u64>,
    /// Size of consume queue files instead of mappedFileSizeConsumeQueue (2000B)
    #[arg(long, value_name = "SIZE", value_parser = size, requires = "export_store")]
    pub(super) export_queue_size: Option<u64>,
    /// Hash slots of index files instead of 5,000,000; four entries each
    #[arg(long, value_name = "N", requires = "export_store")]
    pub(super) export_index_slots: Option<u32>,
}

/// Options of `explain`.
#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// Scenario file; `-` reads standard input
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// The message: topic/broker/queueId/offset of one of its records
    #[arg(long, value_name = "ID", required_unless_present_any = ["queue", "outage"], conflicts_with = "queue")]
    pub(super) message: Option<String>,
    /// The queue: topic/broker/queueId
    #[arg(long, value_name = "QUEUE")]
    pub(super) queue: Option<String>,
    /// The outages, or the Nth of them alone: what happened, who noticed, what stood still, which timer is to blame
    #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true, conflicts_with_all = ["message", "queue"])]
    pub(super) outage: Option<Option<usize>>,
    #[command(flatten)]
    pub(super) overrides: OverrideArgs,
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

/// Options of `fuzz`.
#[derive(Debug, Args)]
pub(super) struct FuzzArgs {
    /// Scenario files, or folders of them
    #[arg(value_name = "PATH", required = true)]
    pub(super) paths: Vec<PathBuf>,
    /// Runs of each scenario
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(super) seeds: u64,
    /// Seed of the first run; the others follow [default: the scenario's]
    #[arg(long, value_name = "N")]
    pub(super) first_seed: Option<u64>,
    /// Begin no more runs after this time of the clock on the wall (60s), shared by the scenarios
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(super) at_most: Option<SimDuration>,
    /// The `chaos` block instead of the scenario's: {until: 2m, rates: {killBroker: 1/m}} [default: some of everything where
    /// a scenario has none]
    #[arg(long, value_name = "YAML")]
    pub(super) chaos: Option<String>,
    /// Run the scenarios as they are, without failures that they do not have
    #[arg(long, conflicts_with = "chaos")]
    pub(super) as_is: bool,
    /// Folder of the shortest scenarios that break an invariant
    #[arg(long, value_name = "DIR", default_value = "fuzz")]
    pub(super) out: PathBuf,
    #[command(flatten)]
    pub(super) overrides: OverrideArgs,
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

fn size(text: &str) -> Result<u64, String> {
    crate::scenario::units::parse_bytes(text)
}

impl OverrideArgs {
    pub(super) fn overrides(&self) -> Overrides {
        Overrides { seed: self.seed, until: self.until, set: self.set.clone() }
    }
}
