//! The thread pool of sends and send-backs, and what keeps it from drowning: a bounded queue, the fast failure of what has
//! waited for too long, and refusals while an append holds the put lock for long (`SendMessageProcessor`,
//! `BrokerFastFailure`, `DefaultMessageStore#isOSPageCacheBusy`).

use std::collections::VecDeque;

use super::machine::Broker;
use super::outcome::Then;
use crate::kernel::dist::{Distribution, Sampler};
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::config::BrokerConfig;
use crate::node::counters::Counter;
use crate::node::fact::Fact;
use crate::node::outbox::{Effect, Outbox, StoredSend, Task, Timer};
use crate::protocol::address::{Address, Channel};
use crate::protocol::message::{Body, Correlation, ResponseCode, SendReply, SendRequest};
use crate::store::catalog::COPY;
use crate::store::ids::TopicIx;

/// First run of the fast failure, and its period.
const FAST_FAILURE_INITIAL_DELAY: SimDuration = SimDuration::from_secs(1);
const FAST_FAILURE_INTERVAL: SimDuration = SimDuration::from_millis(10);
/// `defaultTopicQueueNums` of a client.
const CLIENT_TOPIC_QUEUES: u32 = 4;

/// A request in the pool.
#[derive(Debug)]
struct Pending {
    arrived: SimTime,
    channel: Channel,
    correlation: Correlation,
    body: Body,
}

/// The pool.
#[derive(Debug)]
pub(super) struct SendPool {
    threads: u32,
    capacity: usize,
    handling: Sampler,
    /// Set for a time instead of the configured one.
    slowed: Option<Sampler>,
    queue: VecDeque<Pending>,
    /// What the threads work on.
    working: Vec<Option<Pending>>,
    started: SimTime,
    armed: SimTime,
    /// An append holds the put lock: from when, until when.
    lock: Option<(SimTime, SimTime)>,
    refusing: bool,
}

impl SendPool {
    pub(super) fn new(config: &BrokerConfig) -> Self {
        Self {
            threads: config.replication.send_message_thread_pool_nums.max(1),
            capacity: config.replication.send_thread_pool_queue_capacity as usize,
            handling: config.send_handling.sampler(),
            slowed: None,
            queue: VecDeque::new(),
            working: Vec::new(),
            started: SimTime::ZERO,
            armed: SimTime::MAX,
            lock: None,
            refusing: false,
        }
    }

    pub(super) fn start(&mut self, now: SimTime) {
        self.started = now;
        self.working = (0..self.threads).map(|_| None).collect();
    }

    pub(super) fn stop(&mut self) {
        self.queue.clear();
        self.working.clear();
        self.lock = None;
        self.armed = SimTime::MAX;
        self.refusing = false;
    }

    /// Until when the lock is held.
    fn locked_until(&self, now: SimTime) -> Option<SimTime> {
        self.lock.map(|(_, until)| until).filter(|until| *until > now)
    }

    /// The first run of the fast failure at or after `at`.
    fn run_at_or_after(&self, at: SimTime) -> SimTime {
        let first = self.started + FAST_FAILURE_INITIAL_DELAY;
        let step = FAST_FAILURE_INTERVAL.as_nanos();
        first + SimDuration::from_nanos(at.since(first).as_nanos().div_ceil(step) * step)
    }
}

impl Broker {
    /// From now on a request takes this long in the pool; `None`: as configured. One being worked on keeps its time.
    pub fn set_send_handling(&mut self, handling: Option<&Distribution>) {
        self.send_pool.slowed = handling.map(Distribution::sampler);
    }

    /// An append holds the put lock for this long: dirty pages are written back.
    pub fn page_cache_busy(&mut self, now: SimTime, lasts: SimDuration, out: &mut Outbox) {
        let until = self.send_pool.locked_until(now).unwrap_or(now).max(now + lasts);
        self.send_pool.lock = Some((now, until));
        if lasts > self.config.replication.os_page_cache_busy_time_out {
            let busy_from = now + self.config.replication.os_page_cache_busy_time_out + SimDuration::from_nanos(1);
            self.arm_fast_failure(busy_from, out);
        }
    }

    /// Requests that wait for a thread of the pool.
    #[must_use]
    pub fn send_queue_len(&self) -> usize {
        self.send_pool.queue.len()
    }

