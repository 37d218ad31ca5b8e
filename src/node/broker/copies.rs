//! Storing further records of a message: for another attempt, for its time to come, among the dead letters.

use super::machine::Broker;
use crate::kernel::time::SimTime;
use crate::node::counters::Counter;
use crate::node::fact::Fact;
use crate::node::outbox::{Appended, Outbox};
use crate::protocol::message::{SendReply, SendRequest};
use crate::store::catalog::{Catalog, CopyFacts, CopyKind, Origin};
use crate::store::delay::queue_id_of_level;
use crate::store::ids::{QueueIx, TopicIx};
use crate::store::message::{Draft, MessageClass};
use crate::store::message_store::AppendStatus;
use crate::store::property_name;

/// Characters of a broker-made message id (`MessageDecoder#createMessageId`, IPv4).
const MESSAGE_ID_BYTES: usize = 32;
/// A property is its name, its value, and a separator behind each.
const SEPARATORS: usize = 2;

impl Broker {
    /// A send of a message that is stored as a copy at once because it has to wait (`CommitLog#asyncPutMessage`): it goes to
    /// the queue of its level. Others are put where they were sent to.
    pub(super) fn on_send_delayed(&mut self, now: SimTime, request: &SendRequest, out: &mut Outbox) -> SendReply {
        let handle = request.draft.class;
        let level = out.catalog.copy(handle).map_or(0, |copy| copy.delay_level);
        let level = self.schedule.delays.level_at_append(i32::from(level));
        let target = level.and_then(|level| self.schedule_queue(level));
        let Some(copy) = out.catalog.copy_mut(handle) else { return SendReply::QueueIdIllegal };
        copy.real_queue = request.queue;
        copy.delay_level = level.map_or(0, |level| level as u8);
        let queue = target.unwrap_or(request.queue);
        let topic = self.directory.parts(queue).topic;
        let size = self.record_size(&out.catalog, handle, topic, request.draft.body);
        let draft = Draft { size, ..request.draft };
        let Some(at) = self.append(now, queue, &draft, false, out) else { return SendReply::Lost };
        if let Some(copy) = out.catalog.copy_mut(handle) {
            copy.origin = Origin { queue, offset: at.offset };
        }
        SendReply::stored(at.offset, at.physical)
    }

    /// Stores one more record of a message, made of the facts of another; `None` when it does not fit into the log.
    pub(super) fn store_copy(
        &mut self,
        now: SimTime,
        facts: CopyFacts,
        queue: QueueIx,
        like: &crate::store::message::Message,
        out: &mut Outbox,
    ) -> Option<Appended> {
        let topic = self.directory.parts(queue).topic;
        let class = out.catalog.add_copy(facts);
        let size = self.record_size(&out.catalog, class, topic, like.body);
        let draft = Draft { born_at: like.born_at, size, body: like.body, key: like.key, class };
        let appended = self.append(now, queue, &draft, true, out)?;
        if facts.kind == CopyKind::DeadLetter
            && let Some(group) = self.deployment.group_of_dead_letters(topic)
        {
            out.counters.add(Counter::DeadLetters, group, 1);
            let (broker, origin, attempts) = (self.me, facts.origin, facts.reconsume_times);
            let to = Origin { queue, offset: appended.offset };
            out.trace(|| Fact::DeadLettered { broker, group, origin, to, attempts });
        }
        Some(appended)
    }

    /// The queue in which a level waits, if this broker has it.
    pub(super) fn schedule_queue(&self, level: i32) -> Option<QueueIx> {
        let id = u32::try_from(queue_id_of_level(level)).ok()?;
        self.directory.queue(self.deployment.schedule?, self.name, id)
    }

    /// Creates a topic that the system needs, unless it is there, and registers it; false when the plan does not know it here
    /// (`TopicConfigManager#createTopicInSendMessageBackMethod`).
    pub(super) fn ensure_topic(&mut self, now: SimTime, topic: TopicIx, queues: u32, out: &mut Outbox) -> bool {
        if self.topic(topic).is_some() {
            return true;
        }
        if queues == 0 || self.directory.queue(topic, self.name, queues - 1).is_none() {
            return false;
        }
        self.set_topic_queues(now, topic, queues, queues, out);
        true
    }

    /// Appends a record and wakes the pulls that wait for it; `copy`: it is one more record of a stored message. `None` when it
    /// does not fit into the log, or when the broker takes no puts.
    pub(super) fn append(
        &mut self,
        now: SimTime,
        queue: QueueIx,
        draft: &Draft,
        copy: bool,
        out: &mut Outbox,
    ) -> Option<Appended> {
        if out.fallible && (!self.takes_puts() || self.group_refuses()) {
            return None;
        }
        let local = self.directory.parts(queue).local;
        let put = self.put(now, local, draft);
        if put.status != AppendStatus::PutOk {
            return None;
        }
        self.after_append(now, local, out);
        let (offset, physical) = (put.queue_offset, put.physical);
        let appended = Appended { queue, offset, physical, size: draft.size, at: now, copy };
        out.appended.push(appended);
        self.on_scheduled(now, queue, out);
        Some(appended)
    }

    /// Bytes of the record of a copy in a topic.
    fn record_size(&self, catalog: &Catalog, handle: u32, topic: TopicIx, body: u32) -> u32 {
        let class = catalog.class(handle);
        let added = catalog.copy(handle).map_or(0, |copy| self.added_properties(class.topic, copy));
        let here = MessageClass {
            topic_bytes: self.deployment.topic_bytes(topic),
            properties_bytes: class.class.properties_bytes.saturating_add(added),
            tags_code: 0,
        };
        here.record_size(body)
    }

    /// Bytes of the properties that a copy has beside those of the message. Waiting and delivered record of a copy have the
    /// same ones: the property string is made before `DELAY` is cleared (`ScheduleMessageService#messageTimeup`).
    fn added_properties(&self, topic: TopicIx, copy: &CopyFacts) -> u16 {
        let property = |name: &str, value: usize| name.len() + value + SEPARATORS;
        let digits = |number: u32| number.checked_ilog10().unwrap_or(0) as usize + 1;
        let mut bytes = property(property_name::DELAY, digits(u32::from(copy.delay_level)));
        if copy.delay_level > 0 {
            let real = self.directory.parts(copy.real_queue);
            bytes += property(property_name::REAL_TOPIC, usize::from(self.deployment.topic_bytes(real.topic)));
            bytes += property(property_name::REAL_QUEUE_ID, digits(real.queue_id));
        }
        if matches!(copy.becomes, CopyKind::Retry | CopyKind::DeadLetter) {
            bytes += property(property_name::RETRY_TOPIC, usize::from(self.deployment.topic_bytes(topic)));
            bytes += property(property_name::WAIT, "false".len());
            bytes += property(property_name::ORIGIN_MESSAGE_ID, MESSAGE_ID_BYTES);
        }
        u16::try_from(bytes).unwrap_or(u16::MAX)
    }
}
