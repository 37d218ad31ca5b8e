//! Messages that consumers return (`SendMessageProcessor#asyncConsumerSendMsgBack`), and those that the producer inside a
//! consumer sends to the retry topic (`SendMessageProcessor#handleRetryAndDLQ`).

use super::machine::Broker;
use crate::kernel::time::SimTime;
use crate::node::counters::Counter;
use crate::node::deployment::GroupSettings;
use crate::node::fact::Fact;
use crate::node::outbox::Outbox;
use crate::protocol::message::{RetrySendRequest, SendBackRequest};
use crate::store::catalog::{CopyFacts, CopyKind, Origin, TransactionOutcome};
use crate::store::ids::{GroupIx, QueueIx, TopicIx};
use crate::store::message::Message;
use crate::store::send_back::{
    DLQ_NUMS_PER_GROUP, SendBackBroker, SendBackDecision, SendBackGroup, SendBackMessage, SendBackRequest as Header,
    SendBackTarget, decide,
};
use crate::store::topic_table::TopicConfig;

/// Where a returned message was consumed from, and what it is.
#[derive(Clone, Copy, Debug)]
struct Returned<'a> {
    group: GroupIx,
    from: Origin,
    message: &'a Message,
}

impl Broker {
    /// `%RETRY%group` is there from the group's first heartbeat on (`ClientManageProcessor#heartBeat`).
    pub(super) fn create_retry_topic(&mut self, now: SimTime, group: GroupIx, out: &mut Outbox) {
        let settings = self.deployment.group(group);
        if let Some(topic) = settings.retry_topic {
            self.ensure_topic(now, topic, settings.retry_queue_nums, out);
        }
    }

    /// The same for a group that was there long before the run: the topic with its queues, if it is new. Nothing is told.
    pub fn preset_retry_topic(&mut self, group: GroupIx) -> Option<(TopicIx, u32)> {
        let GroupSettings { retry_topic, retry_queue_nums: queues, .. } = self.deployment.group(group);
        let topic = retry_topic.filter(|topic| self.topic(*topic).is_none())?;
        self.directory.queue(topic, self.name, queues.checked_sub(1)?)?;
        self.topics.update(topic, TopicConfig::with_queues(queues), SimTime::ZERO);
        Some((topic, queues))
    }

    /// `CONSUMER_SEND_MSG_BACK`; whether the client hears `SUCCESS`.
    pub(super) fn on_send_back(&mut self, now: SimTime, request: &SendBackRequest, out: &mut Outbox) -> bool {
        let settings = self.deployment.group(request.group);
        let times = i32::from(out.catalog.reconsume_times(request.message.class));
        // The decision is made by numbers alone; names matter for the record's text only.
        let message = SendBackMessage { topic: "", reconsume_times: times, retry_topic: None, origin_message_id: None };
        let group = SendBackGroup {
            name: "",
            retry_max_times: settings.retry_max_times as i32,
            retry_queue_nums: settings.retry_queue_nums as i32,
        };
        let header = Header {
            delay_level: request.delay_level,
            max_reconsume_times: Some(i32::try_from(request.max_reconsume_times).unwrap_or(i32::MAX)),
        };
        self.create_retry_topic(now, request.group, out);
        let broker = SendBackBroker { writable: true, retry_topic_writable: true, levels: &self.schedule.delays };
        // The request names the record by its position in the log; here that follows from the queue offset. Records that
        // nobody will read again are released early, and are in the log for all that.
        let local = self.directory.parts(request.queue).local as usize;
        let oldest = self.store.log_min_offset();
        let in_log = self.store.message(local, request.offset).is_none_or(|message| message.physical >= oldest);
        let record = match decide(&broker, Some(&group), in_log.then_some(&message), &header) {
            SendBackDecision::Refused(_) => return false,
            SendBackDecision::Dropped => {
                out.counters.add(Counter::Dropped, request.group, 1);
                return true;
            }
            SendBackDecision::Store(record) => record,
        };
        let from = Origin { queue: request.queue, offset: request.offset };
        let returned = Returned { group: request.group, from, message: &request.message };
        let attempt = record.reconsume_times as u16;
        match record.target {
            SendBackTarget::DeadLetter => self.bury(now, returned, attempt, 0, out),
            SendBackTarget::Retry { level } => {
                let drawn = self.returns.below(u64::from(settings.retry_queue_nums)) as u32;
                let Some(queue) = settings.retry_topic.and_then(|topic| self.directory.queue(topic, self.name, drawn))
                else {
                    return false;
                };
                self.keep(now, returned, queue, attempt, level.unwrap_or(0), out)
            }
        }
    }

