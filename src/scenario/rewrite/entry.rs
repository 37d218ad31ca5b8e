//! Actions of a plan as entries of a file.

use crate::kernel::time::SimTime;
use crate::protocol::address::Address;
use crate::scenario::plan::{Action, LinkEffect, NodeAction, Plan, TimedAction};
use crate::scenario::raw::{
    BrokerLoad, DiskFate, DiskUsed, LoseHost, PageCacheBusy, Partition, ResetConnections, ResetOffset, ResetTo,
    SetClock, SetQueues, SetRate, SetServiceTime, SlowFlush, SlowLink, Starters, Targets, Timed, WritePerm,
};
use crate::scenario::units::{Bandwidth, Bytes, ClockOffset, Dist, Duration, Names, NamesOr, Rate};
use crate::store::ids::{BrokerIx, GroupIx, InstanceIx};

fn one(name: &str) -> Names {
    Names(vec![name.to_owned()])
}

fn length(at: SimTime) -> Duration {
    Duration(at.since(SimTime::ZERO))
}

fn targets(instance: &str) -> Option<NamesOr<Targets>> {
    Some(NamesOr(Targets { instance: one(instance), ..Targets::default() }))
}

/// Knows the names of a plan.
pub(super) struct Writer<'a> {
    plan: &'a Plan,
}

impl<'a> Writer<'a> {
    pub(super) fn new(plan: &'a Plan) -> Self {
        Self { plan }
    }

    pub(super) fn entries(&self, actions: &[TimedAction]) -> Vec<Timed> {
        let entries = actions.iter().filter_map(|timed| {
            let mut entry = Timed { at: length(timed.at), label: Some(timed.label.clone()), ..Timed::default() };
            self.fill(&mut entry, &timed.action).then_some(entry)
        });
        entries.collect()
    }

    /// Fills in the action; false when the entry of another one says it already.
    fn fill(&self, entry: &mut Timed, action: &Action) -> bool {
        match action {
            Action::StartConsumer { instance, client_id, fresh_host } => {
                entry.start = Some(NamesOr(Starters {
                    instance: one(self.instance(*instance)),
                    fresh_host: Some(*fresh_host),
                    empty_disk: None,
                    client_id: Some(self.plan.client_ids[client_id.at()].clone()),
                }));
            }
            Action::StopConsumer { instance } => entry.stop = targets(self.instance(*instance)),
            Action::KillConsumer { instance } => entry.kill = targets(self.instance(*instance)),
            Action::FreezeConsumer { instance } => entry.freeze = targets(self.instance(*instance)),
            Action::ThawConsumer { instance } => entry.thaw = Some(one(self.instance(*instance))),
            Action::SetTopicQueues { topic, queues } => {
                entry.set_queues = Some(SetQueues {
                    topic: self.plan.topics[topic.at()].name.clone(),
                    queues: None,
                    read_queue_nums: Some(queues.read_queue_nums),
                    write_queue_nums: Some(queues.write_queue_nums),
                    brokers: Some(one(&self.plan.brokers[queues.broker.at()].name)),
                });
            }
            Action::SetProducerRate { producer, rate } => {
                let producer = self.plan.producers[producer.at()].name.clone();
                entry.set_rate = Some(SetRate { producer, rate: Rate(*rate) });
            }
            Action::SetServiceTime { group, service_time } => {
                let Some(group) = self.group(*group) else { return false };
                entry.set_service_time =
                    Some(SetServiceTime { group, service_time: Dist::from_distribution(service_time) });
            }
            Action::ResetOffset { group, topic, to, force } => {
                let Some(group) = self.group(*group) else { return false };
                let to = match to {
                    None => ResetTo::End,
                    Some(at) if *at == SimTime::ZERO => ResetTo::Beginning,
                    Some(at) => ResetTo::Time(at.since(SimTime::ZERO)),
                };
                let topic = self.plan.topics[topic.at()].name.clone();
                entry.reset_offset = Some(ResetOffset { group, topic, to, force: Some(*force) });
            }
            Action::Node { node, what } => self.node(entry, *node, *what),
            Action::Link { rule, on: false } => entry.heal = Some(one(&link_name(*rule))),
            Action::Link { rule, on: true } => self.link(entry, *rule),
            Action::ResetConnections { rule } => {
                let between = self.sides(*rule);
                entry.reset_connections = Some(ResetConnections { between, ..ResetConnections::default() });
            }
            _ => self.broker(entry, action),
        }
        true
    }

