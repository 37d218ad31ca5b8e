//! What an orderly consumer does with messages that have failed often enough (`#checkReconsumeTimes`, `#sendMessageBack`):
//! its inner producer sends them to the group's retry topic, and the broker passes them on to the dead-letter queue.

use super::calls::Pending;
use super::machine::Consumer;
use super::orderly::Phase;
use crate::consume::orderly::max_reconsume_times;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::outbox::Outbox;
use crate::protocol::message::{Body, RetrySendRequest};
use crate::store::ids::QueueIx;
use crate::store::message::Message;

/// `sendMsgTimeout` of the producer inside a client.
const SEND_TIMEOUT: SimDuration = SimDuration::from_secs(3);

impl Consumer {
    /// Goes through a failed batch from the message at place `at` on: one with attempts left makes the whole batch wait, one
    /// without is sent away. A batch of which nothing has to wait is committed.
    pub(super) fn check_reconsume_times(
        &mut self,
        now: SimTime,
        token: u32,
        (messages, from, mut suspend): (usize, usize, bool),
        out: &mut Outbox,
    ) {
        let most = max_reconsume_times(self.config.max_reconsume_times);
        for at in from..messages {
            let target = self.retry_queue(out.fallible);
            let Some(assigned) = self.table.by_token(token) else { break };
            let Some(row) = assigned.process.iter().nth(at).copied() else { break };
            let attempts = u32::from(out.catalog.reconsume_times(row.class)) + assigned.orderly.attempts.of(at);
            if attempts < most || target.is_none() {
                assigned.orderly.attempts.add(at);
                suspend = true;
                continue;
            }
            let Some(queue) = target else { continue };
            let request = RetrySendRequest {
                group: self.group,
                queue,
                from_queue: assigned.queue,
                from_offset: row.offset,
                message: Message {
                    physical: 0,
                    stored_at: row.stored,
                    born_at: row.born,
                    size: row.body,
                    body: row.body,
                    key: row.key,
                    class: row.class,
                },
                reconsume_times: attempts.min(u32::from(u16::MAX)) as u16,
                max_reconsume_times: most,
                delay_level: attempts.saturating_add(3).min(u32::from(u8::MAX)) as u8,
            };
            let turn = self.orderly.step(token, Phase::Sending { messages, at, suspend });
            let Some(broker) = self.master_of(queue, out.fallible) else { continue };
            let body = Body::RetrySend(Box::new(request));
            self.call_async(now, Pending::RetrySend(token, turn), broker, body, SEND_TIMEOUT, out);
            return;
        }
        if suspend {
            self.suspend(now, token, out);
        } else {
            self.commit_sent_back(now, token, messages, out);
        }
    }

    /// A message was sent to the retry topic, or could not be.
    pub(super) fn on_retry_sent(&mut self, now: SimTime, token: u32, turn: u32, sent: bool, out: &mut Outbox) {
        let Some(request) = self.orderly.at(token, turn) else { return };
        let Phase::Sending { messages, at, mut suspend } = request.phase else { return };
        match self.table.by_token(token).filter(|assigned| assigned.process.rows() >= messages) {
            None => self.abandon_request(token),
            Some(assigned) => {
                if !sent {
                    assigned.orderly.attempts.add(at);
                    suspend = true;
                }
                self.check_reconsume_times(now, token, (messages, at + 1, suspend), out);
            }
        }
        self.serve_requests(now, out);
    }

    /// A queue of the retry topic as the inner producer's publish list has it; `None` before a route is known.
    fn retry_queue(&mut self, fallible: bool) -> Option<QueueIx> {
        let topic = self.deployment.group(self.group).retry_topic?;
        let queues = match self.client.route(topic) {
            Some(route) => route.subscribe_queues(topic, &self.directory),
            None => {
                // Every broker that has seen a heartbeat of the group has the topic.
                let of_broker = |broker| self.directory.queue(topic, broker, 0);
                self.client.brokers().names().filter_map(of_broker).collect()
            }
        };
        let mut queues: Vec<QueueIx> = queues;
        queues.retain(|queue| self.master_of(*queue, fallible).is_some());
        (!queues.is_empty()).then(|| queues[self.stream.below(queues.len() as u64) as usize])
    }
}
