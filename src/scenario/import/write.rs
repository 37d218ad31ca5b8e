//! A survey as the text of a scenario.

use std::collections::{BTreeMap, BTreeSet};

use super::BrokerFiles;
use super::header::header;
use super::quote::{Lines, plain, scalar};
use super::settings::{Setting, in_words, known_keys, unusual};
use super::survey::{Carried, Group, Survey, Topic};
use crate::scenario::resolve::MOST_GROUPS;

/// Most producers of a scenario.
const MOST_PRODUCERS: usize = MOST_GROUPS;
/// Most messages of all backlogs together; larger ones are scaled down.
const MOST_BACKLOG: u64 = 1_000_000;
/// Names that stand on one line.
const ON_A_LINE: usize = 4;

pub(super) fn scenario(survey: &Survey, files: &[BrokerFiles]) -> String {
    let mut lines = Lines::default();
    header(&mut lines, survey, files);
    let backlogs = Backlogs::of(survey);
    lines.line("");
    let whose = survey.cluster.as_deref().unwrap_or(&survey.brokers[0]);
    lines.line(format_args!("name: {}", scalar(&file_name(whose))));
    lines.line(format_args!("title: {}", scalar(&plain(&format!("Imported from {whose}")))));
    lines.line("duration: 1m  # PLACEHOLDER: how long to look");
    lines.line("cluster:");
    lines.line("  brokers:");
    for broker in &survey.brokers {
        lines.line(format_args!("    {}: {{}}", scalar(broker)));
    }
    lines.line("topics:");
    for topic in &survey.topics {
        one_topic(&mut lines, survey, topic, &backlogs);
    }
    producers(&mut lines, survey);
    if !survey.groups.is_empty() {
        lines.line("groups:");
        let known = known_keys();
        for group in &survey.groups {
            one_group(&mut lines, survey, group, &backlogs, &known);
        }
    }
    permissions(&mut lines, survey);
    lines.text
}

/// A name that can be that of a report folder.
fn file_name(whose: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_".contains(c) { c } else { '-' };
    format!("imported-{}", whose.chars().take(60).map(plain).collect::<String>())
}

/// The known backlogs by topic.
struct Backlogs {
    /// Of the group that is furthest behind; topics without one are not in it.
    messages: BTreeMap<String, u64>,
    /// All together.
    total: u64,
}

impl Backlogs {
    fn of(survey: &Survey) -> Self {
        let mut messages = BTreeMap::new();
        for topic in &survey.topics {
            let of_groups = survey.groups.iter().filter_map(|group| group.topics.get(&topic.name));
            let most = of_groups.map(|offsets| topic.behind(offsets)).max().unwrap_or(0);
            if most > 0 {
                messages.insert(topic.name.clone(), most);
            }
        }
        let total = messages.values().fold(0_u64, |sum, messages| sum.saturating_add(*messages));
        Self { messages, total }
    }

    fn of_topic(&self, topic: &str) -> u64 {
        self.messages.get(topic).copied().unwrap_or(0)
    }

    /// Messages to preload in each of a topic's queues, and whether that is less than the backlog.
    fn per_queue(&self, topic: &Topic) -> (u64, bool) {
        let messages = self.of_topic(&topic.name);
        let scaled = self.total > MOST_BACKLOG;
        let used = if scaled {
            // At most MOST_BACKLOG, so it fits again.
            (u128::from(messages) * u128::from(MOST_BACKLOG) / u128::from(self.total)) as u64
        } else {
            messages
        };
        let queues = u64::from(topic.common().1) * topic.carried.len() as u64;
        (used.div_ceil(queues), scaled)
    }
}

