//! Facts gathered into entries, before words are found for them.

use std::collections::BTreeMap;

use super::wave::Wave;
use crate::kernel::time::{SimDuration, SimTime};
use crate::run::outcome::{ExpiryCause, Fact, Outcome, RebalanceTrigger, RouteOwner, StopKind};
use crate::store::ids::{BrokerIx, GroupIx, InstanceIx, NameserverIx, ProducerIx, QueueIx, TopicIx};

/// Facts of one sort this close together are one entry.
const GAP: SimDuration = SimDuration::from_secs(2);

/// An entry in the making.
pub(super) struct Draft {
    pub(super) at: SimTime,
    pub(super) until: SimTime,
    pub(super) what: What,
}

/// What it gathers.
pub(super) enum What {
    /// Plan timeline indices that took effect together, and what the processes did at once.
    Action { actions: Vec<u32>, processes: Vec<(SimTime, InstanceIx, Process)> },
    /// Processes without an action of their own.
    Process { process: Process, who: Vec<InstanceIx> },
    /// A rebalance wave of a group.
    Wave(Wave),
    /// Rebalances that found nothing to change.
    Quiet { group: GroupIx, count: u64, unanswered: u64, by_timer: u64 },
    /// A broker tells members.
    Notice { broker: BrokerIx, group: GroupIx, who: Vec<InstanceIx> },
    /// A broker registers members.
    Registered { broker: BrokerIx, group: GroupIx, who: Vec<InstanceIx>, members: u32 },
    /// A broker forgets members.
    Expired { broker: BrokerIx, group: GroupIx, cause: ExpiryCause, who: Vec<InstanceIx>, notified: u32 },
    /// Clients store a new route.
    Route { topic: TopicIx, queues: u32, who: Vec<InstanceIx>, producers: Vec<ProducerIx> },
    /// A nameserver learns something new of brokers.
    BrokerRegistered { nameserver: NameserverIx, who: Vec<BrokerIx> },
    /// A stored offset moved back.
    OffsetBack { group: GroupIx, times: u64, instance: InstanceIx, queue: QueueIx, from: u64, to: u64 },
    /// Queue counts changed.
    Queues { topic: TopicIx, broker: BrokerIx, read: u32, write: u32 },
    /// Rates were set.
    Rate { who: Vec<ProducerIx>, rate: f64 },
    /// A service time was set.
    Service { group: GroupIx },
    /// Sends failed for good.
    SendFailed { count: u64, who: Vec<ProducerIx> },
}

/// What a process did.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Process {
    Started,
    Stopped(StopKind),
    Thawed,
}

/// What makes two facts one entry: a sort and up to three ids.
type Key = (u8, u32, u32, u32);

/// Gathers all facts of a run into drafts, in the order of their first facts.
pub(super) fn collect(outcome: &Outcome) -> Vec<Draft> {
    let mut collector = Collector { drafts: Vec::new(), reset: BTreeMap::new(), open: BTreeMap::new() };
    for record in &outcome.facts {
        collector.take(record.at, &record.fact);
    }
    collector.drafts.retain(|draft| !matches!(&draft.what, What::Wave(wave) if wave.is_empty()));
    collector.drafts
}

struct Collector {
    drafts: Vec<Draft>,
    /// Where offsets were set on purpose.
    reset: BTreeMap<(GroupIx, QueueIx), u64>,
    open: BTreeMap<Key, usize>,
}

impl Collector {
    /// The open entry of this key, if its last fact is near enough.
    fn near(&mut self, key: Key, at: SimTime) -> Option<&mut What> {
        let index = *self.open.get(&key)?;
        let draft = &mut self.drafts[index];
        if at.since(draft.until) > GAP {
            return None;
        }
        draft.until = at;
        Some(&mut draft.what)
    }

    fn open(&mut self, key: Key, at: SimTime, what: What) {
        self.open.insert(key, self.drafts.len());
        self.drafts.push(Draft { at, until: at, what });
    }

