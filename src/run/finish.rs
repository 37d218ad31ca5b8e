//! From a world at its end to an outcome.

use super::observe::group::{CAUSES, percentiles, time_average};
use super::outcome::{
    EngineStats, GroupOutcome, Imbalance, InstanceOutcome, Little, Outcome, ProducerOutcome, QueueOwnership,
};
use super::world::World;
use super::{RunError, expect};
use crate::kernel::time::SimDuration;
use crate::node::consumer::Presence;
use crate::node::counters::{Counter, Counters};
use crate::node::fact::DuplicateCause;
use crate::store::catalog::Catalog;
use crate::store::ids::{GroupIx, InstanceIx};

impl World {
    /// Freezes the world into an outcome; `keep` gets the catalog of its messages.
    ///
    /// # Errors
    /// A message in no place or in two.
    pub(super) fn finish_with<T>(mut self, keep: impl FnOnce(Catalog) -> T) -> Result<(Outcome, T), RunError> {
        // What happened at the very end came after the last sample.
        for index in 0..self.processes.len() {
            self.settle(InstanceIx::new(index));
        }
        if self.check_every_sample && self.plan.fallible {
            self.check_invariants();
        }
        self.check_conservation();
        if let Some(violation) = self.violation.take() {
            return Err(violation);
        }
        self.measure_retention();
        for index in 0..self.processes.len() {
            self.close_alive(index);
        }
        let conservation = self.conservation();
        let ownership = self.finish_ownership();
        let failures = self.finish_failures(&ownership);
        let groups = (0..self.groups.len()).map(|group| self.finish_group(GroupIx::new(group), &ownership)).collect();
        let producers = (0..self.producers.len()).map(|producer| self.finish_producer(producer)).collect();
        self.forget_facts();
        let mut facts = std::mem::take(&mut self.facts);
        facts.sort_by_key(|record| record.at);
        let engine = EngineStats {
            events: self.events,
            pending_max: self.pending_max,
            retained_messages_max: self.retention.messages_max,
            retained_bytes_max: self.retention.bytes_max,
        };
        let end = self.end;
        let brokers = &self.brokers;
        let expires = |group, queue| {
            let entry = brokers[self.directory.parts(queue).broker.at()].broker.lock_entry(group, queue);
            entry.map(|entry| entry.expires())
        };
        let locks = std::mem::take(&mut self.locks).finish(end, expires);
        let counters = self.counters_now();
        let instances = self.finish_instances();
        let transactions = self.transaction_states();
        let kept = keep(std::mem::take(&mut self.out.catalog));
        let mut outcome = Outcome {
            plan: self.plan,
            version: env!("CARGO_PKG_VERSION"),
            digest: self.digest.value(),
            end: self.end,
            facts,
            ownership,
            locks,
            instances,
            groups,
            producers,
            series: self.series,
            conservation,
            losses: std::mem::take(&mut self.losses),
            transactions,
            failures,
            counters,
            delay_lateness: self.copies.lateness(),
            delay_by_level: self.copies.by_level(),
            engine,
            expectations: Vec::new(),
        };
        outcome.expectations = expect::evaluate(&outcome);
        Ok((outcome, kept))
    }

    /// The counts so far, with those that are read off the ledgers.
    pub(super) fn counters_now(&self) -> Counters {
        let mut counters = self.out.counters.clone();
        for (pair, (group, queue)) in self.pair_keys.iter().enumerate() {
            let ledger = &self.ledgers[pair];
            let (filtered, lost) = ledger.filtered();
            let over = ledger.passed_over();
            counters.add(Counter::Skipped, *group, ledger.skipped(self.appended(*queue)) - filtered - lost - over);
            counters.add_to_cluster(Counter::PassedOver, over);
            counters.add(Counter::Filtered, *group, filtered);
            counters.add(Counter::Lost, *group, lost);
        }
        if self.plan.fallible {
            let (failed_but_stored, stored_twice) = self.stored_against_belief();
            counters.add_to_cluster(Counter::FailedButStored, failed_but_stored);
            counters.add_to_cluster(Counter::StoredTwice, stored_twice);
        }
        counters
    }

    fn close_alive(&mut self, index: usize) {
        let now = self.now;
        let measures = &mut self.processes[index].measures;
        if let Some(since) = measures.running_since.take() {
            measures.alive += now.since(since);
        }
    }

    fn finish_ownership(&mut self) -> Vec<QueueOwnership> {
        let tracks = std::mem::take(&mut self.ownership);
        let (first_start, end) = (&self.first_start, self.end);
        tracks
            .into_iter()
            .zip(&self.pair_keys)
            .map(|(track, (group, _))| track.finish(first_start[group.at()].unwrap_or(end), end))
            .collect()
    }

    fn finish_instances(&mut self) -> Vec<InstanceOutcome> {
        let end = self.end;
        self.processes
            .drain(..)
            .map(|process| {
                let measures = process.measures;
                let counters = process.consumer.counters;
                let threads = process.consumer.threads() as f64;
                let busy = process.consumer.workload(end).busy;
                let alive = measures.alive.as_secs_f64() * threads;
                let [route_stale, members_stale, queues_stale] = process.views.finish(end);
                InstanceOutcome {
                    consumed: measures.consumed,
                    duplicates: measures.duplicates,
                    alive: measures.alive,
                    utilisation: if alive > 0.0 { busy.as_secs_f64() / alive } else { 0.0 },
                    rebalances_changed: counters.rebalances_changed,
                    rebalances: counters.rebalances,
                    notices: counters.notices,
                    cached_max: measures.cached_max,
                    pulls_found: counters.pulls_found,
                    pulls_empty: counters.pulls_empty,
                    flow_controlled: counters.flow_controlled,
                    route_stale,
                    members_stale,
                    queues_stale,
                }
            })
            .collect()
    }

