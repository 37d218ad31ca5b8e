//! The JSON files of `<storeRoot>/config/` and a broadcasting client's `offsets.json`, as fastjson reads and writes
//! them.
//!
//! [`text`] is a reader as lenient as fastjson's defaults, [`tree`] the values it gives, [`pretty`] the writer. Each file
//! has its own type: [`Topics`], [`SubscriptionGroups`], [`ConsumerOffsets`], [`DelayOffsets`], [`LocalOffsets`]. Tables
//! keep the order of their file, so reading and writing gives the same bytes; `in_java_order` puts a table that was made
//! by hand into the order in which the real broker's map writes it ([`order`]).

mod error;
mod groups;
mod local;
mod offsets;
mod order;
mod pretty;
mod text;
mod topics;
mod tree;

pub use error::{ConfigError, Problem};
pub use groups::{SubscriptionGroupConfig, SubscriptionGroups};
pub use local::{LocalOffsets, MessageQueue};
pub use offsets::{ConsumerOffsets, DelayOffsets, split_key};
pub use text::{LARGEST_TEXT, utf8};
pub use topics::{TopicFilterType, TopicSettings, Topics, Version};
