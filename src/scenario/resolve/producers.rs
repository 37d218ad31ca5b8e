//! Producer instances and their load.

use super::Resolver;
use super::clients::Clients;
use crate::kernel::time::SimTime;
use crate::node::config::{ClientConfig, ProducerConfig, QueueSelector, SendMode};
use crate::scenario::diagnose::Fault;
use crate::scenario::plan::{ArrivalProcess, Arrivals, KeySpace, ProducerPlan, RatePoint};
use crate::scenario::raw::{ArrivalKind, Keys, Producer, Selector, SendKind};
use crate::scenario::tree::At;
use crate::store::ids::ProducerGroupIx;

/// Longest properties string (`MessageDecoder`: a signed short).
const LONGEST_PROPERTIES: u64 = 32_767;

impl Resolver<'_> {
    pub(super) fn producer_plans(&self, clients: &mut Clients) -> Result<Vec<ProducerPlan>, Fault> {
        let mut plans = Vec::new();
        for (number, (name, raw)) in self.root.producers.iter().enumerate() {
            let at = At::default().key("producers").key(name);
            let instances = u64::from(raw.instances.expect("filled in"));
            let shared = self.shared_plan(name, raw, instances, &at)?;
            for instance in 0..instances {
                let limit = raw.limit.map(|limit| limit / instances + u64::from(instance < limit % instances));
                plans.push(ProducerPlan {
                    name: format!("{name}/{instance}"),
                    group: ProducerGroupIx::new(number),
                    client_id: clients.producer(number, instance, shared.start_at),
                    limit,
                    ..shared.clone()
                });
            }
        }
        Ok(plans)
    }

    fn shared_plan(&self, name: &str, raw: &Producer, instances: u64, at: &At) -> Result<ProducerPlan, Fault> {
        let topic = self.own_topic(&raw.topic, &at.key("topic"))?;
        let start_at = self.before_end(raw.start.expect("filled in").0, &at.key("start"), "the start")?;
        if raw.stop.is_some_and(|stop| self.moment(stop.0) < start_at) {
            return Err(self.fault(&at.key("stop"), format!("it stops before it starts at {start_at}")));
        }
        let properties = raw.properties_bytes.expect("filled in").0;
        self.within(at, "propertiesBytes", properties, 0, LONGEST_PROPERTIES)?;
        let keys = raw.keys.map(|keys| self.key_space(keys, &at.key("keys"))).transpose()?;
        if raw.selector == Some(Selector::KeyHash) && keys.is_none() {
            return Err(self
                .fault(&at.key("selector"), "`keyHash` needs keys")
                .help("add `keys: {count: 1000}` to the producer"));
        }
        if raw.transaction.is_some() && raw.mode != Some(SendKind::Sync) {
            let fault = self.fault(&at.key("mode"), "transactions are sent with `mode: sync` only");
            return Err(fault.help("remove `mode` or `transaction`"));
        }
        let tags = self.tags(raw, at)?;
        let transaction = raw.transaction.as_ref().map(|t| self.transaction(t, &at.key("transaction")));
        Ok(ProducerPlan {
            name: String::new(),
            producer: name.to_owned(),
            client_id: Default::default(),
            group: Default::default(),
            properties: self.properties(raw, tags.len(), instances, at)?,
            tags,
            delay_levels: self.delay_levels(raw, at)?,
            transaction: transaction.transpose()?,
            topic,
            nameservers: self.nameserver_list(raw.nameservers.as_ref(), at)?,
            config: self.producer_config(raw, at)?,
            arrivals: Arrivals {
                process: match raw.arrivals.expect("filled in") {
                    ArrivalKind::Constant => ArrivalProcess::Constant,
                    ArrivalKind::Poisson => ArrivalProcess::Poisson,
                    ArrivalKind::RandomInSlot => ArrivalProcess::RandomInSlot,
                },
                profile: self.profile(raw, instances, at)?,
            },
            body_size: self.body(raw.body_size.as_ref(), &at.key("bodySize"))?,
            properties_bytes: properties as u32,
            keys,
            start_at,
            stop_at: raw.stop.map(|stop| self.moment(stop.0)),
            limit: None,
        })
    }

    fn producer_config(&self, raw: &Producer, at: &At) -> Result<ProducerConfig, Fault> {
        let config = ProducerConfig {
            client: ClientConfig {
                poll_name_server_interval: raw.poll_name_server_interval.expect("filled in").0,
                heartbeat_broker_interval: raw.heartbeat_broker_interval.expect("filled in").0,
                handling: self.times(raw.handling.as_ref(), &at.key("handling"))?,
            },
            send_msg_timeout: raw.send_msg_timeout.expect("filled in").0,
            retry_times_when_send_failed: raw.retry_times_when_send_failed.expect("filled in"),
            send_threads: raw.send_threads.expect("filled in"),
            selector: match raw.selector.expect("filled in") {
                Selector::RoundRobin => QueueSelector::RoundRobin,
                Selector::KeyHash => QueueSelector::KeyHash,
            },
            mode: match raw.mode.expect("filled in") {
                SendKind::Sync => SendMode::Sync,
                SendKind::Async => SendMode::Async,
                SendKind::Oneway => SendMode::Oneway,
            },
            retry_times_when_send_async_failed: raw.retry_times_when_send_async_failed.expect("filled in"),
            retry_another_broker_when_not_store_ok: raw.retry_another_broker_when_not_store_ok.expect("filled in"),
            send_latency_fault_enable: raw.send_latency_fault_enable.expect("filled in"),
            default_topic_queue_nums: raw.default_topic_queue_nums.expect("filled in"),
        };
        let retries = u64::from(config.retry_times_when_send_async_failed);
        self.within(at, "retryTimesWhenSendAsyncFailed", retries, 0, 100)?;
        self.within(at, "defaultTopicQueueNums", u64::from(config.default_topic_queue_nums), 1, 1000)?;
        self.within(at, "sendThreads", u64::from(config.send_threads), 1, 10_000)?;
        let retries = u64::from(config.retry_times_when_send_failed);
        self.within(at, "retryTimesWhenSendFailed", retries, 0, 100)?;
        self.period(at, "sendMsgTimeout", config.send_msg_timeout)?;
        self.period(at, "pollNameServerInterval", config.client.poll_name_server_interval)?;
        self.period(at, "heartbeatBrokerInterval", config.client.heartbeat_broker_interval)?;
        Ok(config)
    }

    fn profile(&self, raw: &Producer, instances: u64, at: &At) -> Result<Vec<RatePoint>, Fault> {
        let share = instances as f64;
        if raw.profile.is_empty() {
            let rate = raw.rate.expect("filled in").0 / share;
            return Ok(vec![RatePoint { at: SimTime::ZERO, rate, ramp: false }]);
        }
        if raw.rate.is_some() {
            return Err(self
                .key_fault(&at.key("profile"), "both `rate` and `profile` are given")
                .help("remove one of them; a profile of one point is a constant rate"));
        }
        let mut points: Vec<RatePoint> = Vec::new();
        for (index, point) in raw.profile.iter().enumerate() {
            let at = at.key("profile").index(index);
            let time = self.moment(point.at.0);
            if points.last().is_some_and(|last| last.at >= time) {
                return Err(self.fault(&at.key("at"), "the points of a profile must come in order of time"));
            }
            if point.ramp && index + 1 == raw.profile.len() {
                return Err(self
                    .fault(&at.key("ramp"), "a ramp without an end")
                    .help("a ramp leads from its point to the next one; add a point"));
            }
            points.push(RatePoint { at: time, rate: point.rate.0 / share, ramp: point.ramp });
        }
        if points[0].at > SimTime::ZERO {
            points.insert(0, RatePoint { at: SimTime::ZERO, rate: 0.0, ramp: false });
        }
        Ok(points)
    }

    fn key_space(&self, keys: Keys, at: &At) -> Result<KeySpace, Fault> {
        self.within(at, "count", u64::from(keys.count), 1, 10_000_000)?;
        if !(keys.zipf.is_finite() && (0.0..=10.0).contains(&keys.zipf)) {
            return Err(self.fault(&at.key("zipf"), format!("`zipf` must be 0 to 10, got {}", keys.zipf)));
        }
        Ok(KeySpace { count: keys.count, zipf: keys.zipf })
    }
}
