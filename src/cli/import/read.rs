//! The files of each broker, read and refused with a reason.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use super::args::{ImportArgs, Source};
use crate::cli::error::CliError;
use crate::scenario::import::BrokerFiles;
use crate::store::disk::config::{ConfigError, ConsumerOffsets, LARGEST_TEXT, SubscriptionGroups, Topics, utf8};

const TOPICS: &str = "topics.json";
const OFFSETS: &str = "consumerOffset.json";
const GROUPS: &str = "subscriptionGroup.json";

/// Where the files of a broker are.
#[derive(Debug, Default)]
struct Paths {
    topics: Option<PathBuf>,
    offsets: Option<PathBuf>,
    groups: Option<PathBuf>,
}

/// Everything that the arguments name, broker by broker in the order in which they name them.
pub(super) fn brokers(args: &ImportArgs) -> Result<Vec<BrokerFiles>, CliError> {
    let mut brokers: IndexMap<Option<String>, Paths> = IndexMap::new();
    for source in &args.broker {
        let paths = folder(&source.path)?;
        if brokers.insert(source.broker.clone(), paths).is_some() {
            return Err(twice("--broker", source));
        }
    }
    type Slot = fn(&mut Paths) -> &mut Option<PathBuf>;
    let options: [(&str, &Vec<Source>, Slot); 3] = [
        ("--topics", &args.topics, |paths| &mut paths.topics),
        ("--offsets", &args.offsets, |paths| &mut paths.offsets),
        ("--groups", &args.groups, |paths| &mut paths.groups),
    ];
    for (option, sources, slot) in options {
        for source in sources {
            let slot = slot(brokers.entry(source.broker.clone()).or_default());
            if slot.replace(source.path.clone()).is_some() {
                return Err(twice(option, source));
            }
        }
    }
    if brokers.len() > 1 && brokers.contains_key(&None) {
        return Err(CliError::input_help(
            "with several brokers each file needs the name of its broker",
            "write `--topics broker-a=topics.json`, and so for --offsets and --groups",
        ));
    }
    brokers.into_iter().map(|(name, paths)| read(name, &paths)).collect()
}

fn twice(option: &str, source: &Source) -> CliError {
    match &source.broker {
        Some(broker) => CliError::input(format!("{option} is given twice for {broker}")),
        None => CliError::input_help(
            format!("{option} is given twice"),
            format!("several brokers need names: `{option} broker-a={}`", source.path.display()),
        ),
    }
}

/// The files of a store or configuration folder; only the topics must be there.
fn folder(path: &Path) -> Result<Paths, CliError> {
    if !path.is_dir() {
        let problem = if path.exists() { "is no folder" } else { "does not exist" };
        return Err(CliError::input(format!("{} {problem}", path.display())));
    }
    let nested = path.join("config");
    let folder = if nested.join(TOPICS).exists() { nested } else { path.to_owned() };
    if !folder.join(TOPICS).exists() {
        return Err(CliError::input_help(
            format!("{} has neither {TOPICS} nor config/{TOPICS}", path.display()),
            "name the broker's storePathRootDir",
        ));
    }
    let there = |name: &str| Some(folder.join(name)).filter(|path| path.exists());
    Ok(Paths { topics: there(TOPICS), offsets: there(OFFSETS), groups: there(GROUPS) })
}

fn read(name: Option<String>, paths: &Paths) -> Result<BrokerFiles, CliError> {
    let Some(topics_path) = &paths.topics else {
        let whose = name.as_deref().unwrap_or("the broker");
        return Err(CliError::input_help(format!("{whose} has no {TOPICS}"), "add `--topics` for it"));
    };
    let mut sources = vec![topics_path.display().to_string()];
    let topics = file(topics_path, Topics::decode)?;
    if topics.value.topic_config_table.is_empty() {
        topics.must_name(Topics::TABLE, TOPICS)?;
    }
    let offsets = paths.offsets.as_ref().map(|path| file(path, ConsumerOffsets::decode)).transpose()?;
    if let Some(offsets) = &offsets {
        sources.push(offsets.name.clone());
        if offsets.value.offset_table.as_ref().is_none_or(IndexMap::is_empty) {
            offsets.must_name("offsetTable", OFFSETS)?;
        }
    }
    let groups = paths.groups.as_ref().map(|path| file(path, SubscriptionGroups::decode)).transpose()?;
    if let Some(groups) = &groups {
        sources.push(groups.name.clone());
        if groups.value.subscription_group_table.is_empty() {
            groups.must_name(SubscriptionGroups::TABLE, GROUPS)?;
        }
    }
    Ok(BrokerFiles {
        name,
        topics: topics.value,
        offsets: offsets.map(|read| read.value),
        groups: groups.map(|read| read.value),
        sources,
    })
}

/// A file's content.
struct Content<T> {
    name: String,
    text: String,
    value: T,
}

impl<T> Content<T> {
    /// A file whose table is empty should at least have one; else it is probably another file.
    fn must_name(&self, table: &str, usual: &str) -> Result<(), CliError> {
        if self.text.contains(table) {
            return Ok(());
        }
        let (name, help) = (&self.name, format!("is it a broker's {usual}?"));
        Err(CliError::input_help(format!("{name}:1:1: expected an object with `{table}`, found none"), help))
    }
}

fn file<T>(path: &Path, decode: impl Fn(&str, &str) -> Result<T, ConfigError>) -> Result<Content<T>, CliError> {
    let name = path.display().to_string();
    if path.is_dir() {
        return Err(CliError::input_help(format!("{name} is a folder"), "`--broker` takes folders"));
    }
    let mut bytes = Vec::new();
    let opened = File::open(path).map_err(|error| CliError::io("read", path, &error))?;
    opened.take(LARGEST_TEXT as u64 + 1).read_to_end(&mut bytes).map_err(|error| CliError::io("read", path, &error))?;
    if bytes.is_empty() {
        let help = format!("the broker itself would now read {name}.bak");
        return Err(CliError::input_help(format!("{name}:1:1: the file is empty"), help));
    }
    let text = utf8(&name, &bytes).map_err(|error| CliError::input(error.to_string()))?.to_owned();
    let value = decode(&name, &text).map_err(|error| CliError::input(error.to_string()))?;
    Ok(Content { name, text, value })
}