    /// A request for the pool arrives (`NettyRemotingAbstract#processRequestCommand`).
    pub(super) fn on_pool_request(
        &mut self,
        now: SimTime,
        channel: Channel,
        correlation: Correlation,
        body: Body,
        out: &mut Outbox,
    ) {
        let pending = Pending { arrived: now, channel, correlation, body };
        if self.is_page_cache_busy(now) {
            self.refuse(&pending, out);
        } else if let Some(slot) = self.send_pool.working.iter().position(Option::is_none) {
            self.work(now, slot, pending, out);
        } else if self.send_pool.queue.len() >= self.send_pool.capacity {
            self.refuse(&pending, out);
        } else {
            self.send_pool.queue.push_back(pending);
            self.arm_for_head(out);
        }
    }

    /// A thread takes a request.
    fn work(&mut self, now: SimTime, slot: usize, pending: Pending, out: &mut Outbox) {
        let law = self.send_pool.slowed.as_ref().unwrap_or(&self.send_pool.handling);
        let time = SimDuration::from_nanos(law.sample(&mut self.stream));
        self.send_pool.working[slot] = Some(pending);
        out.effects.push(Effect::TaskAt(Task::Sent(slot as u32), now + time));
    }

    /// A thread is done with all but the append, for which it needs the put lock.
    pub(super) fn on_sent(&mut self, now: SimTime, slot: u32, out: &mut Outbox) {
        let index = slot as usize;
        let Some(pending) = self.send_pool.working.get_mut(index).and_then(Option::take) else { return };
        if let Some(until) = self.send_pool.locked_until(now) {
            if self.is_page_cache_busy(now) {
                // `OS_PAGECACHE_BUSY`.
                let Pending { channel, correlation, body, .. } = pending;
                self.refuse_with(channel, correlation, &body, ResponseCode::SystemError, out);
            } else {
                self.send_pool.working[index] = Some(pending);
                out.effects.push(Effect::TaskAt(Task::Sent(slot), until));
                return;
            }
        } else {
            self.process(now, pending, out);
        }
        match self.send_pool.queue.pop_front() {
            Some(next) => self.work(now, index, next, out),
            None if self.send_pool.refusing => {
                self.send_pool.refusing = false;
                out.fact(Fact::Busy { broker: self.me, busy: false });
            }
            None => {}
        }
    }

    fn process(&mut self, now: SimTime, pending: Pending, out: &mut Outbox) {
        let Pending { channel, correlation, body, .. } = pending;
        match body {
            Body::Send(request) => self.process_send(now, channel, correlation, &request, out),
            Body::SendBack(request) => {
                let before = self.last_entry();
                let taken = self.on_send_back(now, &request, out);
                if taken && self.last_entry() != before {
                    self.await_outcome(now, Then::Returned(channel, correlation), out);
                } else {
                    self.reply_to(channel, correlation, Body::Returned(taken), out);
                }
            }
            Body::RetrySend(request) => {
                if self.on_retry_send(now, &request, out) {
                    self.await_outcome(now, Then::Returned(channel, correlation), out);
                } else {
                    self.reply_to(channel, correlation, Body::Returned(false), out);
                }
            }
            _ => {}
        }
    }

    /// `AbstractSendMessageProcessor#msgCheck`, the store's checks, the append, and the wait for its outcome.
    fn process_send(
        &mut self,
        now: SimTime,
        channel: Channel,
        correlation: Correlation,
        request: &SendRequest,
        out: &mut Outbox,
    ) {
        let parts = self.directory.parts(request.queue);
        let refusal = if self.is_slave() {
            Some(ResponseCode::ServiceNotAvailable)
        } else if self.topic(parts.topic).is_none() && !self.create_topic(now, parts.topic, out) {
            Some(ResponseCode::TopicNotExist)
        } else if self
            .topic(parts.topic)
            .is_some_and(|data| parts.queue_id >= data.write_queue_nums.max(data.read_queue_nums))
        {
            self.reply_to(channel, correlation, Body::SendReply(SendReply::QueueIdIllegal), out);
            return;
        } else if !self.takes_puts() {
            Some(ResponseCode::ServiceNotAvailable)
        } else if self.group_refuses() {
            // `OS_PAGECACHE_BUSY`.
            Some(ResponseCode::SystemError)
        } else {
            None
        };
        if let Some(code) = refusal {
            self.reply_to(channel, correlation, Body::SendReply(SendReply::Error(code)), out);
            return;
        }
        let reply = self.on_send(now, request, out);
        let SendReply::Ok { queue_offset, physical, status, .. } = reply else {
            self.reply_to(channel, correlation, Body::SendReply(reply), out);
            return;
        };
        let copy = request.draft.class & COPY != 0;
        // A half or delayed message lies elsewhere than where it was sent.
        let queue = out.appended.last().filter(|_| copy).map_or(request.queue, |appended| appended.queue);
        if !copy {
            let (offset, size) = (queue_offset, request.draft.size);
            out.trace(|| Fact::Stored { queue, offset, physical, size });
        }
        if let Address::Producer(producer) = channel.client {
            out.stored_sends.push(StoredSend { producer, call: request.call, queue, offset: queue_offset, at: now });
        }
        let reply = SendReply::Ok { queue_offset, physical, status, epoch: self.epoch };
        self.await_outcome(now, Then::Answer(channel, correlation, reply), out);
    }