fn one_topic(lines: &mut Lines, survey: &Survey, topic: &Topic, backlogs: &Backlogs) {
    let of = |broker: usize| plain(&survey.brokers[broker]);
    for on in topic.carried.iter().filter(|on| on.perm & 6 != 6) {
        let what = if on.perm & 2 == 0 { "not writable" } else { "not readable" };
        lines.comment(2, &format!("{}: perm {}, {what}; see the timeline", of(on.broker), on.perm));
    }
    if let Some(on) = topic.carried.iter().find(|on| on.order) {
        lines.comment(
            2,
            &format!("{}: order true (producers may ask for an order of queues; not simulated)", of(on.broker)),
        );
    }
    for broker in &topic.closed {
        lines.comment(2, &format!("{} has it without a queue that anybody may use", of(*broker)));
    }
    let backlog = backlogs.of_topic(&topic.name);
    let (per_queue, scaled) = backlogs.per_queue(topic);
    if backlog > 0 {
        let smaller = if scaled { ", of which only a part is stored here" } else { "" };
        lines.comment(2, &format!("a group is at least {backlog} messages behind{smaller}; bodySize is a PLACEHOLDER"));
    }
    let (read, write) = topic.common();
    let mut keys = Vec::new();
    if read == write {
        keys.push(format!("queues: {read}"));
    } else {
        keys.push(format!("readQueueNums: {read}, writeQueueNums: {write}"));
    }
    if topic.carried.len() < survey.brokers.len() {
        keys.push(format!("brokers: [{}]", names(survey, topic.carried.iter())));
    }
    if per_queue > 0 {
        keys.push(format!("preload: {{perQueue: {per_queue}, bodySize: 1KiB}}"));
    }
    lines.line(format_args!("  {}: {{{}}}", scalar(&topic.name), keys.join(", ")));
}

fn names<'a>(survey: &Survey, carried: impl Iterator<Item = &'a Carried>) -> String {
    carried.map(|on| scalar(&survey.brokers[on.broker])).collect::<Vec<_>>().join(", ")
}

/// One producer for each topic that is written to and consumed, of too many those whose topics are furthest.
fn producers(lines: &mut Lines, survey: &Survey) {
    let consumed: BTreeSet<&str> =
        survey.groups.iter().flat_map(|group| group.topics.keys().map(String::as_str)).collect();
    let written = |topic: &&Topic| topic.carried.iter().any(|on| on.writeable > 0);
    let mut topics: Vec<&Topic> = survey.topics.iter().filter(written).collect();
    if !consumed.is_empty() {
        topics.retain(|topic| consumed.contains(topic.name.as_str()));
    }
    let all = topics.len();
    if all > MOST_PRODUCERS {
        let traffic = |topic: &&Topic| topic.furthest.values().fold(0_u64, |sum, at| sum.saturating_add(*at));
        topics.sort_by_key(|topic| std::cmp::Reverse(traffic(topic)));
        topics.truncate(MOST_PRODUCERS);
        topics.sort_by(|a, b| a.name.cmp(&b.name));
    }
    if topics.is_empty() {
        lines.comment(0, "PLACEHOLDER: producers; no topic is both consumed and writable");
        return;
    }
    lines.line("producers:");
    lines.comment(2, "PLACEHOLDER: the files do not tell who sends, how often, and how much. Replace rates and sizes.");
    if all > MOST_PRODUCERS {
        lines.comment(
            2,
            &format!("A scenario has at most {MOST_PRODUCERS} producers; {} topics have none.", all - MOST_PRODUCERS),
        );
    }
    for topic in topics {
        let producer = scalar(&format!("{}-producer", topic.name));
        lines.line(format_args!("  {producer}: {{topic: {}, rate: 10/s, bodySize: 1KiB}}", scalar(&topic.name)));
    }
}

