//! `events.jsonl`: one fact a line, in order of time, without routine. Every line has `t_ns` (integer nanoseconds since the start) and
//! `event`; the other fields are named for what they hold.

mod failures;
mod keys;
mod routine;

use std::fmt::Write as _;

use super::names::Names;
use super::summary;
use crate::run::outcome::{ExpiryCause, Fact, Outcome, RebalanceTrigger, ResetAnswer, RouteOwner, StopKind};
use crate::store::catalog::Origin;
use crate::store::ids::{BrokerIx, ClientIx, GroupIx, InstanceIx, QueueIx, TopicIx};
pub use keys::cause_key;
use keys::transaction_key;

/// The file.
#[must_use]
pub fn jsonl(outcome: &Outcome) -> Vec<u8> {
    let names = Names::new(&outcome.plan);
    let mut text = String::with_capacity(outcome.facts.len() * 160);
    let condensed = routine::condensed(&outcome.facts);
    for (place, record) in outcome.facts.iter().enumerate() {
        let times = condensed.get(&place).copied().unwrap_or(1);
        if times == 0 {
            continue;
        }
        let _ = write!(text, "{{\"t_ns\":{}", record.at.as_nanos());
        let mut line = Line { text: &mut text, names: &names };
        line.fact(outcome, &record.fact);
        if times > 1 {
            line.num("times", times);
        }
        text.push_str("}\n");
    }
    text.into_bytes()
}

struct Line<'a> {
    text: &'a mut String,
    names: &'a Names<'a>,
}

