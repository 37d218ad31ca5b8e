//! Questions of outages: how long sends, deliveries and masters were missing, and how far replicas were behind.

use super::words::{self, Verdict, bounds_duration, bounds_u64, count, duration};
use super::{Bounds, within};
use crate::kernel::time::{SimDuration, SimTime};
use crate::run::observe::masters::{leaderless, longest};
use crate::run::outcome::Outcome;
use crate::store::ids::{BrokerIx, GroupIx, TopicIx};

type Durations = (Option<SimDuration>, Option<SimDuration>);

/// A run up to a time.
#[derive(Clone, Copy)]
pub(super) struct Outages<'a> {
    pub(super) outcome: &'a Outcome,
    pub(super) at: SimTime,
}

impl Outages<'_> {
    fn clipped(self, from: SimTime, to: SimTime) -> SimDuration {
        to.min(self.at).since(from.min(self.at))
    }

    fn verdict(expected: String, bounds: Durations, value: SimDuration, place: &str) -> Verdict {
        Verdict::new(within(bounds, value), expected, format!("{}{place}", near(value, bounds)))
    }

    /// All time in which no send of a topic succeeded.
    pub(super) fn sends(self, topic: TopicIx, bounds: Durations) -> Verdict {
        let gaps = || {
            let of_topic = self.outcome.failures.send_gaps.iter();
            of_topic.filter(|gap| gap.topic == topic && gap.name.is_none() && gap.from < self.at)
        };
        let total: SimDuration = gaps().map(|gap| self.clipped(gap.from, gap.to)).sum();
        let name = &self.outcome.plan.topics[topic.at()].name;
        let expected = format!("no send to {name} succeeded for {}", bounds_duration(bounds));
        let gaps = gaps().count() as u64;
        let place = if gaps > 1 { format!(" in {}", count(gaps, "outage")) } else { String::new() };
        Self::verdict(expected, bounds, total, &place)
    }

    /// The longest time in which a queue with messages delivered none.
    pub(super) fn deliveries(self, group: GroupIx, topic: Option<TopicIx>, bounds: Durations) -> Verdict {
        let plan = &self.outcome.plan;
        let own_retry = plan.groups[group.at()].retry_topic;
        let asked = |of: TopicIx| topic.map_or(Some(of) != own_retry, |topic| topic == of);
        let gaps = self.outcome.failures.consume_gaps.iter();
        let gaps = gaps.filter(|gap| gap.group == group && asked(plan.queues[gap.queue.at()].topic));
        let longest = gaps
            .filter(|gap| gap.from < self.at)
            .map(|gap| (self.clipped(gap.from, gap.to), gap.queue))
            .max_by_key(|(length, queue)| (*length, std::cmp::Reverse(*queue)));
        let expected = format!("one queue without a delivery for {}", bounds_duration(bounds));
        match longest {
            Some((length, queue)) => {
                let place = format!(" ({})", words::queues(plan, &[queue]));
                Self::verdict(expected, bounds, length, &place)
            }
            None => Self::verdict(expected, bounds, SimDuration::ZERO, ""),
        }
    }

    /// The longest time in which a broker name had no master.
    pub(super) fn masters(self, name: BrokerIx, bounds: Durations) -> Verdict {
        let stretches = leaderless(&self.outcome.failures.masters, name, self.at);
        let of_name = &self.outcome.plan.brokers[name.at()].name;
        let expected = format!("{of_name} without a master for {}", bounds_duration(bounds));
        Self::verdict(expected, bounds, longest(&stretches), "")
    }

    /// The most that a replica of a broker name was behind, at samples.
    pub(super) fn replicas(self, name: BrokerIx, bounds: Bounds) -> Verdict {
        let plan = &self.outcome.plan;
        let series = &self.outcome.series;
        let samples = series.times.partition_point(|time| *time <= self.at);
        let name_of = |process: usize| match process.checked_sub(plan.brokers.len()) {
            Some(replica) => plan.replicas.get(replica).map(|replica| replica.broker),
            None => Some(BrokerIx::new(process)),
        };
        let lags = series.failures.replication_lag.iter().enumerate();
        let of_name = lags.filter(|(process, _)| name_of(*process) == Some(name));
        let most = of_name.flat_map(|(_, lags)| lags.iter().take(samples)).max().copied().unwrap_or(0);
        let expected =
            format!("a replica of {} behind by {}", plan.brokers[name.at()].name, bounds_u64(bounds, "byte"));
        Verdict::new(within(bounds, most), expected, count(most, "byte"))
    }
}

