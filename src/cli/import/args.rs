//! The command's arguments.

use std::path::PathBuf;

use clap::Args;

/// Options of `import`.
#[derive(Debug, Args)]
#[command(after_help = "\
Several brokers: repeat the options with the broker's name before each file.
Examples:
  rocketmq-sim import --topics topics.json --offsets consumerOffset.json --groups subscriptionGroup.json
  rocketmq-sim import --topics broker-a=a/topics.json --offsets broker-a=a/consumerOffset.json \\
                      --topics broker-b=b/topics.json --offsets broker-b=b/consumerOffset.json
  rocketmq-sim import --broker broker-a=/data/a/store --broker broker-b=/data/b/store --out mine.yaml")]
pub(in crate::cli) struct ImportArgs {
    /// A broker's topics.json
    #[arg(long, value_name = "[BROKER=]FILE", value_parser = source, required_unless_present = "broker")]
    pub(super) topics: Vec<Source>,
    /// A broker's consumerOffset.json
    #[arg(long, value_name = "[BROKER=]FILE", value_parser = source)]
    pub(super) offsets: Vec<Source>,
    /// A broker's subscriptionGroup.json
    #[arg(long, value_name = "[BROKER=]FILE", value_parser = source)]
    pub(super) groups: Vec<Source>,
    /// A broker's store or configuration folder, with all its files
    #[arg(long, value_name = "[BROKER=]DIR", value_parser = source)]
    pub(super) broker: Vec<Source>,
    /// Write the scenario here [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// Overwrite the file of --out
    #[arg(long, requires = "out")]
    pub(super) force: bool,
}

/// A path, perhaps with the name of its broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) broker: Option<String>,
    pub(super) path: PathBuf,
}

/// `NAME=PATH` or `PATH`. A name has no `/`, so `./a=b` is a path.
fn source(text: &str) -> Result<Source, String> {
    if text.is_empty() {
        return Err("an empty path".to_owned());
    }
    let Some((name, path)) = text.split_once('=').filter(|(name, _)| !name.contains(['/', '\\'])) else {
        return Ok(Source { broker: None, path: text.into() });
    };
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_graphic() && c != ':' && c != ',') {
        return Err(format!("`{name}` cannot be a broker name; write ./{text} if it is part of a path"));
    }
    if path.is_empty() {
        return Err(format!("no path after `{name}=`"));
    }
    Ok(Source { broker: Some(name.to_owned()), path: path.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_name_stands_before_the_path() {
        let of = |text: &str| source(text).map(|source| (source.broker, source.path.display().to_string()));
        assert_eq!(of("broker-a=x/topics.json"), Ok((Some("broker-a".into()), "x/topics.json".into())));
        assert_eq!(of("a=b=c"), Ok((Some("a".into()), "b=c".into())));
        assert_eq!(of("./a=b"), Ok((None, "./a=b".into())));
        assert_eq!(of("topics.json"), Ok((None, "topics.json".into())));
        for wrong in ["", "=x", "a=", "a b=x", "a:b=x", "é=x"] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }
}
