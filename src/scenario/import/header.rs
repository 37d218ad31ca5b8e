//! The comment at the top of an imported scenario: where it comes from, what is known, what is left out.

use super::BrokerFiles;
use super::quote::{Lines, plain, some_of};
use super::settings::{in_words, unusual};
use super::survey::Survey;

/// Groups that are listed one by one.
const LISTED: usize = 20;

pub(super) fn header(lines: &mut Lines, survey: &Survey, files: &[BrokerFiles]) {
    lines.comment(0, "Made by `rocketmq-sim import` from the configuration of:");
    for (broker, files) in survey.brokers.iter().zip(files) {
        let sources: Vec<String> = files.sources.iter().map(|source| plain(source)).collect();
        lines.comment(0, &format!("- {}: {}", plain(broker), sources.join(", ")));
    }
    lines.line("#");
    lines.comment(
        0,
        "The files tell topics, queues, groups, and how far each group is. They do not tell rates and sizes of \
        messages, members of the groups and their time per message: what stands here for these is marked PLACEHOLDER.",
    );
    lines.comment(
        0,
        "Nor do they tell where the queues end. A backlog is known only as far as another group is ahead in the \
        same queue; the real one may be larger.",
    );
    if files.iter().all(|files| files.offsets.is_none()) {
        lines.comment(0, "Without a consumerOffset.json nobody knows which group consumes what.");
    }
    left_out(lines, survey);
}

fn left_out(lines: &mut Lines, survey: &Survey) {
    let left = &survey.left;
    let sets = [
        ("topics of RocketMQ itself", &left.system_topics),
        ("retry topics, which the simulator makes for every group", &left.retry_topics),
        ("dead-letter topics", &left.dlq_topics),
        (
            "topics that nobody can use: no queues, no permission, or a name that RocketMQ refuses",
            &left.unusable_topics,
        ),
        ("groups of RocketMQ itself", &left.system_groups),
        ("groups with a name that RocketMQ refuses", &left.unusable_groups),
        ("groups that consumed least, since a scenario has at most 250", &left.surplus_groups),
        ("offsets of topics that no topics.json has", &left.loose_offsets),
    ];
    if sets.iter().any(|(_, names)| !names.is_empty()) {
        lines.line("#");
        lines.comment(0, "Left out:");
    }
    for (what, names) in sets.iter().filter(|(_, names)| !names.is_empty()) {
        lines.comment(0, &format!("- {what} ({}): {}", names.len(), some_of(names.iter().map(String::as_str))));
    }
    if left.idle_groups.is_empty() {
        return;
    }
    lines.line("#");
    lines.comment(0, "Groups without an offset in any topic of this file; nobody knows what they consume:");
    for (name, config) in left.idle_groups.iter().take(LISTED) {
        let settings = unusual(config);
        let words = if settings.is_empty() { "usual settings".to_owned() } else { in_words(&settings) };
        lines.comment(0, &format!("- {}: {words}", plain(name)));
    }
    if left.idle_groups.len() > LISTED {
        lines.comment(0, &format!("- and {} more", left.idle_groups.len() - LISTED));
    }
}
