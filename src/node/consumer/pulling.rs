//! The pull loop of each process queue (`DefaultMQPushConsumerImpl#pullMessage` and its callback).

use super::machine::Consumer;
use super::parts::Presence;
use crate::consume::flow::{EXCEPTION_DELAY, FLOW_CONTROL_DELAY, OFFSET_ILLEGAL_DELAY, SUSPEND_DELAY};
use crate::kernel::time::SimTime;
use crate::node::config::MessageModel;
use crate::node::counters::Counter;
use crate::node::fact::Fact;
use crate::node::outbox::{Effect, Outbox, Passed};
use crate::protocol::message::{Correlation, PullCode, PullReply, PullRequest};
use crate::store::get_message::Pulled;
use crate::store::ids::{ExpressionIx, QueueIx, TopicIx};

fn pass(queue: QueueIx, from: u64, to: u64, by_client: bool, out: &mut Outbox) {
    if from < to {
        out.passed.push(Passed { queue, from, to, by_client });
    }
}

impl Consumer {
    /// The pull thread takes the pull request of a process queue: it goes out unless flow control puts it off.
    pub fn on_pull(&mut self, now: SimTime, token: u32, out: &mut Outbox) {
        if self.presence() != Presence::Running {
            return;
        }
        let (limits, paused) = (self.limits, self.resets.paused);
        let Some(assigned) = self.table.by_token(token) else { return };
        if assigned.dropped || !self.pull_thread.takes(token) {
            return;
        }
        assigned.last_pull = now;
        let queue = assigned.queue;
        if paused {
            out.effects.push(Effect::PullAt(token, now + SUSPEND_DELAY));
            return;
        }
        self.settle_queue(now, token, out);
        let Some(assigned) = self.table.by_token(token) else { return };
        if !limits.allow(&assigned.process, now) {
            self.counters.flow_controlled += 1;
            out.counters.add(Counter::FlowControlled, self.group, 1);
            out.effects.push(Effect::PullAt(token, now + FLOW_CONTROL_DELAY));
            return;
        }
        if self.is_orderly() && !self.pulls_under_lock(now, token, out) {
            return;
        }
        let Some(assigned) = self.table.by_token(token) else { return };
        let clustering = self.config.message_model == MessageModel::Clustering;
        let commit_offset = assigned.offset.filter(|offset| *offset > 0 && clustering);
        let (offset, suggest) = (assigned.next_offset, assigned.suggest);
        let parts = self.directory.parts(queue);
        let request = PullRequest {
            group: self.group,
            queue,
            offset,
            max_nums: self.config.pull_batch_size,
            commit_offset,
            sub_version: self.sub_version(parts.topic),
            token,
        };
        self.send_pull(now, parts.broker, suggest, request, out);
    }

    /// A pull's answer arrives.
    pub(super) fn on_pull_reply(&mut self, now: SimTime, correlation: Correlation, reply: PullReply, out: &mut Outbox) {
        let PullReply { queue, token, code, next_begin_offset, suggest, mut batch } = reply;
        let expected = !out.fallible || self.pull_is_answered(correlation);
        let live = expected
            && self.presence() == Presence::Running
            && self.table.by_token(token).is_some_and(|assigned| assigned.queue == queue && !assigned.dropped);
        if live {
            if let Some(assigned) = self.table.by_token(token) {
                assigned.suggest = suggest;
            }
            if code == PullCode::Success || code == PullCode::PullRetryImmediately {
                self.filter_batch(token, next_begin_offset, &mut batch, out);
            }
            self.take_answer(now, token, code, next_begin_offset, &batch, out);
        }
        batch.clear();
        out.spare_batches.push(batch);
        if out.fallible {
            self.run_pull_thread(now, out);
        }
    }

    fn tell_pulled(&mut self, token: u32, batch: &[Pulled], out: &mut Outbox) {
        let (instance, group) = (self.me, self.group);
        let (Some(first), Some(assigned)) = (batch.first(), self.table.by_token(token)) else { return };
        let (queue, from, count) = (assigned.queue, first.offset, batch.len() as u32);
        out.trace(|| Fact::Pulled { instance, group, queue, from, count });
    }