    fn instance(&self, instance: InstanceIx) -> &str {
        &self.plan.instances[instance.at()].name
    }

    /// The group of the file, said once for all members of a broadcasting group.
    fn group(&self, group: GroupIx) -> Option<String> {
        let plan = &self.plan.groups[group.at()];
        let first = self.plan.groups.iter().position(|other| other.of_file() == plan.of_file());
        (first == Some(group.at())).then(|| plan.of_file().to_owned())
    }

    fn node(&self, entry: &mut Timed, node: Address, what: NodeAction) {
        let name = self.plan.node_label(node);
        match what {
            NodeAction::Stop => entry.stop = targets(&name),
            NodeAction::Kill => entry.kill = targets(&name),
            NodeAction::Freeze => entry.freeze = targets(&name),
            NodeAction::Thaw => entry.thaw = Some(one(&name)),
            NodeAction::LoseHost { disk_lost } => {
                let disk = Some(if disk_lost { DiskFate::Lost } else { DiskFate::Kept });
                entry.lose_host = Some(NamesOr(LoseHost { of: one(&name), disk, lasts: None }));
            }
            NodeAction::Start { empty_disk } => {
                let is_broker = matches!(node, Address::Broker(_));
                let empty_disk = is_broker.then_some(empty_disk);
                entry.start = Some(NamesOr(Starters { instance: one(&name), empty_disk, ..Starters::default() }));
            }
        }
    }

    fn sides(&self, rule: u32) -> Vec<Names> {
        let rule = &self.plan.link_rules[rule as usize];
        let names = |set: &[Address]| Names(set.iter().map(|node| self.plan.node_label(*node)).collect());
        vec![names(&rule.from), names(&rule.to)]
    }

    fn link(&self, entry: &mut Timed, number: u32) {
        let rule = &self.plan.link_rules[number as usize];
        let (between, name) = (self.sides(number), Some(link_name(number)));
        let one_way = Some(!rule.both_ways);
        if rule.effect == LinkEffect::Partition {
            entry.partition = Some(Partition { between, one_way, name, ..Partition::default() });
            return;
        }
        let mut slow = SlowLink { between, one_way, name, ..SlowLink::default() };
        match &rule.effect {
            LinkEffect::Partition => {}
            LinkEffect::Latency(latency) => slow.latency = Some(Dist::from_distribution(latency)),
            LinkEffect::Loss(loss) => slow.loss = Some(*loss),
            LinkEffect::Bandwidth(bytes) => slow.bandwidth = Some(Bandwidth(*bytes)),
        }
        entry.slow_link = Some(slow);
    }

    fn process(&self, broker: BrokerIx) -> Names {
        one(&self.plan.process_label(broker))
    }

    fn broker(&self, entry: &mut Timed, action: &Action) {
        match action {
            Action::SetFlushTime { broker, flush_time } => {
                let time = flush_time.as_ref().map(Dist::from_distribution);
                let over = time.is_none().then_some(true);
                entry.slow_flush = Some(SlowFlush { broker: self.process(*broker), time, lasts: None, over });
            }
            Action::SetSendHandling { broker, handling } => {
                let send = handling.as_ref().map(Dist::from_distribution);
                let over = send.is_none().then_some(true);
                entry.broker_load = Some(BrokerLoad { broker: self.process(*broker), send, lasts: None, over });
            }
            Action::PageCacheBusy { broker, lasts } => {
                entry.page_cache_busy = Some(PageCacheBusy { broker: self.process(*broker), lasts: Duration(*lasts) });
            }
            Action::SetDiskUsed { broker, bytes } => {
                let (broker, size) = (self.process(*broker), Bytes(*bytes));
                entry.disk_used = Some(DiskUsed { broker, size, lasts: None });
            }
            Action::SetClock { broker, offset_ms } => {
                let (broker, offset) = (self.process(*broker), ClockOffset(*offset_ms));
                entry.clock = Some(SetClock { broker, offset, lasts: None });
            }
            Action::SetWritePerm { broker, nameserver, writable } => {
                let nameservers = nameserver.map(|at| one(&self.plan.nameservers[at.at()].name));
                let broker = one(&self.plan.brokers[broker.at()].name);
                let permission = Some(NamesOr(WritePerm { broker, nameservers, lasts: None }));
                if *writable {
                    entry.add_write_perm = permission;
                } else {
                    entry.wipe_write_perm = permission;
                }
            }
            _ => {}
        }
    }
}

fn link_name(rule: u32) -> String {
    format!("link-{rule}")
}
