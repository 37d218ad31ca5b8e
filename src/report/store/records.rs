//! From a record of the simulated log to one of the real log: properties, flags, hosts, body.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::kernel::time::SimTime;
use crate::run::image::StoredRecord;
use crate::scenario::plan::{Plan, QueueKey};
use crate::store::catalog::{Catalog, ClassFacts, CopyFacts, CopyKind};
use crate::store::disk::error::StoreError;
use crate::store::disk::host::Host;
use crate::store::disk::message_id::{UniqueKey, message_id};
use crate::store::disk::properties;
use crate::store::disk::sys_flag;
use crate::store::disk::writer::{Body, RecordFacts, StoreWriter};
use crate::store::ids::BrokerIx;
use crate::store::message::NO_KEY;
use crate::store::property_name as name;

/// Time zero of a run in the files: 2026-01-01T00:00:00Z, in ms since 1970.
const EPOCH: i64 = 1_767_225_600_000;
/// `listenPort` of a broker.
const BROKER_PORT: u16 = 10_911;
/// `brokerClusterName`.
const CLUSTER: &str = "DefaultCluster";

/// A time of the run as the files have it.
pub(super) fn millis(at: SimTime) -> i64 {
    EPOCH + at.as_millis() as i64
}

/// Makes the records of one broker's log.
pub(super) struct Maker<'a> {
    plan: &'a Plan,
    catalog: &'a Catalog,
    me: BrokerIx,
    /// Where half messages lie in the written log, by their offset in the half queue.
    halves: BTreeMap<u64, u64>,
    written: u64,
}

impl<'a> Maker<'a> {
    pub(super) fn new(plan: &'a Plan, catalog: &'a Catalog, me: BrokerIx) -> Self {
        Self { plan, catalog, me, halves: BTreeMap::new(), written: 0 }
    }

    /// Appends one record.
    pub(super) fn write(&mut self, record: &StoredRecord, writer: &mut StoreWriter) -> Result<(), StoreError> {
        let StoredRecord { queue, offset, message } = *record;
        let key = &self.plan.queues[queue.at()];
        let copy = self.catalog.copy(message.class);
        let kind = copy.map(|copy| copy.kind);
        let decided = copy.and_then(|copy| copy.half_offset).map(|half| half.to_string()).unwrap_or_default();
        let pairs = self.properties(record);
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let text = properties::encode(&pairs);
        let body = match kind {
            Some(CopyKind::Op) => Body::Bytes(decided.as_bytes()),
            _ => Body::Filled { seed: self.seed(record), len: message.body },
        };
        let half = copy.filter(|copy| copy.kind == CopyKind::Committed).and_then(|copy| copy.half_offset);
        let facts = RecordFacts {
            topic: &self.plan.topics[key.topic.at()].name,
            queue_id: key.queue_id as i32,
            queue_offset: offset,
            flag: 0,
            sys_flag: if kind == Some(CopyKind::Committed) { sys_flag::TRANSACTION_COMMIT } else { 0 },
            born_timestamp: millis(message.born_at),
            born_host: self.born_host(record),
            store_timestamp: millis(message.stored_at),
            store_host: broker_host(self.me),
            reconsume_times: copy.map_or(0, |copy| i32::from(copy.reconsume_times)),
            prepared_transaction_offset: half.and_then(|half| self.halves.get(&half)).map_or(0, |at| *at as i64),
            properties: &text,
            body,
        };
        let physical = writer.append(&facts)?;
        if kind == Some(CopyKind::Half) {
            self.halves.insert(offset, physical);
        }
        self.written += 1;
        Ok(())
    }

    /// All copies of a message have the same bytes.
    fn seed(&self, record: &StoredRecord) -> u64 {
        let origin = self.catalog.origin(record.message.class, record.queue, record.offset);
        (u64::from(origin.queue.0) << 40) ^ origin.offset
    }