    /// Adds to the entry of this key or opens one; `add` says how.
    fn gather(&mut self, key: Key, at: SimTime, empty: impl FnOnce() -> What, add: impl FnOnce(&mut What)) {
        if self.near(key, at).is_none() {
            self.open(key, at, empty());
        }
        if let Some(what) = self.near(key, at) {
            add(what);
        }
    }

    fn take(&mut self, at: SimTime, fact: &Fact) {
        match fact {
            Fact::Action(index) => self.action(at, *index),
            Fact::ClientStarted { instance, .. } => self.process(at, *instance, Process::Started),
            Fact::ClientStopped { instance, how, .. } => self.process(at, *instance, Process::Stopped(*how)),
            Fact::ClientThawed { instance, .. } => self.process(at, *instance, Process::Thawed),
            Fact::Rebalanced { group, gained: 0, lost: 0, members, trigger, .. } => {
                self.quiet(at, *group, members.is_none(), *trigger == RebalanceTrigger::Timer);
            }
            Fact::Rebalanced { group, .. } | Fact::Assigned { group, .. } | Fact::Revoked { group, .. } => {
                self.open.remove(&(3, group.0, 0, 0));
                self.gather(
                    (2, group.0, 0, 0),
                    at,
                    || What::Wave(Wave::new(*group)),
                    |what| {
                        if let What::Wave(wave) = what {
                            wave.take(at, fact);
                        }
                    },
                );
            }
            Fact::ClientRegistered { .. } | Fact::ClientExpired { .. } | Fact::MembersChangedNotice { .. } => {
                self.membership(at, fact);
            }
            _ => self.cluster(at, fact),
        }
    }

    fn action(&mut self, at: SimTime, index: u32) {
        // Routine before an action and routine after it are two entries.
        self.open.retain(|key, _| key.0 != 3);
        let same_moment = self.open.get(&(0, 0, 0, 0)).is_some_and(|index| self.drafts[*index].at == at);
        if same_moment && let Some(What::Action { actions, .. }) = self.near((0, 0, 0, 0), at) {
            actions.push(index);
        } else {
            self.open((0, 0, 0, 0), at, What::Action { actions: vec![index], processes: Vec::new() });
        }
    }

    fn process(&mut self, at: SimTime, instance: InstanceIx, process: Process) {
        if let Some(What::Action { processes, .. }) = self.near((0, 0, 0, 0), at) {
            processes.push((at, instance, process));
            return;
        }
        let sort = match process {
            Process::Started => 0,
            Process::Thawed => 1,
            Process::Stopped(StopKind::Graceful) => 2,
            Process::Stopped(StopKind::Killed) => 3,
            Process::Stopped(StopKind::Frozen) => 4,
        };
        self.gather(
            (1, sort, 0, 0),
            at,
            || What::Process { process, who: Vec::new() },
            |what| {
                if let What::Process { who, .. } = what {
                    who.push(instance);
                }
            },
        );
    }

    fn quiet(&mut self, at: SimTime, group: GroupIx, no_answer: bool, timer: bool) {
        // In the wake of a wave these are its members that had nothing to do.
        if !no_answer && let Some(What::Wave(wave)) = self.near((2, group.0, 0, 0), at) {
            wave.unchanged += 1;
            return;
        }
        let key = (3, group.0, 0, 0);
        if !self.open.contains_key(&key) {
            self.open(key, at, What::Quiet { group, count: 0, unanswered: 0, by_timer: 0 });
        }
        let draft = &mut self.drafts[self.open[&key]];
        draft.until = at;
        if let What::Quiet { count, unanswered, by_timer, .. } = &mut draft.what {
            *count += 1;
            *unanswered += u64::from(no_answer);
            *by_timer += u64::from(timer);
        }
    }