fn one_group(lines: &mut Lines, survey: &Survey, group: &Group, backlogs: &Backlogs, known: &[String]) {
    lines.line(format_args!("  {}:", scalar(&group.name)));
    let topics: Vec<String> = group.topics.keys().map(|topic| scalar(topic)).collect();
    if let [topic] = topics.as_slice() {
        lines.line(format_args!("    topics: {topic}"));
    } else if topics.len() <= ON_A_LINE {
        lines.line(format_args!("    topics: [{}]", topics.join(", ")));
    } else {
        lines.line("    topics:");
        topics.iter().for_each(|topic| lines.line(format_args!("      - {topic}")));
    }
    let of_topic = |topic: &&Topic| group.topics.get(&topic.name).map_or(0, |offsets| topic.behind(offsets));
    let behind: u64 = survey.topics.iter().map(|topic| of_topic(&topic)).fold(0, u64::saturating_add);
    let stored = group.topics.keys().fold(0_u64, |sum, topic| sum.saturating_add(backlogs.of_topic(topic)));
    // Offsets stand at one end or the other; the nearer one is taken.
    let at_beginning = behind > 0 && behind >= stored - behind.min(stored);
    let end = if at_beginning { "beginning" } else { "end" };
    let why = match (behind, at_beginning) {
        (0, _) => "no group is ahead of it in any queue".to_owned(),
        (_, true) => format!("at least {behind} messages behind"),
        (_, false) => format!("at least {behind} messages behind, less than half of what others are"),
    };
    let queues: usize = group.topics.values().map(BTreeMap::len).sum();
    lines.comment(4, &format!("its offsets in {queues} queues sum to {}; {why}", group.progress()));
    lines.line(format_args!("    storedOffset: {end}"));
    if group.retried > 0 {
        lines.comment(
            4,
            &format!("its offsets in its retry topic sum to {}: its listener fails at times", group.retried),
        );
    }
    let (config, enabled) = settings(lines, survey, group, known);
    config.iter().for_each(|setting| lines.line(format_args!("    {}: {}", setting.key, setting.value)));
    if enabled {
        lines.line("    instances: 2  # PLACEHOLDER: members that run");
    } else {
        lines.line("    instances: 0  # consumeEnable false: the broker refuses its pulls");
    }
    lines.line("    serviceTime: 10ms  # PLACEHOLDER: time of its listener per message");
}

/// Writes what the language does not have as comments; gives what it has, and whether the group may consume.
fn settings(lines: &mut Lines, survey: &Survey, group: &Group, known: &[String]) -> (Vec<Setting>, bool) {
    let Some((first, config)) = group.settings.first() else { return (Vec::new(), true) };
    let (has, others): (Vec<Setting>, Vec<Setting>) =
        unusual(config).into_iter().partition(|setting| setting.sound && known.iter().any(|key| key == setting.key));
    if !others.is_empty() {
        lines.comment(4, &format!("not simulated: {}", in_words(&others)));
    }
    for (broker, other) in &group.settings[1..] {
        if unusual(other) != unusual(config) {
            let words = in_words(&unusual(other));
            let words = if words.is_empty() { "the usual settings" } else { &words };
            let (broker, first) = (plain(&survey.brokers[*broker]), plain(&survey.brokers[*first]));
            lines.comment(4, &format!("{broker} differs from {first}: {words}"));
        }
    }
    let enabled = config.consume_enable || known.iter().any(|key| key == "consumeEnable");
    (has, enabled)
}

/// Queue counts that differ between brokers, and permissions, are set at the very beginning.
fn permissions(lines: &mut Lines, survey: &Survey) {
    let mut begun = false;
    for topic in &survey.topics {
        let common = topic.common();
        let mut of_counts: BTreeMap<(u32, u32), Vec<&Carried>> = BTreeMap::new();
        for on in &topic.carried {
            of_counts.entry((on.readable, on.writeable)).or_default().push(on);
        }
        for ((read, write), carried) in of_counts.iter().filter(|(counts, _)| **counts != common) {
            if !begun {
                lines.line("timeline:");
                lines.comment(2, "Brokers that differ from the others, and permissions (no right is no queue), before any client starts.");
                begun = true;
            }
            lines.line(format_args!(
                "  - {{at: 0s, setQueues: {{topic: {}, readQueueNums: {read}, writeQueueNums: {write}, brokers: [{}]}}}}",
                scalar(&topic.name),
                names(survey, carried.iter().copied())
            ));
        }
    }
}