fn near(value: SimDuration, (least, most): Durations) -> String {
    let limits: Vec<SimDuration> = least.into_iter().chain(most).collect();
    if limits.is_empty() { duration(value) } else { words::duration_near(value, &limits) }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::fixture::{GROUP, TOPIC, at, outcome, secs};
    use crate::run::outcome::{ConsumeGap, Counter, MasterInterval, Outcome, SendGap};
    use crate::scenario::plan::{Check, TopicPlan};
    use crate::store::ids::{BrokerIx, QueueIx, TopicIx};

    const A: BrokerIx = BrokerIx(0);

    fn says(verdict: (bool, String, String), passed: bool, expected: &str, got: &str) {
        assert_eq!(verdict, (passed, expected.to_owned(), got.to_owned()));
    }

    fn run() -> Outcome {
        let mut run = outcome(3, 1);
        let send = |name, from, to| SendGap { topic: TOPIC, name, from: at(from), to: at(to), failed: 1 };
        run.failures.send_gaps = vec![send(None, 10, 14), send(Some(A), 20, 90), send(None, 40, 46)];
        let gap = |queue, from, to| ConsumeGap { group: GROUP, queue: QueueIx(queue), from: at(from), to: at(to) };
        run.failures.consume_gaps = vec![gap(0, 10, 15), gap(2, 10, 22), gap(1, 50, 62)];
        let master = |from, to| MasterInterval { name: A, process: A, from: at(from), to: at(to) };
        run.failures.masters = vec![master(2, 10), master(37, 80), master(85, 100)];
        run.series.failures.replication_lag = vec![vec![0; 11], (0..=10).map(|sample| sample * 100).collect()];
        run
    }

    #[test]
    fn the_outages_of_sends_add_up_and_those_of_one_name_do_not_count() {
        let check = |at_most| Check::SendOutage { topic: TOPIC, at_least: Some(secs(5)), at_most: Some(secs(at_most)) };
        let expected = "no send to t succeeded for 5 s to 10 s";
        says(run().check(None, check(10)), true, expected, "10 s in 2 outages");
        says(run().check(Some(42), check(10)), true, expected, "6 s in 2 outages");
        says(run().check(Some(30), check(10)), false, expected, "4 s");
        assert!(!run().check(None, check(9)).0);
    }

    #[test]
    fn the_longest_pause_of_a_queue_is_named() {
        let check = |topic| Check::ConsumeOutage { group: GROUP, topic, at_least: None, at_most: Some(secs(11)) };
        let expected = "one queue without a delivery for at most 11 s";
        says(run().check(None, check(None)), false, expected, "12 s (q1)");
        says(run().check(Some(20), check(Some(TOPIC))), true, expected, "10 s (q2)");
        let mut run = run();
        let plan = Arc::make_mut(&mut run.plan);
        plan.topics.push(TopicPlan { name: "u".to_owned(), ..plan.topics[0].clone() });
        says(run.check(None, check(Some(TopicIx(1)))), true, expected, "0 s");
    }

    #[test]
    fn a_name_is_without_a_master_from_the_end_of_one_to_the_next() {
        let check = |at_most| Check::LeaderlessTime { broker: A, at_least: None, at_most: Some(secs(at_most)) };
        says(run().check(None, check(27)), true, "broker-a without a master for at most 27 s", "27 s");
        says(run().check(None, check(26)), false, "broker-a without a master for at most 26 s", "27 s");
        says(run().check(Some(20), check(26)), true, "broker-a without a master for at most 26 s", "10 s");
    }

    #[test]
    fn replicas_are_looked_at_until_the_time_of_the_check() {
        let mut run = run();
        let replica = crate::scenario::plan::ReplicaPlan {
            label: "broker-a/1".to_owned(),
            broker: A,
            id: 1,
            config: run.plan.brokers[0].config.clone(),
            start_at: at(0),
            nameservers: Vec::new(),
        };
        Arc::make_mut(&mut run.plan).replicas.push(replica);
        let check = Check::ReplicationLag { broker: A, at_least: None, at_most: Some(500) };
        let expected = "a replica of broker-a behind by at most 500 bytes";
        says(run.check(Some(50), check.clone()), true, expected, "500 bytes");
        says(run.check(None, check), false, expected, "1000 bytes");
    }

    #[test]
    fn acknowledged_messages_that_were_lost_are_counted() {
        let mut run = run();
        run.counters.add_to_cluster(Counter::AcknowledgedLost, 3);
        let check = Check::AcknowledgedLost { at_least: None, at_most: Some(0) };
        says(run.check(None, check), false, "at most 0 lost acknowledged messages", "3 lost acknowledged messages");
    }
}
