//! Questions of ownership: who owned what at a time, and what changed since.

use super::Bounds;
use super::within;
use super::words::{self, Verdict, bounds_duration, bounds_u64, count, duration, duration_near};
use crate::kernel::time::{SimDuration, SimTime};
use crate::run::outcome::{Fact, Outcome, OwnInterval, QueueOwnership};
use crate::store::ids::{GroupIx, InstanceIx, QueueIx, TopicIx};

type Durations = (Option<SimDuration>, Option<SimDuration>);

/// A stretch of time.
type Stretch = (SimTime, SimTime);

/// When a queue had no owner in `[from, until)`, in order: no member's process queue existed. A frozen member's still
/// does.
#[must_use]
pub fn orphan_stretches(queue: &QueueOwnership, from: SimTime, until: SimTime) -> Vec<Stretch> {
    let covered = queue.intervals.iter().map(|interval| (interval.from, interval.to)).collect();
    gaps(covered, from, until)
}

/// When nobody worked on a queue in `[from, until)`, in order: it had no owner, or its owners were frozen.
#[must_use]
pub fn unserved_stretches(queue: &QueueOwnership, from: SimTime, until: SimTime) -> Vec<Stretch> {
    let awake = |interval: &OwnInterval| match interval.frozen {
        None => [(interval.from, interval.to), (interval.to, interval.to)],
        Some((froze, thawed)) => [(interval.from, froze), (thawed, interval.to)],
    };
    gaps(queue.intervals.iter().flat_map(awake).collect(), from, until)
}

/// What `covered` leaves of `[from, until)`.
fn gaps(mut covered: Vec<Stretch>, from: SimTime, until: SimTime) -> Vec<Stretch> {
    covered.sort_unstable();
    let mut gaps = Vec::new();
    let mut reached = from;
    for (begins, ends) in covered {
        if begins > reached && reached < until {
            gaps.push((reached, begins.min(until)));
        }
        reached = reached.max(ends);
    }
    if reached < until {
        gaps.push((reached, until));
    }
    gaps
}

/// A group at a time.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    pub(super) outcome: &'a Outcome,
    pub(super) group: GroupIx,
    pub(super) at: SimTime,
}

