//! What a slave copies from its master beside the log (`SlaveSynchronize`, `AdminBrokerProcessor`).

use std::rc::Rc;

use super::machine::Broker;
use crate::kernel::time::SimTime;
use crate::node::fact::Fact;
use crate::node::outbox::Outbox;
use crate::protocol::address::Channel;
use crate::protocol::message::{Body, Correlation, Metadata, SyncStep};
use crate::store::ids::{GroupIx, TopicIx};

impl Broker {
    /// A slave asks for a part of the metadata.
    pub(super) fn on_sync_metadata(
        &self,
        channel: Channel,
        correlation: Correlation,
        step: SyncStep,
        out: &mut Outbox,
    ) {
        let metadata = match step {
            SyncStep::Topics => Metadata::Topics(self.topic_configs().collect(), self.topics.data_version()),
            SyncStep::ConsumerOffsets => {
                let entry = |(group, local, offset): (GroupIx, usize, u64)| (group, local as u32, offset);
                Metadata::ConsumerOffsets(self.offsets.iter().map(entry).collect())
            }
            SyncStep::DelayOffsets => Metadata::DelayOffsets(self.delay_table()),
            SyncStep::SubscriptionGroups => {
                Metadata::SubscriptionGroups((0..self.deployment.groups.len()).map(GroupIx::new).collect())
            }
        };
        out.reply(channel, correlation, Body::Metadata(Rc::new(metadata)));
    }

    /// The master's answer: taken over as it is, and written to disk at once.
    pub(super) fn take_over(&mut self, _now: SimTime, metadata: &Metadata, out: &mut Outbox) {
        match metadata {
            Metadata::Topics(topics, version) => {
                if *version != self.topics.data_version() {
                    self.topics.replace(topics, *version);
                }
            }
            Metadata::ConsumerOffsets(entries) => {
                self.take_over_offsets(entries, out);
                self.persist_offsets();
            }
            Metadata::DelayOffsets(offsets) => self.persisted.delay_offsets.clone_from(offsets),
            // The groups and their settings are the same everywhere.
            Metadata::SubscriptionGroups(_) => {}
        }
    }

    /// What the master has of a group and topic replaces what was here, also what was committed here while it was away
    /// (`ConcurrentHashMap#putAll`).
    fn take_over_offsets(&mut self, entries: &[(GroupIx, u32, u64)], out: &mut Outbox) {
        let topics: Vec<TopicIx> = self.directory.queues_of(self.name).map(|(_, parts)| parts.topic).collect();
        let topic = |local: u32| topics.get(local as usize).copied();
        let mut named: Vec<(GroupIx, Option<TopicIx>)> =
            entries.iter().map(|(group, local, _)| (*group, topic(*local))).collect();
        named.sort_unstable();
        named.dedup();
        let stale: Vec<(GroupIx, usize)> = self
            .offsets
            .iter()
            .map(|(group, local, _)| (group, local))
            .filter(|(group, local)| named.binary_search(&(*group, topic(*local as u32))).is_ok())
            .filter(|(group, local)| {
                entries.binary_search_by_key(&(*group, *local as u32), |entry| (entry.0, entry.1)).is_err()
            })
            .collect();
        let mut back = stale.len() as u32;
        for (group, local) in stale {
            self.offsets.forget(group, local);
        }
        for (group, local, offset) in entries {
            let before = self.offsets.commit(*group, *local as usize, *offset);
            back += u32::from(before.is_some_and(|before| before > *offset));
        }
        if back > 0 {
            out.fact(Fact::OffsetsTakenOver { slave: self.me, entries: entries.len() as u32, back });
        }
    }
}
