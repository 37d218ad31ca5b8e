//! Floor 2: the nouns of RocketMQ and the requests and replies that nodes exchange.

pub use crate::store::ids::{BrokerIx, ClientIx, GroupIx, InstanceIx, NameserverIx, ProducerIx, QueueIx, TopicIx};