    fn membership(&mut self, at: SimTime, fact: &Fact) {
        match *fact {
            Fact::MembersChangedNotice { instance, group, broker, .. } => {
                self.gather(
                    (4, group.0, broker.0, 0),
                    at,
                    || What::Notice { broker, group, who: Vec::new() },
                    |what| {
                        if let What::Notice { who, .. } = what {
                            add_once(who, instance);
                        }
                    },
                );
            }
            Fact::ClientRegistered { broker, group, instance, members, .. } => {
                self.gather(
                    (5, group.0, broker.0, 0),
                    at,
                    || What::Registered { broker, group, who: Vec::new(), members },
                    |what| {
                        if let What::Registered { who, members: last, .. } = what {
                            add_once(who, instance);
                            *last = members;
                        }
                    },
                );
            }
            Fact::ClientExpired { broker, group, instance, cause, notified, .. } => {
                self.gather(
                    (6, group.0, broker.0, cause as u32),
                    at,
                    || What::Expired { broker, group, cause, who: Vec::new(), notified },
                    |what| {
                        if let What::Expired { who, notified: most, .. } = what {
                            add_once(who, instance);
                            *most = notified.max(*most);
                        }
                    },
                );
            }
            _ => {}
        }
    }

    fn cluster(&mut self, at: SimTime, fact: &Fact) {
        match *fact {
            Fact::RouteChanged { owner, topic, queues } => self.route(at, owner, topic, queues),
            Fact::BrokerRegistered { nameserver, broker, changed: true } => {
                self.gather(
                    (8, nameserver.0, 0, 0),
                    at,
                    || What::BrokerRegistered { nameserver, who: Vec::new() },
                    |what| {
                        if let What::BrokerRegistered { who, .. } = what {
                            add_once(who, broker);
                        }
                    },
                );
            }
            Fact::OffsetReset { group, queue, to, .. } => {
                self.reset.insert((group, queue), to);
            }
            Fact::OffsetWentBack { group, queue, to, .. } if self.reset.remove(&(group, queue)) == Some(to) => {}
            Fact::OffsetWentBack { instance, group, queue, from, to } => {
                self.gather(
                    (10, group.0, 0, 0),
                    at,
                    || What::OffsetBack { group, times: 0, instance, queue, from, to },
                    |what| {
                        if let What::OffsetBack { times, .. } = what {
                            *times += 1;
                        }
                    },
                );
            }
            Fact::QueuesChanged { topic, broker, read, write } => {
                self.open((11, 0, 0, 0), at, What::Queues { topic, broker, read, write });
            }
            Fact::RateChanged { producer, rate } => {
                let bits = rate.to_bits();
                self.gather(
                    (12, (bits >> 32) as u32, bits as u32, 0),
                    at,
                    || What::Rate { who: Vec::new(), rate },
                    |what| {
                        if let What::Rate { who, .. } = what {
                            add_once(who, producer);
                        }
                    },
                );
            }
            Fact::ServiceTimeChanged { group } => self.open((13, 0, 0, 0), at, What::Service { group }),
            Fact::SendFailed { producer, .. } => {
                self.gather(
                    (14, 0, 0, 0),
                    at,
                    || What::SendFailed { count: 0, who: Vec::new() },
                    |what| {
                        if let What::SendFailed { count, who } = what {
                            *count += 1;
                            add_once(who, producer);
                        }
                    },
                );
            }
            // Routine registrations and commits, and the facts of single messages, are in events.jsonl.
            _ => {}
        }
    }

    fn route(&mut self, at: SimTime, owner: RouteOwner, topic: TopicIx, queues: u32) {
        self.gather(
            (7, topic.0, queues, 0),
            at,
            || What::Route { topic, queues, who: Vec::new(), producers: Vec::new() },
            |what| {
                if let What::Route { who, producers, .. } = what {
                    match owner {
                        RouteOwner::Consumer { instance, .. } => add_once(who, instance),
                        RouteOwner::Producer(producer) => add_once(producers, producer),
                    }
                }
            },
        );
    }
}

/// Adds to a sorted list what is not in it.
fn add_once<T: Ord>(list: &mut Vec<T>, item: T) {
    if let Err(at) = list.binary_search(&item) {
        list.insert(at, item);
    }
}