    /// A topic after the template `TBW102`, told to the nameservers at once
    /// (`TopicConfigManager#createTopicInSendMessageMethod`); false when there is no template or the plan does not know the
    /// topic here. A topic that was lost with a disk comes back with a client's default number of queues.
    fn create_topic(&mut self, now: SimTime, topic: TopicIx, out: &mut Outbox) -> bool {
        let known = (0..).take_while(|id| self.directory.queue(topic, self.name, *id).is_some()).count() as u32;
        let wanted = if self.initial_topics.get(topic).is_some() { CLIENT_TOPIC_QUEUES } else { known };
        let queues = wanted.min(known).min(self.config.replication.default_topic_queue_nums);
        if !self.config.auto_create_topic_enable || queues == 0 {
            return false;
        }
        self.set_topic_queues(now, topic, queues, queues, out);
        out.fact(Fact::TopicCreated { broker: self.me, topic, queues });
        true
    }

    /// `isOSPageCacheBusy`: the present holder has had the put lock for too long.
    fn is_page_cache_busy(&self, now: SimTime) -> bool {
        let limit = self.config.replication.os_page_cache_busy_time_out;
        self.send_pool.lock.is_some_and(|(from, until)| until > now && now.since(from) > limit)
    }

    /// `BrokerFastFailure#cleanExpiredRequest`.
    pub(super) fn on_fast_failure(&mut self, now: SimTime, out: &mut Outbox) {
        self.send_pool.armed = SimTime::MAX;
        if !self.config.replication.broker_fast_failure_enable {
            return;
        }
        let limit = self.config.replication.wait_time_in_send_queue;
        let all = self.is_page_cache_busy(now);
        while let Some(head) = self.send_pool.queue.front() {
            if !all && now.since(head.arrived) < limit {
                break;
            }
            if let Some(head) = self.send_pool.queue.pop_front() {
                self.refuse(&head, out);
            }
        }
        self.arm_for_head(out);
    }

    fn arm_for_head(&mut self, out: &mut Outbox) {
        if let Some(head) = self.send_pool.queue.front() {
            let due = head.arrived + self.config.replication.wait_time_in_send_queue;
            self.arm_fast_failure(due, out);
        }
    }

    /// The fast failure looks again at its first run from `due` on.
    fn arm_fast_failure(&mut self, due: SimTime, out: &mut Outbox) {
        let run = self.send_pool.run_at_or_after(due);
        if self.config.replication.broker_fast_failure_enable && run < self.send_pool.armed {
            self.send_pool.armed = run;
            out.arm(Timer::FastFailure, run);
        }
    }

    /// `SYSTEM_BUSY`.
    fn refuse(&mut self, pending: &Pending, out: &mut Outbox) {
        out.counters.add_to_cluster(Counter::SendsBusy, 1);
        if !self.send_pool.refusing {
            self.send_pool.refusing = true;
            out.fact(Fact::Busy { broker: self.me, busy: true });
        }
        self.refuse_with(pending.channel, pending.correlation, &pending.body, ResponseCode::SystemBusy, out);
    }

    fn refuse_with(
        &self,
        channel: Channel,
        correlation: Correlation,
        body: &Body,
        code: ResponseCode,
        out: &mut Outbox,
    ) {
        let answer = match body {
            Body::Send(_) => Body::SendReply(SendReply::Error(code)),
            _ => Body::Returned(false),
        };
        self.reply_to(channel, correlation, answer, out);
    }
}
