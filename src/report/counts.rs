//! The counters in words, and the sentences that a loss deserves.

use super::human::{clean, count, counted};
use super::names::Names;
use super::table::Tone;
use crate::run::outcome::{COUNTERS, Counter, GroupOutcome, Outcome};
use crate::scenario::plan::ExpressionPlan;
use crate::store::ids::{GroupIx, InstanceIx, TopicIx};

/// Every counter, in its order.
pub const ALL: [Counter; COUNTERS] = [
    Counter::Failures,
    Counter::SentBack,
    Counter::LocalRetries,
    Counter::Retries,
    Counter::DeadLetters,
    Counter::Dropped,
    Counter::ConsumeTimeouts,
    Counter::Lost,
    Counter::Filtered,
    Counter::ClientFiltered,
    Counter::OrderViolations,
    Counter::LocksDenied,
    Counter::Suspensions,
    Counter::Skipped,
    Counter::OffsetsBack,
    Counter::FlowControlled,
    Counter::CachedMax,
    Counter::CachedBytesMax,
    Counter::HalfMessages,
    Counter::Committed,
    Counter::RolledBack,
    Counter::TransactionChecks,
    Counter::Discarded,
    Counter::LostEnds,
    Counter::DelayedDelivered,
    Counter::SendsOk,
    Counter::SendsNotOk,
    Counter::SendsFailed,
    Counter::FailedButStored,
    Counter::StoredTwice,
    Counter::SendRetries,
    Counter::Truncated,
    Counter::AcknowledgedLost,
    Counter::StaleDeliveries,
    Counter::PassedOver,
    Counter::SendsBusy,
    Counter::Elections,
    Counter::ScaleActions,
];

/// Whether a count is about the life of single messages; the others have their places in the tables of every run.
#[must_use]
pub fn is_told(counter: Counter) -> bool {
    !matches!(
        counter,
        Counter::Skipped
            | Counter::OffsetsBack
            | Counter::FlowControlled
            | Counter::CachedMax
            | Counter::CachedBytesMax
    )
}

/// The told counters that are counted per group.
pub fn told_of_groups() -> impl Iterator<Item = Counter> {
    ALL.into_iter().filter(|counter| is_told(*counter) && counter.is_of_groups())
}

/// What a count counts, and how bad it is that there are any.
#[must_use]
pub fn words(counter: Counter) -> (&'static str, Tone) {
    match counter {
        Counter::Failures => ("messages in listener calls that failed", Tone::Warn),
        Counter::SentBack => ("taken back by a broker for another attempt", Tone::Plain),
        Counter::LocalRetries => ("kept by the consumer, because no broker took them back", Tone::Warn),
        Counter::Retries => ("delivered from the retry topic", Tone::Plain),
        Counter::DeadLetters => ("given up and stored among the dead letters", Tone::Bad),
        Counter::Dropped => ("dropped after a failure, as broadcasting does", Tone::Bad),
        Counter::ConsumeTimeouts => ("sent back because the listener took longer than consumeTimeout", Tone::Warn),
        Counter::Lost => ("wanted by a member and given to nobody", Tone::Bad),
        Counter::Filtered => ("passed over by a filter, wanted by nobody", Tone::Plain),
        Counter::ClientFiltered => ("dropped by a consumer's own filter", Tone::Plain),
        Counter::OrderViolations => ("delivered out of the order of their key", Tone::Bad),
        Counter::LocksDenied => ("requests for a queue's lock that were denied", Tone::Warn),
        Counter::Suspensions => ("pauses of an orderly queue after a failure", Tone::Warn),
        Counter::Skipped => ("before the offset from which the group began", Tone::Plain),
        Counter::OffsetsBack => ("stored offsets that moved backwards", Tone::Warn),
        Counter::FlowControlled => ("pulls put off by flow control", Tone::Warn),
        Counter::CachedMax => ("most messages cached by one member", Tone::Plain),
        Counter::CachedBytesMax => ("most bytes cached by one member", Tone::Plain),
        Counter::HalfMessages => ("half messages stored", Tone::Plain),
        Counter::Committed => ("transactions committed", Tone::Plain),
        Counter::RolledBack => ("transactions rolled back", Tone::Plain),
        Counter::TransactionChecks => ("checks sent to producers", Tone::Plain),
        Counter::Discarded => ("transactions given up after too many checks", Tone::Bad),
        Counter::LostEnds => ("decisions on transactions that got lost", Tone::Warn),
        Counter::DelayedDelivered => ("delayed messages delivered", Tone::Plain),
        Counter::SendsOk => ("sends answered with SEND_OK", Tone::Plain),
        Counter::SendsNotOk => ("sends stored, but not flushed or replicated in time", Tone::Warn),
        Counter::SendsFailed => ("sends that ended in an exception", Tone::Bad),
        Counter::FailedButStored => ("failed sends whose message is stored all the same", Tone::Warn),
        Counter::StoredTwice => ("messages stored again by a retry of their send", Tone::Warn),
        Counter::SendRetries => ("attempts of sends beyond the first", Tone::Plain),
        Counter::Truncated => ("messages cut off from a log that counts", Tone::Bad),
        Counter::AcknowledgedLost => ("acknowledged messages that were lost", Tone::Bad),
        Counter::StaleDeliveries => ("deliveries of messages that no log has any more", Tone::Warn),
        Counter::PassedOver => ("messages that an offset pointed past, given to nobody", Tone::Bad),
        Counter::SendsBusy => ("sends refused because a broker was busy", Tone::Warn),
        Counter::Elections => ("leaders elected", Tone::Plain),
        Counter::ScaleActions => ("members started or stopped by an autoscaler", Tone::Plain),
    }
}

