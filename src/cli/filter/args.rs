//! The command's arguments.

use std::path::PathBuf;

use super::super::allocate::OutputFormat;

/// Judge a message by a subscription: an SQL92 expression over its properties, or tags
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
An expression that begins with a dash stands behind `--`.

Examples:
  rocketmq-sim filter \"a > 5 AND b IS NOT NULL\" a=7 b=x
  rocketmq-sim filter --tags 'TagA || TagB' --tag TagC
  rocketmq-sim filter --cases sql92.jsonl --cases tags.jsonl")]
pub struct FilterArgs {
    /// SQL92 expression
    #[arg(value_name = "EXPRESSION")]
    pub expression: Option<String>,

    /// Properties of the message
    #[arg(value_name = "NAME=VALUE")]
    pub properties: Vec<String>,

    /// Tag subscription instead of an expression: `*`, or tags separated by `||`
    #[arg(long, value_name = "TAGS", conflicts_with_all = ["expression", "properties"])]
    pub tags: Option<String>,

    /// The message's tag; without it the message has none
    #[arg(long, value_name = "TAG", requires = "tags")]
    pub tag: Option<String>,

    /// Judge recorded outcomes instead: one JSON object a line, of SQL92 or of tags; may be given several times
    #[arg(long, value_name = "FILE.jsonl", conflicts_with_all = ["expression", "properties", "tags", "tag"])]
    pub cases: Vec<PathBuf>,

    /// Form of the answer
    #[arg(long, value_enum, value_name = "FORM", default_value_t = OutputFormat::Text)]
    pub format: OutputFormat,
}
