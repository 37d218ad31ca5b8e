//! A stored message's facts. Bodies are virtual: only their size exists.

use crate::kernel::time::SimTime;

/// Bytes of a commit-log record without body, topic and properties, both hosts IPv4 (`CommitLog#calMsgLength`).
pub const RECORD_OVERHEAD: u32 = 91;

/// [`Message::key`] of a message without a key.
pub const NO_KEY: u32 = u32::MAX;

/// The immutable facts of one stored message. Queue and queue offset are where it lies, so they are not repeated here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// Position of the record in the commit log, bytes.
    pub physical: u64,
    /// `storeTimestamp`: the append, taken inside the put lock.
    pub stored_at: SimTime,
    /// `bornTimestamp`: the producer's call.
    pub born_at: SimTime,
    /// Bytes of the whole record.
    pub size: u32,
    /// Bytes of the body.
    pub body: u32,
    /// Number of the message's key, [`NO_KEY`] without one.
    pub key: u32,
    /// Index of the message's [`MessageClass`] in the caller's table.
    pub class: u32,
}

// The memory promise (48 bytes per stored message) rests on this.
const _: () = assert!(size_of::<Message>() == 40);

/// What all messages of one producer, topic and tag have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageClass {
    /// Bytes of the topic name, 127 at most.
    pub topic_bytes: u8,
    /// Bytes of the encoded properties (`MessageDecoder#messageProperties2String`), 32,767 at most.
    pub properties_bytes: u16,
    /// The consume queue entry's tags code: the tag's Java hash, sign-extended; 0 without a tag.
    pub tags_code: i64,
}

impl MessageClass {
    /// Bytes of the commit-log record of a message with `body` bytes.
    #[must_use]
    pub const fn record_size(&self, body: u32) -> u32 {
        RECORD_OVERHEAD + body + self.topic_bytes as u32 + self.properties_bytes as u32
    }

    /// The facts of a message of this class before it is stored; `class` is this class' own index.
    #[must_use]
    pub const fn draft(&self, class: u32, born_at: SimTime, body: u32, key: u32) -> Draft {
        Draft { born_at, size: self.record_size(body), body, key, class }
    }
}

/// A message on its way into a store: [`Message`] without what the store decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draft {
    /// `bornTimestamp`.
    pub born_at: SimTime,
    /// Bytes of the whole record ([`MessageClass::record_size`]).
    pub size: u32,
    /// Bytes of the body.
    pub body: u32,
    /// Number of the key, [`NO_KEY`] without one.
    pub key: u32,
    /// Index of the [`MessageClass`].
    pub class: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_has_91_bytes_beside_body_topic_and_properties() {
        // Topic `T`, property `TAGS\u{1}TagA`.
        let class = MessageClass { topic_bytes: 1, properties_bytes: 9, tags_code: 2_598_919 };
        assert_eq!(class.record_size(100), 201);
        assert_eq!(class.draft(3, SimTime::ZERO, 0, NO_KEY).size, 101);
    }
}
