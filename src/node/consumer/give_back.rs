//! Failed calls (`ConsumeMessageConcurrentlyService#processConsumeResult`): each failed message is sent back in the thread
//! of its call, one after another; what no broker takes is consumed again by this process after 5 s.
//!
//! A thread is busy until the last answer. That is not known when its call is submitted, so as much time is reserved for
//! each failed message as the latest send-back took.

use super::calls::Route;
use super::failures::{Due, FailingCall, Job, Sender, Way};
use super::listener::{delivery, report, take_floor};
use super::machine::Consumer;
use super::rules::{Occasion, Subject};
use crate::consume::process_queue::Row;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::config::MessageModel;
use crate::node::counters::Counter;
use crate::node::fact::{CallKind, Fact};
use crate::node::outbox::{Delivery, Fate, Outbox, Timer};
use crate::protocol::address::Address;
use crate::protocol::message::{Body, Correlation, RetrySendRequest, SendBackRequest};
use crate::store::catalog::Catalog;
use crate::store::get_message::Pulled;
use crate::store::ids::{QueueIx, TopicIx};
use crate::store::message::Message;

/// Timeout of `CONSUMER_SEND_MSG_BACK`.
const SEND_BACK_TIMEOUT: SimDuration = SimDuration::from_secs(5);
/// `sendMsgTimeout` and `retryTimesWhenSendFailed` of the producer inside the consumer.
const RETRY_SEND_TIMEOUT: SimDuration = SimDuration::from_secs(3);
const RETRY_SEND_RETRIES: u32 = 2;
/// `submitConsumeRequestLater`.
const LOCAL_RETRY_DELAY: SimDuration = SimDuration::from_secs(5);
/// `maxReconsumeTimes` when it is -1.
const DEFAULT_MAX_RECONSUME_TIMES: u32 = 16;
/// The level that the clean-up asks for (`ProcessQueue#cleanExpiredMsg`).
const CLEAN_LEVEL: i32 = 3;
/// What the client's own send adds to `reconsumeTimes` for its level.
const FIRST_RETRY_LEVEL: u16 = 3;

impl Consumer {
    /// [`Consumer::submit`] where calls may fail.
    pub(super) fn submit_by_rules(&mut self, now: SimTime, token: u32, batch: &[Pulled], out: &mut Outbox) {
        let chunk_size = self.config.consume_message_batch_max_size.max(1) as usize;
        let Some(queue) = self.table.by_token(token).map(|assigned| assigned.queue) else { return };
        for chunk in batch.chunks(chunk_size) {
            let call = self.next_call;
            self.next_call += 1;
            let subject = |pulled: &Pulled| {
                let Message { key, class, .. } = pulled.message;
                Subject { queue, offset: pulled.offset, key, class, local: 0 }
            };
            let subjects: Vec<Subject> = chunk.iter().map(subject).collect();
            let (start, end, held) = self.submit_judged(now, call, token, &subjects, &out.catalog);
            let Some(assigned) = self.table.by_token(token) else { return };
            for pulled in chunk {
                assigned.process.put(Row {
                    start,
                    end,
                    call,
                    batch: chunk.len() as u16,
                    held,
                    ..Row::arrived(now, pulled)
                });
            }
        }
        self.failures.arm(out);
    }

    /// Judges a call and gives it to the pool: its start, its end, whether it fails.
    pub(super) fn submit_judged(
        &mut self,
        now: SimTime,
        call: u64,
        token: u32,
        subjects: &[Subject],
        catalog: &Catalog,
    ) -> (SimTime, SimTime, bool) {
        let of_call = self.service_per_call.duration(&mut self.service_stream);
        let mut messages: Vec<(Subject, SimDuration)> = Vec::with_capacity(subjects.len());
        for subject in subjects {
            messages.push((*subject, self.service.duration(&mut self.service_stream)));
        }
        let start = self.pool.next_start(now);
        let occasion = Occasion { start, call };
        let verdict = self.rules.judge(occasion, of_call, &messages, catalog, &mut self.failures.stream);
        let Some(fails_at) = verdict.fails_at else {
            let (start, end) = self.pool.submit(now, verdict.service);
            return (start, end, false);
        };
        let (start, end) = self.pool.submit_and_hold(now, verdict.service, self.reservation(fails_at, subjects.len()));
        let offsets = subjects.iter().map(|subject| subject.offset).collect();
        self.failures.expect(call, FailingCall { token, queue: subjects[0].queue, end, offsets, fails_at });
        (start, end, true)
    }

