//! The settings that rule how long a step takes, under RocketMQ's names.

use crate::kernel::time::{SimDuration, SimTime};
use crate::node::config::{BrokerConfig, ClientConfig};
use crate::protocol::address::Address;
use crate::run::outcome::Plan;
use crate::store::ids::{BrokerIx, InstanceIx, NameserverIx};

/// `rocketmq.broker.rebalance.lockMaxLiveTime`.
const LOCK_MAX_LIVE_TIME: SimDuration = SimDuration::from_secs(60);
/// `DefaultMQPushConsumerImpl#CONSUMER_TIMEOUT_MILLIS_WHEN_SUSPEND`.
const CONSUMER_TIMEOUT_WHEN_SUSPEND: SimDuration = SimDuration::from_secs(30);

/// `DefaultMQPushConsumerImpl#BROKER_SUSPEND_MAX_TIME_MILLIS`.
const BROKER_SUSPEND_MAX_TIME: SimDuration = SimDuration::from_secs(15);

/// What a setting does with the time it rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Law {
    /// Something is done once in a period: one waits for a part of it that depends on the phase.
    Period,
    /// Something is given up after a time, counted from the last sign of life.
    Timeout,
}

/// A setting and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Knob {
    /// RocketMQ's name.
    pub name: &'static str,
    /// Its value.
    pub value: SimDuration,
    /// How it rules.
    pub law: Law,
}

impl Knob {
    /// What half the value would have saved of a wait of this length, at most. A period: the same phase in half the period is
    /// half the wait. A timeout: half of it is over earlier, but no wait is shorter than nothing.
    #[must_use]
    pub fn half_saves(&self, wait: SimDuration) -> SimDuration {
        let half = SimDuration::from_nanos(self.value.as_nanos() / 2);
        match self.law {
            Law::Period => SimDuration::from_nanos(wait.as_nanos() / 2).min(half),
            Law::Timeout => wait.min(half),
        }
    }
}

fn period(name: &'static str, value: SimDuration) -> Knob {
    Knob { name, value, law: Law::Period }
}

fn timeout(name: &'static str, value: SimDuration) -> Knob {
    Knob { name, value, law: Law::Timeout }
}

fn of_client(plan: &Plan, client: Option<Address>) -> Option<&ClientConfig> {
    match client? {
        Address::Consumer(id) => plan.instances.get(id.at()).map(|instance| &instance.config.client),
        Address::Producer(id) => plan.producers.get(id.at()).map(|producer| &producer.config.client),
        Address::Broker(_) | Address::Nameserver(_) => None,
    }
}

/// The settings of a broker process.
fn of_process(plan: &Plan, process: BrokerIx) -> Option<&BrokerConfig> {
    let further = || plan.replicas.get(process.at().checked_sub(plan.brokers.len())?).map(|replica| &replica.config);
    plan.brokers.get(process.at()).map(|broker| &broker.config).or_else(further)
}

/// `pollNameServerInterval` of a client.
pub(super) fn poll(plan: &Plan, client: Option<Address>) -> Option<Knob> {
    of_client(plan, client).map(|config| period("pollNameServerInterval", config.poll_name_server_interval))
}

/// `heartbeatBrokerInterval` of a client.
pub(super) fn heartbeat(plan: &Plan, client: Option<Address>) -> Option<Knob> {
    of_client(plan, client).map(|config| period("heartbeatBrokerInterval", config.heartbeat_broker_interval))
}

/// The wait of `RebalanceService`.
pub(super) fn rebalance(plan: &Plan, member: InstanceIx) -> Option<Knob> {
    let config = plan.instances.get(member.at()).map(|instance| &instance.config)?;
    Some(period("rocketmq.client.rebalance.waitInterval", config.rebalance_wait_interval))
}

/// The time after which a lock is free again.
pub(super) fn lock() -> Knob {
    timeout("rocketmq.broker.rebalance.lockMaxLiveTime", LOCK_MAX_LIVE_TIME)
}

/// The client's own timeout of a long poll.
pub(super) fn pull() -> Knob {
    timeout("consumerTimeoutMillisWhenSuspend", CONSUMER_TIMEOUT_WHEN_SUSPEND)
}

/// How long a broker holds a pull that finds nothing.
pub(super) fn hold() -> Knob {
    timeout("brokerSuspendMaxTimeMillis", BROKER_SUSPEND_MAX_TIME)
}

/// The silence after which a nameserver forgets a broker; its scan looks only now and then.
pub(super) fn broker_expiry(plan: &Plan, nameserver: NameserverIx) -> Option<Knob> {
    let config = plan.nameservers.get(nameserver.at()).map(|nameserver| &nameserver.config)?;
    Some(timeout("brokerChannelExpiredTime", config.broker_channel_expired_time))
}

/// The silence after which a broker forgets a client.
pub(super) fn client_expiry(plan: &Plan, broker: BrokerIx, idle: bool) -> Option<Knob> {
    let config = of_process(plan, broker)?;
    let name = if idle { "serverChannelMaxIdleTimeSeconds" } else { "CHANNEL_EXPIRED_TIMEOUT" };
    Some(timeout(name, config.channel_expired_timeout))
}

/// How often a broker registers.
pub(super) fn register(plan: &Plan, process: BrokerIx) -> Option<Knob> {
    of_process(plan, process).map(|config| period("registerNameServerPeriod", config.register_name_server_period))
}

/// How long followers wait for their leader's heartbeat.
pub(super) fn leader_heartbeat(plan: &Plan, name: BrokerIx) -> Option<Knob> {
    let raft = plan.brokers.get(name.at())?.dledger.as_ref()?;
    let nanos = raft.heart_beat_time_interval.as_nanos().saturating_mul(raft.max_heart_beat_leak.into());
    Some(timeout("heartBeatTimeIntervalMs × maxHeartBeatLeak", SimDuration::from_nanos(nanos)))
}

/// The longest wait between two votes.
pub(super) fn vote(plan: &Plan, name: BrokerIx) -> Option<Knob> {
    let raft = plan.brokers.get(name.at())?.dledger.as_ref()?;
    Some(period("maxVoteIntervalMs", raft.max_vote_interval))
}

/// Waits shorter than this are the time of messages, not of timers.
pub(super) const INSTANT: SimDuration = SimDuration::from_millis(100);

/// No setting rules what is over at once.
pub(super) fn unless_instant(knob: Option<Knob>, from: SimTime, to: SimTime) -> Option<Knob> {
    knob.filter(|_| to.since(from) >= INSTANT)
}