    /// A message sent to the group's retry topic; whether the client hears `SUCCESS`. In 4.x the attempt is counted before it
    /// is compared, so the dead letters come one attempt earlier this way, and the delay the client asked for stays, so they
    /// come late.
    pub(super) fn on_retry_send(&mut self, now: SimTime, request: &RetrySendRequest, out: &mut Outbox) -> bool {
        let from = Origin { queue: request.from_queue, offset: request.from_offset };
        let returned = Returned { group: request.group, from, message: &request.message };
        let level = self.schedule.delays.level_at_append(i32::from(request.delay_level)).unwrap_or(0);
        self.create_retry_topic(now, request.group, out);
        if u32::from(request.reconsume_times) >= request.max_reconsume_times {
            self.bury(now, returned, request.reconsume_times, level, out)
        } else {
            self.keep(now, returned, request.queue, request.reconsume_times, level, out)
        }
    }

    /// Stores the copy that becomes the next attempt.
    fn keep(
        &mut self,
        now: SimTime,
        returned: Returned<'_>,
        queue: QueueIx,
        attempt: u16,
        level: i32,
        out: &mut Outbox,
    ) -> bool {
        let stored = self.store_returned(now, returned, queue, CopyKind::Retry, attempt, level, out);
        if stored {
            out.counters.add(Counter::SentBack, returned.group, 1);
            let origin = out.catalog.origin(returned.message.class, returned.from.queue, returned.from.offset);
            let due = if level > 0 { self.schedule.delays.deliver_at(level, now) } else { now };
            let (broker, group, from, level) = (self.me, returned.group, returned.from, level as u8);
            out.trace(|| Fact::SentBack { broker, group, origin, from, attempt, level, due });
        }
        stored
    }

    /// Stores the copy among the dead letters, after a delay if there is one.
    fn bury(&mut self, now: SimTime, returned: Returned<'_>, attempts: u16, level: i32, out: &mut Outbox) -> bool {
        let Some(topic) = self.deployment.group(returned.group).dead_letter_topic else { return false };
        if !self.ensure_topic(now, topic, DLQ_NUMS_PER_GROUP as u32, out) {
            return false;
        }
        let Some(queue) = self.directory.queue(topic, self.name, 0) else { return false };
        self.store_returned(now, returned, queue, CopyKind::DeadLetter, attempts, level, out)
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one record")]
    fn store_returned(
        &mut self,
        now: SimTime,
        returned: Returned<'_>,
        real_queue: QueueIx,
        becomes: CopyKind,
        attempt: u16,
        level: i32,
        out: &mut Outbox,
    ) -> bool {
        let Returned { from, message, .. } = returned;
        let waits = level > 0;
        let queue = if waits { self.schedule_queue(level) } else { Some(real_queue) };
        let Some(queue) = queue else { return false };
        let facts = CopyFacts {
            class: out.catalog.class_of(message.class),
            kind: if waits { CopyKind::Scheduled } else { becomes },
            origin: out.catalog.origin(message.class, from.queue, from.offset),
            real_queue,
            becomes,
            reconsume_times: attempt,
            delay_level: level as u8,
            check_times: 0,
            half_offset: None,
            local: TransactionOutcome::Commit,
        };
        self.store_copy(now, facts, queue, message, out).is_some()
    }
}