    /// The client's own filter (`PullAPIWrapper#processPullResult`), and what the pull went past.
    fn filter_batch(&mut self, token: u32, next: u64, batch: &mut Vec<Pulled>, out: &mut Outbox) {
        let Some(assigned) = self.table.by_token(token) else { return };
        let (queue, from) = (assigned.queue, assigned.next_offset);
        let complete = batch.len() as u64 == next.saturating_sub(from);
        let topic = self.directory.parts(queue).topic;
        let expression = self.expression(topic);
        if complete && out.verdicts.wants_all(expression, topic, &out.catalog) {
            return;
        }
        let mut at = from;
        for pulled in batch.iter() {
            pass(queue, at, pulled.offset, false, out);
            at = pulled.offset + 1;
        }
        pass(queue, at, next, false, out);
        if out.verdicts.takes_all(expression) {
            return;
        }
        let before = batch.len();
        let Outbox { verdicts, catalog, passed, .. } = out;
        batch.retain(|pulled| {
            let keeps = verdicts.client_keeps(expression, catalog, pulled.message.class);
            if !keeps {
                passed.push(Passed { queue, from: pulled.offset, to: pulled.offset + 1, by_client: true });
            }
            keeps
        });
        out.counters.add(Counter::ClientFiltered, self.group, (before - batch.len()) as u64);
    }

    /// The expression this member subscribes a topic with.
    fn expression(&self, topic: TopicIx) -> ExpressionIx {
        let position = self.topics.iter().position(|known| *known == topic);
        position.and_then(|position| self.expressions.get(position)).copied().unwrap_or(ExpressionIx::ALL)
    }

    /// The offset of a process queue was illegal 10 s ago: it is corrected, stored, and the process queue removed. Nothing
    /// brings it back before the next rebalance.
    pub fn on_fix_offset(&mut self, now: SimTime, token: u32, out: &mut Outbox) {
        let Some(assigned) = self.table.by_token(token).filter(|assigned| assigned.dropped) else { return };
        let (queue, offset) = (assigned.queue, assigned.next_offset);
        assigned.offset = Some(offset);
        self.send_offsets(vec![(queue, offset)], out);
        if self.renews_locks() && self.in_listener(queue).is_none() {
            self.unlock_left(now, queue, out);
        }
        self.revoke(now, &[queue], out);
    }

    fn take_answer(
        &mut self,
        now: SimTime,
        token: u32,
        code: PullCode,
        next_begin_offset: u64,
        batch: &[crate::store::get_message::Pulled],
        out: &mut Outbox,
    ) {
        match code {
            PullCode::Success => {
                self.counters.pulls_found += 1;
                self.tell_pulled(token, batch, out);
                self.submit(now, token, batch, out);
                if let Some(assigned) = self.table.by_token(token) {
                    assigned.next_offset = next_begin_offset;
                }
                if self.config.pull_interval.is_zero() {
                    self.on_pull(now, token, out);
                } else {
                    out.effects.push(Effect::PullAt(token, now + self.config.pull_interval));
                }
            }
            PullCode::PullNotFound | PullCode::PullRetryImmediately => {
                self.counters.pulls_empty += 1;
                self.settle_queue(now, token, out);
                if let Some(assigned) = self.table.by_token(token) {
                    assigned.next_offset = next_begin_offset;
                    if assigned.process.is_empty() {
                        // `DefaultMQPushConsumerImpl#correctTagsOffset`.
                        assigned.offset = Some(assigned.offset.unwrap_or(0).max(next_begin_offset));
                    }
                }
                self.on_pull(now, token, out);
            }
            PullCode::PullOffsetMoved => {
                self.counters.pulls_empty += 1;
                self.drop_window(now, token, out);
                if let Some(assigned) = self.table.by_token(token) {
                    assigned.next_offset = next_begin_offset;
                }
                out.effects.push(Effect::FixOffsetAt(token, now + OFFSET_ILLEGAL_DELAY));
            }
            _ => {
                out.effects.push(Effect::PullAt(token, now + EXCEPTION_DELAY));
            }
        }
    }

    fn sub_version(&self, topic: crate::store::ids::TopicIx) -> SimTime {
        self.client
            .consumer
            .as_ref()
            .and_then(|data| data.subscriptions.iter().find(|(known, _)| *known == topic))
            .map_or(SimTime::ZERO, |(_, version)| *version)
    }
}