    /// How long a thread is taken to be busy after a call that fails.
    pub(super) fn reservation(&self, fails_at: usize, messages: usize) -> SimDuration {
        if self.broadcasts() {
            return SimDuration::ZERO;
        }
        let failed = if self.config.ack_index { messages - fails_at } else { messages };
        self.failures.round_trip * failed as u64
    }

    /// Calls that fail have returned, or messages are to be consumed again.
    pub(super) fn on_listener_return(&mut self, now: SimTime, out: &mut Outbox) {
        self.failures.disarmed(Timer::ListenerReturn);
        while let Some(due) = self.failures.take_due(now) {
            match due {
                Due::Return(call) => self.on_failed(now, call, out),
                Due::Again(token, offsets) => self.submit_again(now, token, &offsets, out),
            }
        }
        self.failures.arm(out);
    }

    /// A listener call returned `RECONSUME_LATER`.
    fn on_failed(&mut self, now: SimTime, number: u64, out: &mut Outbox) {
        let Some(call) = self.failures.calls.remove(&number) else { return };
        let first = if self.config.ack_index { call.fails_at } else { 0 };
        let broadcasts = self.broadcasts();
        let fate = if broadcasts { Fate::Dropped } else { Fate::Failed };
        let mut failed = Vec::new();
        for (position, offset) in call.offsets.iter().enumerate() {
            let lost = position >= first;
            if let Some(row) = self.finish_failed(&call, number, *offset, lost, fate, out) {
                failed.push(row);
            }
        }
        let counter = if broadcasts { Counter::Dropped } else { Counter::Failures };
        out.counters.add(counter, self.group, failed.len() as u64);
        if broadcasts {
            out.counters.add(Counter::Failures, self.group, failed.len() as u64);
            self.settle_queue(now, call.token, out);
        } else if !failed.is_empty() {
            let sender = Sender::Call { call: number, offsets: call.offsets, kept: Vec::new() };
            let (token, queue) = (call.token, call.queue);
            let rows = failed.into();
            let job = self.failures.add_job(Job { sender, token, queue, rows, way: Way::SendBack, began: now });
            self.send_back_next(now, job, out);
        }
    }

    /// Reports the end of one message's failed call, and returns the message if it has failed itself.
    fn finish_failed(
        &mut self,
        call: &FailingCall,
        number: u64,
        offset: u64,
        lost: bool,
        fate: Fate,
        out: &mut Outbox,
    ) -> Option<Row> {
        let queue = call.queue;
        let busy = &mut self.busy;
        let in_window = self.table.by_token(call.token).and_then(|assigned| assigned.process.row_mut(offset));
        let row = if let Some(row) = in_window.filter(|row| row.call == number) {
            if lost {
                report(queue, row, fate, busy, out);
                row.reported = true;
            }
            // The messages of a call leave together, when the last failed one has been given back.
            row.held = fate == Fate::Failed;
            *row
        } else {
            // Taken out by the clean-up while the listener went on: in 4.x the result counts all the same.
            let known = |(of, row): &(QueueIx, Row)| *of == queue && row.call == number && row.offset == offset;
            let (_, row) = self.leftovers.remove(self.leftovers.iter().position(known)?);
            report(queue, &row, if lost { fate } else { Fate::Ignored }, busy, out);
            row
        };
        if !lost {
            return None;
        }
        let (instance, group) = (self.me, self.group);
        let attempt = self.subject(queue, &row).attempts(&out.catalog);
        out.trace(|| Fact::ListenerFailed { instance, group, queue, offset, attempt });
        Some(row)
    }

    pub(super) fn subject(&self, queue: QueueIx, row: &Row) -> Subject {
        let local = self.failures.local.get(&(queue, row.offset)).copied().unwrap_or(0);
        Subject { queue, offset: row.offset, key: row.key, class: row.class, local }
    }

    pub(super) fn broadcasts(&self) -> bool {
        self.config.message_model == MessageModel::Broadcasting
    }

