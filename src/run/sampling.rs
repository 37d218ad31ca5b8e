//! The time series: what is read off the world at each sample time.

use super::observe::group::GroupTrack;
use super::outcome::{GroupSeries, Percentiles};
use super::world::World;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::consumer::Presence;
use crate::node::counters::Counter;
use crate::store::ids::{GroupIx, InstanceIx, QueueIx, TopicIx};

/// What is measured of a consumer instance.
#[derive(Clone, Debug, Default)]
pub(super) struct InstanceMeasures {
    /// Listener calls that returned.
    pub(super) consumed: u64,
    /// Duplicates among them.
    pub(super) duplicates: u64,
    /// Greatest number of cached messages seen.
    pub(super) cached_max: u64,
    /// Time the process ran.
    pub(super) alive: SimDuration,
    /// Since when it runs, while it does.
    pub(super) running_since: Option<SimTime>,
    /// Listener time at the last sample.
    busy_before: SimDuration,
    /// Whether it ran at the last sample.
    present_before: bool,
}

/// Counters at the last sample.
#[derive(Debug, Default)]
pub(super) struct SamplingState {
    pub(super) stored_before: Vec<u64>,
    returned_before: Vec<u64>,
    dead_before: Vec<u64>,
    failures_before: Vec<u64>,
    last: SimTime,
    /// Greatest lag and age at samples, per group.
    pub(super) lag_max: Vec<u64>,
    pub(super) lag_time_max: Vec<SimDuration>,
    /// Times at which latency percentiles are kept, for expectations.
    pub(super) latency_times: Vec<SimTime>,
    /// When the counts are kept.
    count_times: Vec<SimTime>,
}

impl SamplingState {
    pub(super) fn new(topics: usize, groups: usize, latency_times: Vec<SimTime>, count_times: Vec<SimTime>) -> Self {
        Self {
            stored_before: vec![0; topics],
            returned_before: vec![0; groups],
            dead_before: vec![0; groups],
            failures_before: vec![0; groups],
            last: SimTime::ZERO,
            lag_max: vec![0; groups],
            lag_time_max: vec![SimDuration::ZERO; groups],
            latency_times,
            count_times,
        }
    }
}

impl World {
    /// Takes a sample now.
    pub(super) fn sample(&mut self) {
        let now = self.now;
        for index in 0..self.processes.len() {
            self.settle(InstanceIx::new(index));
        }
        for host in &mut self.producers {
            let latency = &mut host.latency;
            host.path.take_answers(now, |time| latency.record(time.as_nanos()));
        }
        if self.plan.fallible {
            self.note_passed_over();
        }
        let window = now.since(self.sampling.last);
        self.sampling.last = now;
        self.series.times.push(now);
        self.sample_topics(window);
        for group in 0..self.groups.len() {
            self.sample_group(GroupIx::new(group), window);
        }
        for pair in 0..self.ledgers.len() {
            let lag = self.pair_lag(pair);
            self.series.queue_lag[pair].push(lag);
        }
        self.sample_instances(window);
        let stale = self.processes.iter().filter(|process| process.views.any_stale()).count();
        self.series.stale_views.push(stale as u32);
        if self.plan.fallible {
            self.sample_failures(window);
        }
        if self.has_transactions {
            let states = self.transaction_states();
            self.series.transactions.push(states);
            let checks = self.out.counters.get(Counter::TransactionChecks, None);
            self.series.transaction_checks.push(checks);
        }
        if self.sampling.count_times.contains(&now) {
            self.series.counters_at.push((self.series.times.len() - 1, self.counters_now()));
        }
        self.forget_facts();
        if self.check_every_sample {
            if self.plan.fallible {
                self.check_invariants();
            }
            self.check_conservation();
        }
        self.pending_max = self.pending_max.max(self.queue.len() as u64);
    }

    fn sample_topics(&mut self, window: SimDuration) {
        for topic in 0..self.plan.topics.len() {
            let stored = self.stored_of(TopicIx::new(topic));
            let before = std::mem::replace(&mut self.sampling.stored_before[topic], stored);
            self.series.stored_per_s[topic].1.push(per_second(stored.saturating_sub(before), window));
        }
    }

