//! The file `checkpoint`: up to when log, queues and index were flushed (`StoreCheckpoint`).

/// Bytes of the file.
pub const CHECKPOINT_LEN: usize = 4096;

/// How far back recovery looks behind the checkpoint, milliseconds.
const SAFETY: i64 = 3000;

/// Store timestamps of the last flushed messages, milliseconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checkpoint {
    /// `physicMsgTimestamp`: the commit log.
    pub physic_msg_timestamp: i64,
    /// `logicsMsgTimestamp`: the consume queues.
    pub logics_msg_timestamp: i64,
    /// `indexMsgTimestamp`: the index.
    pub index_msg_timestamp: i64,
}

impl Checkpoint {
    /// The file's content.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(CHECKPOINT_LEN);
        for time in [self.physic_msg_timestamp, self.logics_msg_timestamp, self.index_msg_timestamp] {
            bytes.extend_from_slice(&time.to_be_bytes());
        }
        bytes.resize(CHECKPOINT_LEN, 0);
        bytes
    }

    /// Reads the first 24 bytes; what is missing is zero, as in a file that is being made.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Self {
        let mut head = [0; 24];
        let len = bytes.len().min(24);
        head[..len].copy_from_slice(&bytes[..len]);
        let (times, _) = head.as_chunks::<8>();
        Self {
            physic_msg_timestamp: i64::from_be_bytes(times[0]),
            logics_msg_timestamp: i64::from_be_bytes(times[1]),
            index_msg_timestamp: i64::from_be_bytes(times[2]),
        }
    }

    /// Before which every record is in log and queues for sure (`StoreCheckpoint#getMinTimestamp`).
    #[must_use]
    pub fn min_timestamp(&self) -> i64 {
        self.physic_msg_timestamp.min(self.logics_msg_timestamp).saturating_sub(SAFETY).max(0)
    }

    /// [`Self::min_timestamp`] with regard to the index too (`StoreCheckpoint#getMinTimestampIndex`).
    #[must_use]
    pub fn min_timestamp_index(&self) -> i64 {
        self.min_timestamp().min(self.index_msg_timestamp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_times_at_the_start_of_4096_bytes() {
        let checkpoint =
            Checkpoint { physic_msg_timestamp: 10_000, logics_msg_timestamp: 9_000, index_msg_timestamp: 5_000 };
        let bytes = checkpoint.encode();
        assert_eq!((bytes.len(), bytes[6..8].to_vec()), (4096, vec![0x27, 0x10]));
        assert_eq!(Checkpoint::decode(&bytes), checkpoint);
        assert_eq!(Checkpoint::decode(&bytes[..8]).logics_msg_timestamp, 0);
        assert_eq!((checkpoint.min_timestamp(), checkpoint.min_timestamp_index()), (6000, 5000));
        assert_eq!(Checkpoint::default().min_timestamp(), 0);
    }
}