    /// Sends the next message of a job back, or ends the job.
    pub(super) fn send_back_next(&mut self, now: SimTime, number: u64, out: &mut Outbox) {
        let Some(job) = self.failures.jobs.get_mut(&number) else { return };
        let Some(row) = job.rows.front().copied() else {
            self.end_job(now, number, out);
            return;
        };
        (job.way, job.began) = (Way::SendBack, now);
        let queue = job.queue;
        let delay_level = match job.sender {
            Sender::Call { .. } => self.config.delay_level_when_next_consume,
            Sender::Clean { .. } => CLEAN_LEVEL,
        };
        let request = SendBackRequest {
            group: self.group,
            queue,
            offset: row.offset,
            message: message_of(&row),
            delay_level,
            max_reconsume_times: self.max_reconsume_times(),
        };
        // Without a master the address is null, which means a nameserver; that does not answer.
        let to = self.master_of(queue, out.fallible).unwrap_or_else(|| self.client.nameserver());
        let correlation = self.ask_back(now, number, (to, now + SEND_BACK_TIMEOUT), out);
        out.send(to, correlation, Body::SendBack(Box::new(request)));
    }

    /// A broker answers whether it has taken a message over.
    pub(super) fn on_returned(&mut self, now: SimTime, correlation: Correlation, taken: bool, out: &mut Outbox) {
        if let Some(job) = self.failures.answered(correlation) {
            self.conclude(now, job, taken, false, out);
            self.failures.arm(out);
        }
    }

    /// Brokers have not answered in time.
    pub(super) fn on_send_back_timeout(&mut self, now: SimTime, out: &mut Outbox) {
        self.failures.disarmed(Timer::SendBackTimeout);
        while let Some((job, route)) = self.failures.timed_out(now) {
            self.on_overdue(now, &route, CallKind::SendBack, out);
            self.conclude(now, job, false, true, out);
        }
        self.failures.arm(out);
        self.fail_reset(now, out);
    }

    /// A request of a job leaves.
    fn ask_back(&mut self, now: SimTime, job: u64, (to, deadline): (Address, SimTime), out: &Outbox) -> Correlation {
        let route = Route { server: to, channel: self.client.channel(to), began: now };
        self.failures.ask(job, route.patience(deadline, out.fallible), route)
    }

    fn conclude(&mut self, now: SimTime, number: u64, taken: bool, timed_out: bool, out: &mut Outbox) {
        let Some(job) = self.failures.jobs.get_mut(&number) else { return };
        if taken {
            self.on_taken(now, number, out);
            return;
        }
        match job.way {
            Way::SendBack => self.send_to_retry_topic(now, number, 0, now, out),
            Way::RetryTopic(attempts, since) => {
                let over = timed_out || attempts >= RETRY_SEND_RETRIES || now.since(since) >= RETRY_SEND_TIMEOUT;
                if over {
                    self.on_kept(now, number, out);
                } else {
                    self.send_to_retry_topic(now, number, attempts + 1, since, out);
                }
            }
        }
    }

    /// A broker has the message: it leaves this consumer.
    fn on_taken(&mut self, now: SimTime, number: u64, out: &mut Outbox) {
        let Some(job) = self.failures.jobs.get_mut(&number) else { return };
        let Some(row) = job.rows.pop_front() else { return };
        self.failures.round_trip = now.since(job.began);
        let (queue, token) = (job.queue, job.token);
        out.deliveries.push(Delivery { end: now, ..delivery(queue, &row, Fate::SentBack) });
        self.failures.local.remove(&(queue, row.offset));
        if matches!(job.sender, Sender::Clean { .. }) {
            self.take_out_expired(now, token, row.offset, out);
        }
        self.send_back_next(now, number, out);
    }

    /// Nobody has taken the message: it stays.
    fn on_kept(&mut self, now: SimTime, number: u64, out: &mut Outbox) {
        let Some(job) = self.failures.jobs.get_mut(&number) else { return };
        let Some(row) = job.rows.pop_front() else { return };
        self.failures.round_trip = now.since(job.began);
        match &mut job.sender {
            Sender::Call { kept, .. } => kept.push(row.offset),
            Sender::Clean { left, .. } => *left = 0,
        }
        self.send_back_next(now, number, out);
    }