    fn sample_group(&mut self, group: GroupIx, window: SimDuration) {
        let (lag, lag_time) = (self.group_lag(group), self.group_lag_time(group));
        let GroupTrack { returned, consumed, .. } = self.groups[group.at()];
        let duplicates = self.groups[group.at()].duplicates_total();
        let latency = self.groups[group.at()].take_window();
        let retries = self.groups[group.at()].take_retries();
        let dead = self.out.counters.get(Counter::DeadLetters, Some(group));
        let dead_before = std::mem::replace(&mut self.sampling.dead_before[group.at()], dead);
        let failures = self.out.counters.get(Counter::Failures, Some(group));
        let failures_before = std::mem::replace(&mut self.sampling.failures_before[group.at()], failures);
        let before = std::mem::replace(&mut self.sampling.returned_before[group.at()], returned);
        self.sampling.lag_max[group.at()] = self.sampling.lag_max[group.at()].max(lag);
        self.sampling.lag_time_max[group.at()] = self.sampling.lag_time_max[group.at()].max(lag_time);
        let keep: Option<Percentiles> =
            self.sampling.latency_times.contains(&self.now).then(|| self.groups[group.at()].end_to_end());
        let index = self.series.times.len() - 1;
        let series: &mut GroupSeries = &mut self.series.groups[group.at()];
        series.lag.push(lag);
        series.lag_time.push(lag_time);
        series.consumed_per_s.push(per_second(returned - before, window));
        series.duplicates.push(duplicates);
        series.latency.push(latency);
        series.retries.push(retries);
        series.failures.push(failures - failures_before);
        series.dead_letters.push(dead - dead_before);
        series.consumed.push(consumed);
        series.latency_at.extend(keep.map(|percentiles| (index, percentiles)));
    }

    fn sample_instances(&mut self, window: SimDuration) {
        for (index, process) in self.processes.iter_mut().enumerate() {
            let present = process.consumer.presence() != Presence::Absent && !process.consumer.frozen();
            let workload = process.consumer.workload(self.now);
            let measures = &mut process.measures;
            let cached = workload.cached + workload.processing;
            measures.cached_max = measures.cached_max.max(cached);
            let group = self.plan.instances[index].group;
            self.out.counters.greatest(Counter::CachedMax, group, cached);
            self.out.counters.greatest(Counter::CachedBytesMax, group, workload.bytes);
            let busy = workload.busy.saturating_sub(measures.busy_before);
            measures.busy_before = workload.busy;
            let threads = u64::from(self.plan.instances[index].config.consume_thread_min);
            let seen = present || measures.present_before;
            measures.present_before = present;
            let utilisation = (seen && !window.is_zero())
                .then(|| busy.as_nanos() as f64 / (window.as_nanos() as f64 * threads as f64));
            self.series.utilisation[index].push(utilisation);
            self.series.owned[index].push(process.consumer.owned() as u32);
        }
    }

    /// Messages ever stored in a topic's logs that count, preloaded ones included.
    pub(super) fn stored_of(&self, topic: TopicIx) -> u64 {
        let queues = (0..self.directory.len()).map(QueueIx::new);
        let of_topic = queues.filter(|queue| self.directory.parts(*queue).topic == topic);
        of_topic.map(|queue| self.appended(queue) + self.failing.cut_off[queue.at()]).sum()
    }

    /// Messages of a pair's queue that the group has not consumed.
    pub(super) fn pair_lag(&self, pair: usize) -> u64 {
        let (_, queue) = self.pair_keys[pair];
        self.ledgers[pair].lag(self.appended(queue))
    }

    /// Unconsumed messages of a group.
    pub(super) fn group_lag(&self, group: GroupIx) -> u64 {
        self.pairs[group.at()].iter().filter(|pair| **pair != u32::MAX).map(|pair| self.pair_lag(*pair as usize)).sum()
    }

    /// Age of the oldest unconsumed message of a group.
    pub(super) fn group_lag_time(&self, group: GroupIx) -> SimDuration {
        self.pairs[group.at()]
            .iter()
            .filter(|pair| **pair != u32::MAX)
            .filter_map(|pair| {
                let ledger = &self.ledgers[*pair as usize];
                let (store, local) = self.store_of(self.pair_keys[*pair as usize].1);
                let first = ledger.first_unconsumed();
                if first >= store.appended_offset(local) {
                    return None;
                }
                store.message(local, first).map(|message| self.now.since(message.stored_at))
            })
            .max()
            .unwrap_or_default()
    }
}

pub(super) fn per_second(count: u64, window: SimDuration) -> f64 {
    if window.is_zero() { 0.0 } else { count as f64 / window.as_secs_f64() }
}
