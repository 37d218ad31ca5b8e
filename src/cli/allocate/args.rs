//! The command's arguments.

use std::path::PathBuf;

/// Divide queues among consumers with RocketMQ's allocation strategies
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  rocketmq-sim allocate --queues 16 --consumers 3 --then 4
  rocketmq-sim allocate --queues 16 --consumers 3 --then 4 --compare
  rocketmq-sim allocate --strategy consistent_hash --virtual-nodes 100 --brokers broker-a:8,broker-b:8 --consumers 4
  rocketmq-sim allocate --strategy machine_room_nearby --rooms east,west --queues 12 --consumers 3
  rocketmq-sim allocate --cases allocation.jsonl")]
pub struct AllocateArgs {
    /// Strategy: averagely, averagely_by_circle, by_config, by_machine_room, consistent_hash or machine_room_nearby
    /// (or RocketMQ's name: AVG, …) [default: averagely]
    #[arg(long, short, value_name = "NAME")]
    pub strategy: Option<String>,

    /// Number of queues, over all brokers
    #[arg(long, short, value_name = "N")]
    pub queues: Option<u32>,

    /// Number of consumers; they are called c0, c1, … unless --client-ids names them
    #[arg(long, short, value_name = "N")]
    pub consumers: Option<u32>,

    /// Consumers after a change: their number, or their client ids
    #[arg(long, value_name = "N|IDS")]
    pub then: Option<String>,

    /// All strategies that apply, side by side
    #[arg(long)]
    pub compare: bool,

    /// Brokers: their number, or names, each with its own number of queues if it is given (broker-a:8,broker-b:4);
    /// else --queues are spread evenly
    #[arg(long, value_name = "N|NAMES")]
    pub brokers: Option<String>,

    /// Machine rooms. By machine room: those that take part. Nearby: those over which brokers and consumers without a
    /// stated room are spread. A broker named room@broker stands in that room
    #[arg(long, value_name = "ROOMS", value_delimiter = ',')]
    pub rooms: Vec<String>,

    /// Nearby: rooms of brokers (broker-a=east,broker-b=west)
    #[arg(long, value_name = "BROKER=ROOM", value_delimiter = ',')]
    pub broker_rooms: Vec<String>,

    /// Nearby: rooms of consumers (c0=east,c1=west)
    #[arg(long, value_name = "CLIENT=ROOM", value_delimiter = ',')]
    pub client_rooms: Vec<String>,

    /// Nearby: the strategy within a room [default: averagely]
    #[arg(long, value_name = "NAME")]
    pub inner: Option<String>,

    /// Consistent hash: places of each consumer on the ring
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub virtual_nodes: u32,

    /// By config: the configured queues, counted from 0 over all sorted queues (0-3,7)
    #[arg(long, value_name = "QUEUES")]
    pub config: Option<String>,

    /// Client ids of the consumers; sorted before the call as real clients do
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    pub client_ids: Vec<String>,

    /// Topic of the queues; consistent hash looks at it
    #[arg(long, value_name = "NAME", default_value = DEFAULT_TOPIC)]
    pub topic: String,

    /// Judge recorded outcomes instead: one JSON object a line
    #[arg(long, value_name = "FILE.jsonl", conflicts_with_all = ["strategy", "queues", "consumers", "then", "compare",
        "brokers", "rooms", "client_ids", "config", "inner", "broker_rooms", "client_rooms"])]
    pub cases: Option<PathBuf>,

    /// Form of the answer
    #[arg(long, value_enum, value_name = "FORM", default_value_t = OutputFormat::Text)]
    pub format: OutputFormat,
}

/// Topic unless given; consistent hash depends on it.
const DEFAULT_TOPIC: &str = "TopicTest";

/// Form of the answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum OutputFormat {
    /// Tables for people.
    #[default]
    Text,
    /// JSON for programs.
    Json,
}