    /// The producer inside the consumer sends the message to the retry topic (`DefaultMQPushConsumerImpl#sendMessageBack`,
    /// after an exception). Without a route of that topic it cannot; the real one would ask the nameserver for it first.
    fn send_to_retry_topic(&mut self, now: SimTime, number: u64, attempts: u32, since: SimTime, out: &mut Outbox) {
        let queues = self.retry_queues();
        let Some(job) = self.failures.jobs.get_mut(&number) else { return };
        let (Some(row), false) = (job.rows.front().copied(), queues.is_empty()) else {
            self.on_kept(now, number, out);
            return;
        };
        job.way = Way::RetryTopic(attempts, since);
        let from_queue = job.queue;
        self.failures.which_queue += 1;
        let queue = queues[self.failures.which_queue % queues.len()];
        let times = self.subject(from_queue, &row).attempts(&out.catalog);
        let request = RetrySendRequest {
            group: self.group,
            queue,
            from_queue,
            from_offset: row.offset,
            message: message_of(&row),
            reconsume_times: times + 1,
            max_reconsume_times: self.max_reconsume_times(),
            delay_level: u8::try_from(FIRST_RETRY_LEVEL + times).unwrap_or(u8::MAX),
        };
        let Some(to) = self.master_of(queue, out.fallible) else {
            self.conclude(now, number, false, false, out);
            return;
        };
        let correlation = self.ask_back(now, number, (to, since + RETRY_SEND_TIMEOUT), out);
        out.send(to, correlation, Body::RetrySend(Box::new(request)));
    }

    fn retry_queues(&self) -> Vec<QueueIx> {
        let topic: Option<TopicIx> = self.deployment.group(self.group).retry_topic;
        let route = topic.and_then(|topic| Some((topic, self.client.route(topic)?)));
        route.map_or_else(Vec::new, |(topic, route)| route.publish_queues(topic, &self.directory))
    }

    fn max_reconsume_times(&self) -> u32 {
        u32::try_from(self.config.max_reconsume_times).unwrap_or(DEFAULT_MAX_RECONSUME_TIMES)
    }

    /// Every message of a job is done with.
    fn end_job(&mut self, now: SimTime, number: u64, out: &mut Outbox) {
        let Some(job) = self.failures.jobs.remove(&number) else { return };
        let Sender::Call { call, offsets, kept } = job.sender else {
            self.clean_next(now, job.sender, out);
            return;
        };
        let (token, queue) = (job.token, job.queue);
        let Some(assigned) = self.table.by_token(token).filter(|assigned| assigned.queue == queue) else { return };
        let mut again = Vec::new();
        for offset in offsets {
            match assigned.process.row_mut(offset).filter(|row| row.call == call) {
                Some(_) if kept.contains(&offset) => again.push(offset),
                Some(row) => row.held = false,
                None => {}
            }
        }
        self.settle_queue(now, token, out);
        if again.is_empty() {
            return;
        }
        out.counters.add(Counter::LocalRetries, self.group, again.len() as u64);
        for offset in &again {
            let times = self.failures.local.entry((queue, *offset)).or_default();
            *times += 1;
            let (instance, group, offset, attempt) = (self.me, self.group, *offset, *times);
            out.trace(|| Fact::LocalRetry { instance, group, queue, offset, attempt });
        }
        self.failures.plan(now + LOCAL_RETRY_DELAY, Due::Again(token, again));
    }

    /// Messages that nobody took are given to the pool once more.
    fn submit_again(&mut self, now: SimTime, token: u32, offsets: &[u64], out: &mut Outbox) {
        let Some(queue) = self.table.by_token(token).map(|assigned| assigned.queue) else { return };
        let rows = offsets.iter().filter_map(|offset| self.table.by_token(token)?.process.row_mut(*offset).copied());
        let rows: Vec<Row> = rows.filter(|row| row.held && row.reported).collect();
        if rows.is_empty() {
            return;
        }
        let call = self.next_call;
        self.next_call += 1;
        let subjects: Vec<Subject> = rows.iter().map(|row| self.subject(queue, row)).collect();
        let (start, end, held) = self.submit_judged(now, call, token, &subjects, &out.catalog);
        let batch = rows.len() as u16;
        for row in rows {
            if let Some(row) = self.table.by_token(token).and_then(|assigned| assigned.process.row_mut(row.offset)) {
                *row = Row { start, end, call, batch, held, reported: false, ..*row };
            }
        }
        if let Some(assigned) = self.table.by_token(token) {
            take_floor(assigned, now);
        }
    }
}

/// The facts of a message that a request carries. Where the record lies the broker knows from the queue offset.
const fn message_of(row: &Row) -> Message {
    Message {
        physical: 0,
        stored_at: row.stored,
        born_at: row.born,
        size: 0,
        body: row.body,
        key: row.key,
        class: row.class,
    }
}