/// Deliveries of messages that had failed before.
#[must_use]
pub fn retried(group: &GroupOutcome) -> u64 {
    group.attempts.iter().skip(1).sum()
}

/// Messages lost by all groups.
#[must_use]
pub fn lost(outcome: &Outcome) -> u64 {
    outcome.losses.iter().map(|loss| loss.messages).sum()
}

/// What a reader must not overlook, a sentence for each group that lost messages: how many, who filtered them, by what.
#[must_use]
pub fn warnings(outcome: &Outcome) -> Vec<String> {
    let names = Names::new(&outcome.plan);
    (0..outcome.groups.len()).filter_map(|group| loss_of(outcome, &names, GroupIx::new(group))).collect()
}

fn loss_of(outcome: &Outcome, names: &Names<'_>, group: GroupIx) -> Option<String> {
    let mut topics: Vec<TopicIx> = Vec::new();
    let mut sides = [(0u64, Vec::<InstanceIx>::new()), (0, Vec::new())];
    for loss in outcome.losses.iter().filter(|loss| loss.group == group && loss.messages > 0) {
        topics.extend(outcome.plan.queues.get(loss.queue.at()).map(|key| key.topic));
        let (n, who) = &mut sides[usize::from(loss.by_client)];
        *n += loss.messages;
        who.push(loss.instance);
    }
    topics.sort_unstable();
    topics.dedup();
    for (_, who) in &mut sides {
        who.sort_unstable();
        who.dedup();
    }
    let [(by_broker, served), (by_client, droppers)] = sides;
    if by_broker + by_client == 0 {
        return None;
    }
    let mut parts = Vec::new();
    if by_broker > 0 {
        parts.push(format!(
            "the broker left {} out of the pulls of {}, by the subscription that another member had set last",
            count(by_broker),
            names.instances(&served)
        ));
    }
    if by_client > 0 {
        let own = if droppers.len() == 1 { "its own subscription" } else { "their own subscriptions" };
        parts.push(format!("{} dropped {} by {own}", names.instances(&droppers), count(by_client)));
    }
    let of: Vec<String> = topics.iter().map(|topic| names.topic(*topic)).collect();
    let mut text = format!(
        "{} lost {} of {}: {}.",
        names.group(group),
        counted(by_broker + by_client, "message", "messages"),
        of.join(", "),
        parts.join("; ")
    );
    for topic in topics {
        text.push_str(&disagreement(outcome, names, group, topic));
    }
    Some(text)
}

/// Who subscribes a topic with what, when not all members agree.
fn disagreement(outcome: &Outcome, names: &Names<'_>, group: GroupIx, topic: TopicIx) -> String {
    let plan = &outcome.plan;
    let mut wants: Vec<(Option<&ExpressionPlan>, Vec<InstanceIx>)> = Vec::new();
    for (index, member) in plan.instances.iter().enumerate().filter(|(_, member)| member.group == group) {
        let place = member.topics.iter().position(|of| *of == topic);
        let expression = place.and_then(|place| plan.expressions.get(member.expressions.get(place)?.at()));
        match wants.iter_mut().find(|(other, _)| *other == expression) {
            Some((_, who)) => who.push(InstanceIx::new(index)),
            None => wants.push((expression, vec![InstanceIx::new(index)])),
        }
    }
    if wants.len() < 2 {
        return String::new();
    }
    let parts: Vec<String> = wants
        .into_iter()
        .map(|(expression, who)| {
            let what = match expression {
                None => "none of it".to_owned(),
                Some(ExpressionPlan::Tag(tags)) => format!("\"{}\"", clean(tags)),
                Some(ExpressionPlan::Sql92(sql)) => format!("SQL92 \"{}\"", clean(sql)),
            };
            format!("{what} by {}", names.instances(&who))
        })
        .collect();
    format!(" {} is subscribed as {}.", names.topic(topic), parts.join(", as "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_counters_is_complete_and_in_order() {
        for (place, counter) in ALL.into_iter().enumerate() {
            assert_eq!(counter as usize, place);
        }
    }
}