impl Line<'_> {
    fn event(&mut self, event: &str) -> &mut Self {
        self.str("event", event)
    }

    fn str(&mut self, key: &str, value: &str) -> &mut Self {
        let _ = write!(self.text, ",\"{key}\":{}", serde_json::Value::from(value));
        self
    }

    fn num(&mut self, key: &str, value: impl Into<u64>) -> &mut Self {
        let _ = write!(self.text, ",\"{key}\":{}", value.into());
        self
    }

    fn group(&mut self, group: GroupIx) -> &mut Self {
        let name = self.names.group(group);
        self.str("group", &name)
    }

    fn member(&mut self, group: GroupIx, client: ClientIx, instance: InstanceIx) -> &mut Self {
        let (client, instance) = (self.names.client(client), self.names.instance(instance));
        self.group(group).str("client", &client).str("instance", &instance)
    }

    fn topic(&mut self, topic: TopicIx) -> &mut Self {
        let name = self.names.topic(topic);
        self.str("topic", &name)
    }

    fn broker(&mut self, broker: BrokerIx) -> &mut Self {
        let name = self.names.broker(broker);
        self.str("broker", &name)
    }

    fn queue(&mut self, outcome: &Outcome, queue: QueueIx) -> &mut Self {
        if let Some(key) = outcome.plan.queues.get(queue.at()) {
            self.topic(key.topic).broker(key.broker).num("queue_id", key.queue_id);
        }
        self
    }

    fn queue_ids(&mut self, outcome: &Outcome, queues: &[QueueIx]) -> &mut Self {
        self.text.push_str(",\"queue_ids\":[");
        for (place, key) in queues.iter().filter_map(|queue| outcome.plan.queues.get(queue.at())).enumerate() {
            let comma = if place > 0 { "," } else { "" };
            let _ = write!(self.text, "{comma}{}", key.queue_id);
        }
        self.text.push(']');
        self
    }

    fn fact(&mut self, outcome: &Outcome, fact: &Fact) {
        match fact {
            Fact::Action(index) => {
                self.event("action").num("index", *index);
                if let Some(action) = outcome.plan.timeline.get(*index as usize) {
                    self.str("label", &action.label);
                }
            }
            Fact::ClientStarted { instance, group, client } => {
                self.event("client_started").member(*group, *client, *instance);
            }
            Fact::ClientStopped { instance, group, client, how } => {
                let how = match how {
                    StopKind::Graceful => "graceful",
                    StopKind::Killed => "killed",
                    StopKind::Frozen => "frozen",
                };
                self.event("client_stopped").member(*group, *client, *instance).str("how", how);
            }
            Fact::ClientThawed { instance, group, client } => {
                self.event("client_thawed").member(*group, *client, *instance);
            }
            Fact::Rebalanced { .. } => self.rebalanced(fact),
            Fact::Assigned { instance, group, client, topic, broker, queues } => {
                self.event("assigned").member(*group, *client, *instance);
                self.topic(*topic).broker(*broker).queue_ids(outcome, queues);
            }
            Fact::Revoked { instance, group, client, topic, broker, queues } => {
                self.event("revoked").member(*group, *client, *instance);
                self.topic(*topic).broker(*broker).queue_ids(outcome, queues);
            }
            Fact::HeartbeatSent { instance, group, client, broker } => {
                self.event("heartbeat_sent").member(*group, *client, *instance).broker(*broker);
            }
            Fact::Sent { .. }
            | Fact::Stored { .. }
            | Fact::Pulled { .. }
            | Fact::Consumed { .. }
            | Fact::Duplicate { .. }
            | Fact::FilteredOut { .. }
            | Fact::Transaction { .. }
            | Fact::SendFailed { .. } => self.message(outcome, fact),
            Fact::ListenerFailed { .. }
            | Fact::LocalRetry { .. }
            | Fact::ConsumeTimedOut { .. }
            | Fact::SentBack { .. }
            | Fact::DelayDelivered { .. }
            | Fact::DeadLettered { .. } => self.returned(outcome, fact),
            _ => self.cluster(outcome, fact),
        }
    }

    fn rebalanced(&mut self, fact: &Fact) {
        let Fact::Rebalanced { instance, group, client, topic, trigger, asked, members, queues, gained, lost } = fact
        else {
            return;
        };
        self.event("rebalanced").member(*group, *client, *instance).topic(*topic);
        match trigger {
            RebalanceTrigger::Start => self.str("trigger", "start"),
            RebalanceTrigger::Timer => self.str("trigger", "timer"),
            RebalanceTrigger::Reset => self.str("trigger", "reset"),
            RebalanceTrigger::Notice(broker) => {
                let broker = self.names.broker(*broker);
                self.str("trigger", "notice").str("notified_by", &broker)
            }
        };
        if let Some(asked) = asked {
            let asked = self.names.broker(*asked);
            self.str("asked", &asked);
        }
        let members = members.map_or_else(|| "null".to_owned(), |members| members.to_string());
        let _ = write!(self.text, ",\"members\":{members}");
        self.num("queues", *queues).num("gained", *gained).num("lost", *lost);
    }

    fn at_consumer(
        &mut self,
        outcome: &Outcome,
        event: &str,
        whose: (InstanceIx, GroupIx),
        queue: QueueIx,
        offset: u64,
    ) {
        let instance = self.names.instance(whose.0);
        self.event(event).group(whose.1).str("instance", &instance).queue(outcome, queue).num("offset", offset);
    }

    /// A record among those of a fact that names several: `origin` is the message it is a copy of.
    fn record(&mut self, outcome: &Outcome, key: &str, record: Origin) -> &mut Self {
        let _ = write!(self.text, ",\"{key}\":{{");
        let before = self.text.len();
        self.queue(outcome, record.queue).num("offset", record.offset);
        self.text.replace_range(before..=before, "");
        self.text.push('}');
        self
    }

    fn returned(&mut self, outcome: &Outcome, fact: &Fact) {
        match fact {
            Fact::ListenerFailed { instance, group, queue, offset, attempt } => {
                self.at_consumer(outcome, "listener_failed", (*instance, *group), *queue, *offset);
                self.num("reconsume_times", *attempt);
            }
            Fact::LocalRetry { instance, group, queue, offset, attempt } => {
                self.at_consumer(outcome, "local_retry", (*instance, *group), *queue, *offset);
                self.num("reconsume_times", *attempt);
            }
            Fact::ConsumeTimedOut { instance, group, queue, offset, waited } => {
                self.at_consumer(outcome, "consume_timeout", (*instance, *group), *queue, *offset);
                self.num("waited_ns", waited.as_nanos());
            }
            Fact::SentBack { broker, group, origin, from, attempt, level, due } => {
                self.event("sent_back").broker(*broker).group(*group);
                self.record(outcome, "origin", *origin).record(outcome, "from", *from);
                self.num("reconsume_times", *attempt).num("delay_level", *level).num("due_ns", due.as_nanos());
            }
            Fact::DelayDelivered { broker, level, origin, from, to, late } => {
                self.event("delay_delivered").broker(*broker).num("delay_level", *level);
                self.record(outcome, "origin", *origin).record(outcome, "from", *from).record(outcome, "to", *to);
                self.num("late_ns", late.as_nanos());
            }
            Fact::DeadLettered { broker, group, origin, to, attempts } => {
                self.event("dead_lettered").broker(*broker).group(*group);
                self.record(outcome, "origin", *origin).record(outcome, "to", *to).num("reconsume_times", *attempts);
            }
            // The other facts are written elsewhere.
            _ => {}
        }
    }

    fn cluster(&mut self, outcome: &Outcome, fact: &Fact) {
        match fact {
            Fact::RouteChanged { owner, topic, queues } => {
                self.event("route_changed");
                match owner {
                    RouteOwner::Consumer { instance, group, client } => self.member(*group, *client, *instance),
                    RouteOwner::Producer(producer) => {
                        let name = self.names.producer(*producer);
                        self.str("producer", &name)
                    }
                };
                self.topic(*topic).num("queues", *queues);
            }
            Fact::MembersChangedNotice { instance, group, client, broker } => {
                self.event("members_changed_notice").member(*group, *client, *instance).broker(*broker);
            }
            Fact::BrokerRegistered { nameserver, broker, changed } => {
                let nameserver = self.names.nameserver(*nameserver);
                self.event("broker_registered").str("nameserver", &nameserver).broker(*broker);
                let _ = write!(self.text, ",\"changed\":{changed}");
            }
            Fact::BrokerExpired { nameserver, broker } => {
                let nameserver = self.names.nameserver(*nameserver);
                self.event("broker_expired").str("nameserver", &nameserver).broker(*broker);
            }
            Fact::ClientRegistered { broker, group, instance, client, members } => {
                self.event("client_registered").member(*group, *client, *instance).broker(*broker);
                self.num("members", *members);
            }
            Fact::ClientExpired { broker, group, instance, client, cause, notified } => {
                let cause = match cause {
                    ExpiryCause::Unregistered => "unregistered",
                    ExpiryCause::ChannelClosed => "channel_closed",
                    ExpiryCause::ChannelIdle => "channel_idle",
                    ExpiryCause::ScanExpired => "scan_expired",
                };
                self.event("client_expired").member(*group, *client, *instance).broker(*broker);
                self.str("cause", cause).num("notified", *notified);
            }
            Fact::OffsetsPersisted { instance, group, client, broker, queues } => {
                self.event("offsets_persisted").member(*group, *client, *instance).broker(*broker);
                self.num("queues", *queues);
            }
            Fact::OffsetWentBack { instance, group, queue, from, to } => {
                let instance = self.names.instance(*instance);
                self.event("offset_went_back").group(*group).str("instance", &instance).queue(outcome, *queue);
                self.num("from", *from).num("to", *to);
            }
            Fact::QueuesChanged { topic, broker, read, write } => {
                self.event("queues_changed").topic(*topic).broker(*broker);
                self.num("read_queues", *read).num("write_queues", *write);
            }
            Fact::RateChanged { producer, rate } => {
                let producer = self.names.producer(*producer);
                self.event("rate_changed").str("producer", &producer);
                let _ = write!(self.text, ",\"rate_per_s\":{}", summary::number(*rate));
            }
            Fact::ServiceTimeChanged { group } => {
                self.event("service_time_changed").group(*group);
            }
            // The facts of clients and messages are written elsewhere.
            _ => self.order(outcome, fact),
        }
    }

    /// Locks, resets, and what becomes of order.
    fn order(&mut self, outcome: &Outcome, fact: &Fact) {
        match fact {
            Fact::LockTaken { group, queue, instance, client, .. } => {
                self.event("lock_taken").member(*group, *client, *instance).queue(outcome, *queue);
            }
            Fact::LockLost { group, queue, until, expired, .. } => {
                self.event("lock_lost").group(*group).queue(outcome, *queue);
                self.str("how", if *expired { "expired" } else { "unlocked" }).num("until_ns", until.as_nanos());
            }
            Fact::LockDenied { group, queue, instance, client, holder, .. } => {
                let holder = outcome.plan.client_ids.get(holder.at()).cloned().unwrap_or_default();
                self.event("lock_denied").member(*group, *client, *instance).queue(outcome, *queue);
                self.str("holder", &holder);
            }
            Fact::PullMoved { instance, group, client, queue, from, to } => {
                self.event("pull_moved").member(*group, *client, *instance).queue(outcome, *queue);
                self.num("from", *from).num("to", *to);
            }
            Fact::ResetAsked { broker, group, topic, answer } => {
                self.event("reset_asked").group(*group).topic(*topic).broker(*broker);
                match answer {
                    ResetAnswer::Sent { members } => self.str("answer", "sent").num("members", *members),
                    ResetAnswer::NoOffset(queue) => self.str("answer", "no_offset").queue(outcome, *queue),
                    ResetAnswer::NotOnline => self.str("answer", "not_online"),
                };
            }
            Fact::OffsetReset { instance, group, client, queue, from, to } => {
                self.event("offset_reset").member(*group, *client, *instance).queue(outcome, *queue);
                if let Some(from) = from {
                    self.num("from", *from);
                }
                self.num("to", *to);
            }
            Fact::OrderViolation { instance, group, queue, key, earlier, later } => {
                let instance = self.names.instance(*instance);
                self.event("order_violation").group(*group).str("instance", &instance).queue(outcome, *queue);
                self.num("key", *key).num("earlier_offset", *earlier).num("later_offset", *later);
            }
            _ => self.failure(outcome, fact),
        }
    }

    fn message(&mut self, outcome: &Outcome, fact: &Fact) {
        match fact {
            Fact::Sent { producer, queue, message } => {
                let producer = self.names.producer(*producer);
                self.event("sent").str("producer", &producer).queue(outcome, *queue).num("message", *message);
            }
            Fact::Stored { queue, offset, physical, size } => {
                self.event("stored").queue(outcome, *queue);
                self.num("offset", *offset).num("physical_offset", *physical).num("size_bytes", *size);
            }
            Fact::Pulled { instance, group, queue, from, count } => {
                let instance = self.names.instance(*instance);
                self.event("pulled").group(*group).str("instance", &instance).queue(outcome, *queue);
                self.num("offset", *from).num("count", *count);
            }
            Fact::Consumed { instance, group, queue, offset, latency, .. } => {
                let instance = self.names.instance(*instance);
                self.event("consumed").group(*group).str("instance", &instance).queue(outcome, *queue);
                self.num("offset", *offset).num("latency_ns", latency.as_nanos());
            }
            Fact::Duplicate { instance, group, queue, offset, cause } => {
                let instance = self.names.instance(*instance);
                self.event("duplicate").group(*group).str("instance", &instance).queue(outcome, *queue);
                self.num("offset", *offset).str("cause", cause_key(*cause));
            }
            Fact::FilteredOut { instance, group, queue, offset, by_client, wanted } => {
                let instance = self.names.instance(*instance);
                self.event("filtered").group(*group).str("instance", &instance).queue(outcome, *queue);
                self.num("offset", *offset).str("by", if *by_client { "client" } else { "broker" });
                self.str("wanted", if *wanted { "yes" } else { "no" });
            }
            Fact::Transaction { broker, origin, step } => {
                self.event("transaction").broker(*broker).num("half_offset", origin.offset);
                self.str("step", transaction_key(*step));
            }
            Fact::SendFailed { producer, message } => {
                let producer = self.names.producer(*producer);
                self.event("send_failed").str("producer", &producer).num("message", *message);
            }
            // The facts of clients and of the cluster are written elsewhere.
            _ => {}
        }
    }
}
