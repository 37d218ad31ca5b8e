//! Producers of a plan and what they send.

use serde::Serialize;

use crate::kernel::dist::Distribution;
use crate::kernel::time::SimTime;
use crate::node::config::ProducerConfig;
use crate::node::producer::TransactionPlan;
use crate::store::ids::{ClientIx, NameserverIx, ProducerGroupIx, TopicIx};

/// A producer instance and its load.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProducerPlan {
    /// `order_producer/0`.
    pub name: String,
    /// The producer of the scenario file it belongs to (`order_producer`).
    pub producer: String,
    /// Client id.
    pub client_id: ClientIx,
    /// Topic it sends to.
    pub topic: TopicIx,
    /// Settings.
    pub config: ProducerConfig,
    /// The nameservers its clients know.
    pub nameservers: Vec<NameserverIx>,
    /// Arrivals: times between `send()` calls.
    pub arrivals: Arrivals,
    /// Body size, bytes.
    pub body_size: Distribution,
    /// Length of the topic-independent properties in bytes (keys, unique id, cluster), as stored.
    pub properties_bytes: u32,
    /// Its producer group.
    pub group: ProducerGroupIx,
    /// Keys of the messages; `None`: no key.
    pub keys: Option<KeySpace>,
    /// Tags with their weights, `None` is a message without one; empty: no tags.
    pub tags: Vec<(Option<String>, f64)>,
    /// User properties, each drawn by itself.
    pub properties: Vec<PropertyPlan>,
    /// Delay levels with their weights, 0 is none; empty: no delays.
    pub delay_levels: Vec<(u8, f64)>,
    /// Messages are sent in transactions.
    pub transaction: Option<TransactionPlan>,
    /// First `send()` not before this time (its process starts then).
    pub start_at: SimTime,
    /// No `send()` from this time on.
    pub stop_at: Option<SimTime>,
    /// No more than this many messages.
    pub limit: Option<u64>,
}

/// The arrival process of a producer instance.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Arrivals {
    /// Spacing law.
    pub process: ArrivalProcess,
    /// Rate over time: piecewise linear, by ascending time, the first at 0. Messages per second of this instance.
    pub profile: Vec<RatePoint>,
}

/// Spacing of arrivals at a given rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ArrivalProcess {
    /// Evenly spaced.
    Constant,
    /// Exponential gaps (a non-homogeneous Poisson process when the rate changes).
    Poisson,
    /// One message at a uniformly random moment of each slot of 1/rate.
    RandomInSlot,
}

/// A point of a rate profile.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RatePoint {
    /// From this time on.
    pub at: SimTime,
    /// Messages per second at that time.
    pub rate: f64,
    /// Whether the rate moves in a straight line from here to the next point (a ramp), else it stays (a step).
    pub ramp: bool,
}

/// A user property of messages.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PropertyPlan {
    /// Name.
    pub name: String,
    /// Values with their weights; `None` is a message without the property.
    pub values: Vec<(Option<String>, f64)>,
}

/// How keys are drawn.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KeySpace {
    /// Number of distinct keys, at least 1; key `k` is written `key-<k>`.
    pub count: u32,
    /// Zipf exponent; 0 = uniform.
    pub zipf: f64,
}
