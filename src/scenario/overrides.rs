//! `--set path=value`, `--seed`, `--until`: values laid over the tree of the file before it is decoded, so that they are
//! checked like the file's own.

use super::diagnose::{Fault, Place, suggest};
use super::load::Overrides;
use super::tree::{Entry, Node, Value};

/// Maps whose keys are names that a scenario defines; an override cannot invent one.
const NAMED: [&[&str]; 7] = [
    &["topics"],
    &["producers"],
    &["groups"],
    &["zones"],
    &["autoscalers"],
    &["cluster", "brokers"],
    &["cluster", "nameservers"],
];

/// The overrides as (how the command line says it, `path=value`), `--set` first, so that the special options win.
pub(crate) fn lines(overrides: &Overrides) -> Vec<(String, String)> {
    let mut lines: Vec<(String, String)> =
        overrides.set.iter().map(|set| (format!("--set {set}"), set.clone())).collect();
    if let Some(seed) = overrides.seed {
        lines.push((format!("--seed {seed}"), format!("seed={seed}")));
    }
    if let Some(until) = overrides.until {
        lines.push((format!("--until {until}"), format!("until={until}")));
    }
    lines
}

/// Applies one override.
///
/// # Errors
/// When it is not `path=value`, its value is not YAML, or its path leads nowhere. Whether the value fits is decided when
/// the tree is decoded.
pub(crate) fn apply(tree: &mut Node, text: usize, line: &str) -> Result<(), Fault> {
    let whole = Place { text, start: 0, len: line.len() };
    let Some((path, value)) = line.split_once('=') else {
        return Err(Fault::new(whole, format!("`{line}` is not path=value"))
            .help("write it like groups.order_consumer.instances=4 or timeline.0.at=90s"));
    };
    let value_place = Place { text, start: path.len() + 1, len: value.len() };
    let mut node = Node::parse(value).map_err(|fault| Fault { place: value_place, ..fault })?;
    stamp(&mut node, value_place);
    let mut segments = Vec::new();
    let mut start = 0;
    for segment in path.split('.') {
        let place = Place { text, start, len: segment.len() };
        if segment.is_empty() {
            return Err(Fault::new(whole, format!("an empty name in the path `{path}`")));
        }
        segments.push((segment, place));
        start += segment.len() + 1;
    }
    set(tree, &segments, 0, node)
}

/// All of an override's value stands at one place.
fn stamp(node: &mut Node, place: Place) {
    node.place = place;
    match &mut node.value {
        Value::Seq(items) => items.iter_mut().for_each(|item| stamp(item, place)),
        Value::Map(entries) => entries.iter_mut().for_each(|entry| {
            entry.key_place = place;
            stamp(&mut entry.node, place);
        }),
        _ => {}
    }
}

fn set(node: &mut Node, segments: &[(&str, Place)], depth: usize, value: Node) -> Result<(), Fault> {
    let Some((segment, place)) = segments.get(depth).copied() else {
        *node = value;
        return Ok(());
    };
    let shown = || segments[..depth].iter().map(|(segment, _)| *segment).collect::<Vec<_>>().join(".");
    match &mut node.value {
        Value::Seq(items) => {
            let count = items.len();
            let item = segment.parse::<usize>().ok().and_then(|index| items.get_mut(index));
            let Some(item) = item else {
                let help = match count {
                    0 => "the list is empty".to_owned(),
                    _ => format!("its entries are 0 to {}", count - 1),
                };
                return Err(Fault::new(place, format!("`{}` has no entry `{segment}`", shown())).help(help));
            };
            set(item, segments, depth + 1, value)
        }
        Value::Null => {
            node.value = Value::Map(Vec::new());
            set(node, segments, depth, value)
        }
        Value::Map(entries) => {
            if let Some(entry) = entries.iter_mut().find(|entry| entry.key == segment) {
                return set(&mut entry.node, segments, depth + 1, value);
            }
            let parents: Vec<&str> = segments[..depth].iter().map(|(segment, _)| *segment).collect();
            if NAMED.contains(&parents.as_slice()) {
                let known = entries.iter().map(|entry| entry.key.as_str());
                return Err(
                    Fault::new(place, format!("`{}` has no `{segment}`", shown())).maybe_help(suggest(segment, known))
                );
            }
            let mut fresh = Node { value: Value::Null, place };
            set(&mut fresh, segments, depth + 1, value)?;
            entries.push(Entry { key: segment.to_owned(), key_place: place, node: fresh });
            Ok(())
        }
        _ => Err(Fault::new(place, format!("`{}` is a single value, there is no `{segment}` in it", shown()))
            .help("set the value itself")),
    }
}
