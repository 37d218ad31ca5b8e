//! Failures and replicas: what never heals, what has no effect, what cannot survive anything.

use std::collections::BTreeMap;

use super::Lints;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::config::{ReplicationConfig, Role};
use crate::protocol::address::Address;
use crate::scenario::plan::{Action, BrokerPlan, NodeAction};
use crate::scenario::raw::{CounterName, SendKind};
use crate::scenario::tree::At;
use crate::store::ids::{BrokerIx, NameserverIx};

/// A shorter quiet end shows little of how things come to rest.
const QUIET: SimDuration = SimDuration::from_secs(30);

impl Lints<'_> {
    pub(super) fn failures(&mut self) {
        self.replicas();
        self.nameservers();
        self.sending();
        self.never_healed();
        self.quiet_end();
        self.uncounted();
    }

    fn place_of_setting(&self, broker: &BrokerPlan, key: &str) -> At {
        let cluster = At::default().key("cluster");
        let own = cluster.key("brokers").key(&broker.name);
        if self.tree.has(&own.key(key)) { own.key(key) } else { cluster.key(key) }
    }

    fn replicas(&mut self) {
        let plan = self.plan;
        let usual = ReplicationConfig::default();
        for (number, broker) in plan.brokers.iter().enumerate() {
            let config = &broker.config.replication;
            let slaves: Vec<u32> = plan
                .replicas
                .iter()
                .filter(|replica| {
                    replica.broker == BrokerIx::new(number) && replica.config.replication.broker_role == Role::Slave
                })
                .map(|replica| replica.id)
                .collect();
            let name = &broker.name;
            if let Some(group) = &broker.dledger {
                let at = self.place_of_setting(broker, "dledger");
                if group.members == 1 {
                    self.warn_key(
                        &at,
                        format!("{name} is a Raft group of one"),
                        "it survives no failure; write `members: 3`",
                    );
                } else if group.members.is_multiple_of(2) {
                    let survives = (group.members - 1) / 2;
                    let message = format!("{name} is a Raft group of {} members", group.members);
                    let help = format!("it survives {survives} failures, as many as one of {}", group.members - 1);
                    self.warn_key(&at, message, help);
                }
                continue;
            }
            if !slaves.is_empty() {
                let slowly = config.which_broker_when_consume_slowly;
                if config.slave_read_enable && slowly != 0 && !slaves.contains(&slowly) {
                    let message = format!("{name} has no slave {slowly} to send slow consumers to");
                    let at = self.place_of_setting(broker, "whichBrokerWhenConsumeSlowly");
                    self.warn(&at, message, "set `whichBrokerWhenConsumeSlowly` to the id of a slave");
                }
                continue;
            }
            if config.broker_role == Role::SyncMaster {
                let at = self.place_of_setting(broker, "brokerRole");
                let help = "every send ends with SLAVE_NOT_AVAILABLE; add `slaves: 1`";
                self.warn(&at, format!("{name} is a SYNC_MASTER without a slave"), help);
            }
            if config.slave_read_enable {
                let at = self.place_of_setting(broker, "slaveReadEnable");
                self.warn(&at, format!("`slaveReadEnable` has no effect: {name} has no slave"), "add `slaves: 1`");
            }
            for (key, differs) in [
                ("haTransferBatchSize", config.ha_transfer_batch_size != usual.ha_transfer_batch_size),
                ("haSlaveFallbehindMax", config.ha_slave_fallbehind_max != usual.ha_slave_fallbehind_max),
                ("haBandwidth", config.ha_bandwidth != usual.ha_bandwidth),
                ("slaveTimeout", config.slave_timeout != usual.slave_timeout),
            ] {
                if differs {
                    let at = self.place_of_setting(broker, key);
                    self.warn_key(&at, format!("`{key}` has no effect: {name} has no slave"), "add `slaves: 1`");
                }
            }
        }
    }

    fn nameservers(&mut self) {
        let plan = self.plan;
        for (number, nameserver) in plan.nameservers.iter().enumerate() {
            let ix = NameserverIx::new(number);
            let at = At::default().key("cluster").key("nameservers").key(&nameserver.name);
            let name = &nameserver.name;
            if !plan.brokers.iter().any(|broker| broker.nameservers.contains(&ix)) {
                self.warn_key(&at, format!("no broker registers with {name}"), "clients that ask it learn of no topic");
            }
            let clients = plan.producers.iter().map(|producer| &producer.nameservers);
            let mut clients = clients.chain(plan.instances.iter().map(|instance| &instance.nameservers));
            if clients.clone().next().is_some() && !clients.any(|known| known.contains(&ix)) {
                self.warn_key(&at, format!("no client knows {name}"), "it changes nothing for anybody");
            }
        }
    }

    fn sending(&mut self) {
        let plan = self.plan;
        for (name, raw) in &self.root.producers {
            let at = At::default().key("producers").key(name);
            if raw.send_latency_fault_enable == Some(true) && plan.brokers.len() == 1 {
                let help = "with one broker there is nothing to avoid";
                self.warn_key(&at.key("sendLatencyFaultEnable"), "`sendLatencyFaultEnable` has no effect", help);
            }
            // The resolved form says every key, with its default.
            let retries = raw.retry_times_when_send_async_failed.filter(|retries| *retries != 2);
            if retries.is_some() && raw.mode != Some(SendKind::Async) {
                let at = at.key("retryTimesWhenSendAsyncFailed");
                self.warn_key(&at, "`retryTimesWhenSendAsyncFailed` has no effect", "it counts with `mode: async`");
            }
        }
        for topic in plan.topics.iter().filter(|topic| topic.auto_create) {
            let ix = plan.topics.iter().position(|other| other.name == topic.name);
            if !plan.producers.iter().any(|producer| Some(producer.topic.at()) == ix) {
                let at = At::default().key("topics").key(&topic.name).key("autoCreate");
                self.warn_key(&at, format!("nobody sends to {}, so it is never created", topic.name), "add a producer");
            }
        }
    }

    /// Links that stay bad and servers that stay away to the end of the run.
    fn never_healed(&mut self) {
        let plan = self.plan;
        let mut bad: BTreeMap<Thing, (SimTime, &str)> = BTreeMap::new();
        for timed in &plan.timeline {
            let (thing, gone) = match timed.action {
                Action::Link { rule, on } => (Thing::Link(rule), on),
                Action::Node { node, what } => {
                    (Thing::Node(node), !matches!(what, NodeAction::Start { .. } | NodeAction::Thaw))
                }
                _ => continue,
            };
            if gone {
                bad.insert(thing, (timed.at, &timed.label));
            } else {
                bad.remove(&thing);
            }
        }
        for (thing, (time, label)) in bad {
            let Some(index) = self.entry_of(time, label) else { continue };
            let at = At::default().key("timeline").index(index);
            match thing {
                Thing::Link(_) => {
                    self.warn(&at.key("at"), format!("`{label}` never heals"), "add `for` or a later `heal`")
                }
                Thing::Node(Address::Consumer(_)) => {}
                Thing::Node(node) => {
                    let message = format!("{} is still away at the end", plan.node_label(node));
                    self.warn(&at.key("at"), message, "add `for`, or start it again, to see how the cluster recovers");
                }
            }
        }
    }

    fn entry_of(&self, time: SimTime, label: &str) -> Option<usize> {
        let is = |timed: &crate::scenario::raw::Timed| {
            SimTime::ZERO + timed.at.0 == time && crate::scenario::resolve::label_of(timed) == label
        };
        self.root.timeline.iter().position(is)
    }

    fn quiet_end(&mut self) {
        let Some(chaos) = &self.root.chaos else { return };
        let rest = self.plan.duration.saturating_sub(chaos.until.0);
        if rest < QUIET {
            let message = format!("chaos ends {rest} before the run does");
            let help = format!("leave at least {QUIET} of quiet, so that what recovers is seen to recover");
            self.warn(&At::default().key("chaos").key("until"), message, help);
        }
    }

    /// Counts and checks of failures in a run that does not look for them.
    fn uncounted(&mut self) {
        if self.plan.fallible {
            return;
        }
        let root = self.root;
        for (index, expect) in root.expect.iter().enumerate() {
            let at = At::default().key("expect").index(index);
            let of_failures = [
                ("acknowledgedLost", expect.acknowledged_lost.is_some()),
                ("sendOutage", expect.send_outage.is_some()),
                ("consumeOutage", expect.consume_outage.is_some()),
                ("leaderlessTime", expect.leaderless_time.is_some()),
                ("replicationLag", expect.replication_lag.is_some()),
            ];
            let count = expect.count.as_ref().is_some_and(|count| is_of_failures(count.counter));
            let named = of_failures.iter().find(|(_, given)| *given).map(|(key, _)| *key);
            if let Some(key) = named.or(count.then_some("count")) {
                let help = "nothing beside consumers fails here; add `fallible: true` to have it measured";
                self.warn_key(&at.key(key), "this is not measured", help);
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Thing {
    Link(u32),
    Node(Address),
}

fn is_of_failures(counter: CounterName) -> bool {
    use CounterName as C;
    matches!(
        counter,
        C::SendsOk
            | C::SendsNotOk
            | C::SendsFailed
            | C::FailedButStored
            | C::StoredTwice
            | C::SendRetries
            | C::Truncated
            | C::AcknowledgedLost
            | C::StaleDeliveries
            | C::PassedOver
            | C::SendsBusy
            | C::Elections
    )
}
