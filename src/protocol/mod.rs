//! Floor 2: the nouns of RocketMQ and the requests and replies that nodes exchange.

pub mod address;
pub mod directory;
pub mod dledger;
pub mod message;
pub mod replication;
pub mod route;

pub use crate::store::ids::{
    BrokerIx, ClientIx, ExpressionIx, GroupIx, InstanceIx, NameserverIx, ProducerGroupIx, ProducerIx, QueueIx, TopicIx,
};