impl<'a> At<'a> {
    /// The group's queues of a topic, or of all its topics but its own retry topic.
    fn queues(self, topic: Option<TopicIx>) -> impl Iterator<Item = &'a QueueOwnership> {
        let plan = &self.outcome.plan;
        let own_retry = plan.groups[self.group.at()].retry_topic;
        let of_topic = move |queue: QueueIx| {
            let of_queue = plan.queues[queue.at()].topic;
            topic.map_or(Some(of_queue) != own_retry, |topic| of_queue == topic)
        };
        self.outcome.ownership.iter().filter(move |owned| owned.group == self.group && of_topic(owned.queue))
    }

    /// Those that exist at this time.
    fn existing(self, topic: Option<TopicIx>) -> impl Iterator<Item = &'a QueueOwnership> {
        self.queues(topic).filter(move |queue| self.spans(queue.exists_from, queue.exists_until))
    }

    /// Whether a stretch holds this time. What lasts to the end of the run lasts through it.
    fn spans(self, from: SimTime, to: SimTime) -> bool {
        from <= self.at && (self.at < to || to == self.outcome.end)
    }

    /// Intervals of a queue that hold this time.
    fn holders(self, queue: &'a QueueOwnership) -> impl Iterator<Item = &'a OwnInterval> {
        queue.intervals.iter().filter(move |interval| self.spans(interval.from, interval.to))
    }

    /// Whether the holder is frozen at this time.
    fn is_frozen(self, interval: &OwnInterval) -> bool {
        interval.frozen.is_some_and(|(froze, thawed)| self.spans(froze, thawed))
    }

    fn name(self, instance: InstanceIx) -> &'a str {
        &self.outcome.plan.instances[instance.at()].name
    }

    /// The queues of a topic that an instance owns, in its own view.
    fn owned_by(self, instance: InstanceIx, topic: Option<TopicIx>) -> Vec<QueueIx> {
        self.queues(topic)
            .filter(|queue| self.holders(queue).any(|interval| interval.instance == instance))
            .map(|queue| queue.queue)
            .collect()
    }

    fn members(self) -> impl Iterator<Item = InstanceIx> {
        let instances = self.outcome.plan.instances.iter().enumerate();
        instances.filter(move |(_, plan)| plan.group == self.group).map(|(index, _)| InstanceIx::new(index))
    }

    /// Members whose process runs at this time and is not frozen.
    fn running(self, topic: Option<TopicIx>) -> Vec<InstanceIx> {
        let mut running: Vec<bool> = self
            .outcome
            .plan
            .instances
            .iter()
            .map(|plan| plan.start.is_some_and(|(start, _)| start <= self.at))
            .collect();
        for record in self.outcome.facts.iter().take_while(|record| record.at <= self.at) {
            match record.fact {
                Fact::ClientStarted { instance, .. } | Fact::ClientThawed { instance, .. } => {
                    running[instance.at()] = true;
                }
                Fact::ClientStopped { instance, .. } => running[instance.at()] = false,
                _ => {}
            }
        }
        let subscribes = |instance: &InstanceIx| {
            topic.is_none_or(|topic| self.outcome.plan.instances[instance.at()].topics.contains(&topic))
        };
        self.members().filter(|instance| running[instance.at()]).filter(subscribes).collect()
    }

    /// When the group's first member starts; `None` when none ever does.
    fn first_start(self) -> Option<SimTime> {
        let planned = self.members().filter_map(|instance| self.outcome.plan.instances[instance.at()].start);
        let started = self.outcome.facts.iter().filter_map(|record| match record.fact {
            Fact::ClientStarted { group, .. } if group == self.group => Some(record.at),
            _ => None,
        });
        planned.map(|(start, _)| start).chain(started).min()
    }

    pub(super) fn allocation(self, topic: TopicIx, owners: &[(InstanceIx, Vec<QueueIx>)]) -> Verdict {
        let line = |instance: InstanceIx, queues: &[QueueIx]| {
            format!("{} {}", self.name(instance), words::queues(&self.outcome.plan, queues))
        };
        let expected: Vec<String> = owners.iter().map(|(instance, queues)| line(*instance, queues)).collect();
        let mut passed = true;
        let mut got = Vec::new();
        for instance in self.members() {
            let owned = self.owned_by(instance, Some(topic));
            let named = owners.iter().find(|(named, _)| *named == instance);
            let mut wanted = named.map_or_else(Vec::new, |(_, queues)| queues.clone());
            wanted.sort_unstable();
            passed &= owned == wanted;
            if named.is_some() || !owned.is_empty() {
                got.push(line(instance, &owned));
            }
        }
        Verdict::new(passed, expected.join("; "), got.join("; "))
    }

    pub(super) fn exactly_one_owner(self, topic: Option<TopicIx>) -> Verdict {
        let number = self.existing(topic).count() as u64;
        let wrong = self.not_one_owner(topic, |_| true);
        let got =
            if wrong.is_empty() { format!("{} with one owner", count(number, "queue")) } else { wrong.join("; ") };
        Verdict::new(wrong.is_empty(), format!("{} with one owner each", count(number, "queue")), got)
    }

    /// The queues without an owner and those with several, in words, counting the holders that `counts` lets pass.
    fn not_one_owner(self, topic: Option<TopicIx>, counts: impl Fn(&OwnInterval) -> bool) -> Vec<String> {
        let plan = &self.outcome.plan;
        let mut wrong = Vec::new();
        let mut orphans = Vec::new();
        for queue in self.existing(topic) {
            let mut holders: Vec<&OwnInterval> = self.holders(queue).filter(|interval| counts(interval)).collect();
            holders.sort_by_key(|interval| interval.instance);
            holders.dedup_by_key(|interval| interval.instance);
            match holders.len() {
                0 => orphans.push(queue.queue),
                1 => {}
                several => {
                    let name = |holder: &&OwnInterval| {
                        let frozen = if self.is_frozen(holder) { " (frozen)" } else { "" };
                        format!("{}{frozen}", self.name(holder.instance))
                    };
                    let names: Vec<String> = holders.iter().map(name).collect();
                    let queue = words::queues(plan, &[queue.queue]);
                    wrong.push(format!("{queue} has {several} owners: {}", names.join(", ")));
                }
            }
        }
        if !orphans.is_empty() {
            wrong.insert(0, format!("no owner: {}", words::queues(plan, &orphans)));
        }
        wrong
    }

    pub(super) fn balanced_within(self, topic: Option<TopicIx>, bound: u32) -> Verdict {
        let expected = format!("members differ by at most {}", count(u64::from(bound), "queue"));
        let load = |instance: InstanceIx| (self.owned_by(instance, topic).len() as u64, instance);
        let loads: Vec<(u64, InstanceIx)> = self.running(topic).into_iter().map(load).collect();
        let most = loads.iter().max_by_key(|(load, instance)| (*load, std::cmp::Reverse(*instance)));
        let Some((most, least)) = most.zip(loads.iter().min()) else {
            return Verdict::new(false, expected, "no member runs".to_owned());
        };
        let got = if most.0 == least.0 {
            format!("every member has {}", most.0)
        } else {
            format!("{} has {}, {} has {}", self.name(most.1), most.0, self.name(least.1), least.0)
        };
        Verdict::new(most.0 - least.0 <= u64::from(bound), expected, got)
    }

    pub(super) fn idle_consumers(self, exactly: u32) -> Verdict {
        let idle: Vec<&str> = self
            .running(None)
            .into_iter()
            .filter(|instance| self.owned_by(*instance, None).is_empty())
            .map(|instance| self.name(instance))
            .collect();
        let names = if idle.is_empty() { String::new() } else { format!(": {}", idle.join(", ")) };
        Verdict::new(
            idle.len() as u64 == u64::from(exactly),
            format!("exactly {}", count(u64::from(exactly), "idle member")),
            format!("{}{names}", count(idle.len() as u64, "idle member")),
        )
    }

    /// Each queue with the lengths of the stretches during which nobody worked on it.
    fn unserved(self, from: SimTime) -> Vec<(QueueIx, Vec<SimDuration>)> {
        let Some(start) = self.first_start() else { return Vec::new() };
        let stretches = |queue: &QueueOwnership| {
            let from = from.max(start).max(queue.exists_from);
            let until = self.at.min(queue.exists_until);
            unserved_stretches(queue, from, until).into_iter().map(|(begin, end)| end.since(begin)).collect()
        };
        self.queues(None).map(|queue| (queue.queue, stretches(queue))).collect()
    }

    pub(super) fn orphan_time(self, from: SimTime, bounds: Durations) -> Verdict {
        let total: SimDuration = self.unserved(from).into_iter().flat_map(|(_, stretches)| stretches).sum();
        let expected = format!("{} without an owner, over all queues", bounds_duration(bounds));
        Verdict::new(within(bounds, total), expected, near(total, bounds))
    }

    pub(super) fn longest_orphan(self, from: SimTime, bounds: Durations) -> Verdict {
        let longest = self
            .unserved(from)
            .into_iter()
            .filter_map(|(queue, stretches)| Some((stretches.into_iter().max()?, queue)));
        let longest = longest.max_by_key(|(length, queue)| (*length, std::cmp::Reverse(*queue)));
        let expected = format!("one queue without an owner for {}", bounds_duration(bounds));
        let (length, place) = match longest {
            Some((length, queue)) => (length, format!(" ({})", words::queues(&self.outcome.plan, &[queue]))),
            None => (SimDuration::ZERO, String::new()),
        };
        Verdict::new(within(bounds, length), expected, format!("{}{place}", near(length, bounds)))
    }

    pub(super) fn moved_queues(self, from: SimTime, bounds: Bounds) -> Verdict {
        let moves: u64 = self.queues(None).map(|queue| self.moves(queue, from)).sum();
        Verdict::new(within(bounds, moves), bounds_u64(bounds, "move"), count(moves, "move"))
    }

    /// Times since `from` that another owner than the last one took the queue.
    fn moves(self, queue: &QueueOwnership, from: SimTime) -> u64 {
        let begun = || queue.intervals.iter().filter(|interval| interval.from <= self.at);
        let pairs = begun().zip(begun().skip(1));
        pairs.filter(|(last, next)| next.instance != last.instance && next.from >= from).count() as u64
    }

    pub(super) fn stable_within(self, after: SimTime, until: Option<SimTime>, bounds: Durations) -> Verdict {
        let limit = until.map_or(self.at, |until| until.min(self.at));
        let counts =
            |at: &SimTime| *at >= after && (*at < limit || (until.is_none_or(|until| until > limit) && *at == limit));
        let changes = self.queues(None).flat_map(|queue| &queue.intervals).flat_map(|interval| {
            // What lasts to the end of the run was not given up.
            [Some(interval.from), (interval.to < self.outcome.end).then_some(interval.to)]
        });
        let settled = changes.flatten().filter(counts).max().map_or(SimDuration::ZERO, |last| last.since(after));
        let expected = format!("settled after {}, each queue with one owner", bounds_duration(bounds));
        // The next action has not yet had its effect just before it.
        let before_limit = if until == Some(limit) { limit.saturating_sub(SimDuration::from_nanos(1)) } else { limit };
        let then = Self { at: before_limit, ..self };
        let wrong = then.not_one_owner(None, |interval| !then.is_frozen(interval));
        let got = format!("settled after {}", near(settled, bounds));
        match wrong.is_empty() {
            true => Verdict::new(within(bounds, settled), expected, got),
            false => Verdict::new(false, expected, format!("{got}, then {}", wrong.join("; "))),
        }
    }
}

fn near(value: SimDuration, (least, most): Durations) -> String {
    let limits: Vec<SimDuration> = least.into_iter().chain(most).collect();
    if limits.is_empty() { duration(value) } else { duration_near(value, &limits) }
}