    fn born_host(&self, record: &StoredRecord) -> Host {
        let producer = self.catalog.class(record.message.class).producer;
        let instance = producer.and_then(|group| self.plan.producers.iter().find(|instance| instance.group == group));
        let client = instance.map(|instance| self.plan.client_ids[instance.client_id.at()].as_str());
        let ip = client.and_then(|id| id.split_once('@')).and_then(|(ip, _)| ip.parse::<IpAddr>().ok());
        Host { ip: ip.unwrap_or(IpAddr::from([10, 1, 0, 1])), port: 50_000 }
    }

    /// The properties with which RocketMQ stores such a record.
    fn properties(&self, record: &StoredRecord) -> Vec<(&'a str, String)> {
        let message = &record.message;
        let class: &'a ClassFacts = self.catalog.class(message.class);
        let mut pairs: Vec<(&'a str, String)> = Vec::with_capacity(8);
        let copy = self.catalog.copy(message.class);
        if let Some(copy) = copy.filter(|copy| copy.kind == CopyKind::Op) {
            debug_assert!(copy.half_offset.is_some(), "an operation speaks of a half message");
            return vec![(name::TAGS, "d".to_owned())];
        }
        if message.key != NO_KEY {
            pairs.push((name::KEYS, format!("key-{}", message.key)));
        }
        pairs.push((name::UNIQ_KEY, self.unique_key(record)));
        pairs.push((name::CLUSTER, CLUSTER.to_owned()));
        if let Some(tag) = &class.tag {
            pairs.push((name::TAGS, tag.to_string()));
        }
        if let Some(copy) = copy {
            self.copy_properties(copy, record, &mut pairs);
        }
        pairs.extend(class.properties.iter().map(|(property, value)| (property.as_ref(), value.to_string())));
        pairs
    }

    fn copy_properties(&self, copy: &CopyFacts, record: &StoredRecord, pairs: &mut Vec<(&'a str, String)>) {
        let real: &QueueKey = &self.plan.queues[copy.real_queue.at()];
        let real_topic = self.plan.topics[real.topic.at()].name.clone();
        if copy.delay_level > 0 {
            pairs.push((name::DELAY, copy.delay_level.to_string()));
        }
        if copy.delay_level > 0 || matches!(copy.becomes, CopyKind::Committed) {
            pairs.push((name::REAL_TOPIC, real_topic));
            pairs.push((name::REAL_QUEUE_ID, real.queue_id.to_string()));
        }
        match copy.becomes {
            CopyKind::Retry | CopyKind::DeadLetter => {
                let topic = self.catalog.class(record.message.class).topic;
                pairs.push((name::RETRY_TOPIC, self.plan.topics[topic.at()].name.clone()));
                pairs.push((name::WAIT, "false".to_owned()));
                let origin = copy.origin.offset as i64;
                pairs.push((name::ORIGIN_MESSAGE_ID, message_id(&broker_host(self.me), origin)));
            }
            CopyKind::Committed => {
                pairs.push((name::TRAN_MSG, "true".to_owned()));
                let producer = self.catalog.class(record.message.class).producer;
                if let Some(group) = producer {
                    pairs.push((name::PGROUP, self.plan.producer_groups[group.at()].clone()));
                }
                if copy.check_times > 0 {
                    pairs.push((name::TRANSACTION_CHECK_TIMES, copy.check_times.to_string()));
                }
            }
            _ => {}
        }
    }

    /// `UNIQ_KEY` of the message, the same for all its copies.
    fn unique_key(&self, record: &StoredRecord) -> String {
        let origin = self.catalog.origin(record.message.class, record.queue, record.offset);
        let Host { ip, .. } = self.born_host(record);
        let loader = origin.queue.0 as i32;
        let born = millis(record.message.born_at);
        UniqueKey::made_at(ip, (origin.offset >> 16) as u16, loader, born, origin.offset as u16).text()
    }
}

fn broker_host(broker: BrokerIx) -> Host {
    Host::v4([10, 0, (broker.0 >> 8) as u8, broker.0 as u8 + 1], BROKER_PORT)
}
