//! The offset files of a host (`LocalFileOffsetStore`): `<store dir>/<clientId>/<group>/offsets.json`. A broadcasting member
//! keeps its progress there and nowhere else, so it follows the host and the client id, not the group.

use std::collections::BTreeMap;

use crate::store::ids::{ClientIx, QueueIx};

/// What the files of one member's host hold, by client id. The group is always the member's.
#[derive(Clone, Debug, Default)]
pub(super) struct LocalOffsets {
    files: BTreeMap<ClientIx, BTreeMap<QueueIx, u64>>,
}

impl LocalOffsets {
    /// The member runs on another host from now on.
    pub(super) fn move_to_fresh_host(&mut self) {
        self.files.clear();
    }

    /// `readLocalOffset` of one queue.
    pub(super) fn read(&self, client: ClientIx, queue: QueueIx) -> Option<u64> {
        self.files.get(&client)?.get(&queue).copied()
    }

    /// `persistAll`: these entries are written over those of the file, the others stay.
    pub(super) fn persist_all(&mut self, client: ClientIx, offsets: impl IntoIterator<Item = (QueueIx, u64)>) {
        self.files.entry(client).or_default().extend(offsets);
    }

    /// Whether there is a file of a client id.
    pub(super) fn has_file(&self, client: ClientIx) -> bool {
        self.files.contains_key(&client)
    }

    /// The lowest offset in any file of the host.
    pub(super) fn lowest(&self, queue: QueueIx) -> Option<u64> {
        self.files.values().filter_map(|file| file.get(&queue).copied()).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_belongs_to_a_client_id_on_a_host_and_keeps_what_is_not_written_anew() {
        let mut host = LocalOffsets::default();
        let (one, two) = (ClientIx(1), ClientIx(2));
        host.persist_all(one, [(QueueIx(0), 5), (QueueIx(1), 7)]);
        host.persist_all(one, [(QueueIx(1), 9)]);
        assert_eq!((host.read(one, QueueIx(0)), host.read(one, QueueIx(1))), (Some(5), Some(9)));
        assert!(host.has_file(one) && !host.has_file(two));
        assert_eq!(host.read(two, QueueIx(0)), None);
        host.persist_all(two, [(QueueIx(1), 3)]);
        assert_eq!(host.lowest(QueueIx(1)), Some(3));
        host.move_to_fresh_host();
        assert_eq!(host.read(one, QueueIx(0)), None);
    }
}