    fn finish_group(&self, group: GroupIx, ownership: &[QueueOwnership]) -> GroupOutcome {
        let track = &self.groups[group.at()];
        let owned = || ownership.iter().filter(|owned| owned.group == group);
        GroupOutcome {
            consumed: track.consumed,
            delivered: track.delivered,
            attempts: track.attempts(),
            duplicates: causes(&track.duplicates),
            latency: track.latency.finish(),
            lag: self.group_lag(group),
            lag_max: self.sampling.lag_max[group.at()],
            lag_time: self.group_lag_time(group),
            lag_time_max: self.sampling.lag_time_max[group.at()],
            orphan: owned().map(|queue| queue.orphan).sum(),
            longest_orphan: owned().map(|queue| queue.longest_orphan).max().unwrap_or_default(),
            double_owner: owned().map(|queue| queue.double_owner).sum(),
            moves: owned().map(|queue| u64::from(queue.moves)).sum(),
            imbalance: self.imbalance(group),
            little: self.little(group),
        }
    }

    /// Over members that ran at all.
    fn imbalance(&self, group: GroupIx) -> Imbalance {
        let consumed: Vec<f64> = self
            .processes
            .iter()
            .enumerate()
            .filter(|(index, process)| {
                self.plan.instances[*index].group == group && process.measures.alive > SimDuration::ZERO
            })
            .map(|(_, process)| process.measures.consumed as f64)
            .collect();
        let sum: f64 = consumed.iter().sum();
        if consumed.is_empty() || sum == 0.0 {
            return Imbalance { max_over_mean: 1.0, jain: 1.0 };
        }
        let greatest = consumed.iter().copied().fold(0.0, f64::max);
        let squares: f64 = consumed.iter().map(|load| load * load).sum();
        let members = consumed.len() as f64;
        Imbalance { max_over_mean: greatest * members / sum, jain: sum * sum / (members * squares) }
    }

    /// L by counts: the integral of (stored − consumed) from the times of appends and ends alone. λW by messages: the time
    /// each one spent between its own append and end, unfinished ones up to now.
    fn little(&self, group: GroupIx) -> Little {
        if self.cut_off() > 0 {
            // Messages that came and are gone have no place in the law.
            return Little::default();
        }
        let now = u128::from(self.end.as_nanos());
        let track = &self.groups[group.at()];
        let (mut appended, mut sum_of_appends, mut unfinished) = (0u128, 0u128, 0u128);
        for (pair, (_, queue)) in self.pair_keys.iter().enumerate().filter(|(_, (of, _))| *of == group) {
            let ledger = &self.ledgers[pair];
            let (store, local) = self.store_of(*queue);
            let end = store.appended_offset(local);
            let skipped = ledger.skipped(end);
            appended += u128::from(end - skipped);
            let skipped_appends = self.skip_sums[pair] + ledger.passed_appends();
            sum_of_appends += store.append_sum(local).saturating_sub(skipped_appends);
            for offset in ledger.first_unconsumed()..end {
                if !ledger.is_consumed(offset)
                    && !ledger.is_passed(offset)
                    && let Some(message) = store.message(local, offset)
                {
                    unfinished += now - u128::from(message.stored_at.as_nanos());
                }
            }
        }
        let arrivals = (appended * now).saturating_sub(sum_of_appends);
        let departures = (u128::from(track.departed) * now).saturating_sub(track.sum_of_ends);
        Little {
            mean_in_system: time_average(arrivals.saturating_sub(departures), self.end),
            rate_times_time: time_average(track.time_in_system + unfinished, self.end),
        }
    }

    fn finish_producer(&self, producer: usize) -> ProducerOutcome {
        let host = &self.producers[producer];
        let (accepted, failed, retries) = match self.failing.ends.get(producer) {
            Some(ends) => (ends.accepted, ends.failed, ends.retries),
            None => (host.path.accepted, host.path.failed, host.path.retries),
        };
        ProducerOutcome {
            offered: host.path.producer.calls,
            accepted,
            failed,
            retries,
            latency: percentiles(&host.latency),
        }
    }

    /// Keeps how long a process runs: it started, stopped, froze or goes on.
    pub(super) fn note_presence(&mut self, instance: InstanceIx) {
        let now = self.now;
        let process = &mut self.processes[instance.at()];
        let presence = process.consumer.presence();
        let runs = matches!(presence, Presence::Starting | Presence::Running) && !process.consumer.frozen();
        let measures = &mut process.measures;
        match (runs, measures.running_since) {
            (true, None) => measures.running_since = Some(now),
            (false, Some(since)) => {
                measures.alive += now.since(since);
                measures.running_since = None;
            }
            _ => {}
        }
    }
}

/// Duplicates by cause; those that only a reset or a lost offset file brings about are listed when there are any.
fn causes(duplicates: &[u64; CAUSES.len()]) -> Vec<(DuplicateCause, u64)> {
    let counts = CAUSES.into_iter().map(|cause| (cause, duplicates[cause as usize]));
    let rare = |cause| matches!(cause, DuplicateCause::OffsetReset | DuplicateCause::StartedOver);
    counts.filter(|(cause, count)| *count > 0 || !rare(*cause)).collect()
}
