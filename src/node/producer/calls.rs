//! The way of a `send()` call where servers can fail (`DefaultMQProducerImpl#sendDefaultImpl`,
//! `MQClientAPIImpl#sendMessageAsync`, `#onExceptionImpl`): its attempts, what is tried again where, and how it ends.
//!
//! A departure: an asynchronous call that has to connect does not hold up the others (the real ones share a pool of as many
//! threads as there are processors).

use super::machine::Producer;
use super::open_calls::{Call, OpenCalls};
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::client::ChannelId;
use crate::node::config::{QueueSelector, SendMode};
use crate::node::fact::{CallKind, Fact};
use crate::node::outbox::{CallEnd, CallResult, Outbox, SendError, Timer};
use crate::protocol::address::Address;
use crate::protocol::message::{Body, CallError, Correlation, ResponseCode, SendReply, SendRequest, SendStatus};
use crate::store::catalog::{COPY, CopyFacts, Origin, TransactionOutcome};
use crate::store::ids::{BrokerIx, QueueIx};

/// A synchronous call waits so long for the network's word on a connection (`connectTimeoutMillis` and a moment).
const CONNECT_WAIT: SimDuration = SimDuration::from_millis(3100);

/// What a producer's calls came to, in a plan in which servers can fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Calls that were told where their message is stored, with any status.
    pub accepted: u64,
    /// Calls that ended in an exception.
    pub failed: u64,
    /// One-way calls that left.
    pub unknown: u64,
    /// Attempts beyond the first of calls that are over.
    pub retries: u64,
    /// Calls that are not over.
    pub under_way: u64,
}

/// `retryResponseCodes`.
const fn is_retried(code: ResponseCode) -> bool {
    matches!(
        code,
        ResponseCode::TopicNotExist
            | ResponseCode::ServiceNotAvailable
            | ResponseCode::SystemError
            | ResponseCode::NoPermission
    )
}

impl Producer {
    /// What its calls came to so far.
    #[must_use]
    pub fn tally(&self) -> Tally {
        Tally { under_way: self.open.len() as u64 + self.waiting(), ..self.tally }
    }

    /// A call's message is made and its first queue chosen: it is under way.
    pub(super) fn open_call(&mut self, now: SimTime, request: SendRequest, out: &mut Outbox) {
        let call = Call {
            request,
            server: self.client.address(),
            channel: None,
            sent: now,
            deadline: SimTime::MAX,
            stored: None,
            error: SendError::OutOfTime,
            halves: Vec::new(),
        };
        match self.open.insert(call) {
            Some(token) => {
                if self.config.mode == SendMode::Sync {
                    self.open.set_deadline(token, request.draft.born_at + self.config.send_msg_timeout);
                }
                self.attempt(now, token, out);
                self.arm_timeouts(out);
            }
            None => {
                self.report((request.call, request.draft.born_at, 0), CallResult::Failed(SendError::OutOfTime), out)
            }
        }
    }

    /// An attempt begins.
    fn attempt(&mut self, now: SimTime, token: u32, out: &mut Outbox) {
        let Some(call) = self.open.get_mut(token) else { return };
        let name = self.directory.parts(call.request.queue).broker;
        let server = match self.client.brokers().in_publish(name) {
            Some(process) => Address::Broker(process),
            // Its null address means a nameserver, which does not answer.
            None if self.config.mode == SendMode::Async && call.request.attempt > 0 => self.client.nameserver(),
            None => {
                self.learn(now, name, (SimDuration::ZERO, true), out);
                let again = self.config.mode == SendMode::Sync;
                self.fail(now, token, SendError::NoMaster, again, out);
                return;
            }
        };
        let channel = self.client.channel(server);
        (call.server, call.channel, call.sent) = (server, channel, now);
        let (request, born) = (call.request, call.request.draft.born_at);
        let mut correlation = OpenCalls::correlation(token);
        match self.config.mode {
            SendMode::Sync => {}
            SendMode::Async => {
                let left = (born + self.config.send_msg_timeout).since(now);
                self.open.set_deadline(token, self.client.noticed_at(now, left));
            }
            SendMode::Oneway if channel.is_some() => correlation = Correlation::ONEWAY,
            SendMode::Oneway => {}
        }
        out.send(server, correlation, Body::Send(Box::new(request)));
        if correlation == Correlation::ONEWAY {
            self.end(token, CallResult::Unknown, out);
        }
    }

    /// An attempt failed: another one, where the rules allow it (`again`) and there is time.
    fn fail(&mut self, now: SimTime, token: u32, error: SendError, again: bool, out: &mut Outbox) {
        let Some(call) = self.open.get_mut(token) else { return };
        call.error = error;
        let SendRequest { queue, attempt, draft, .. } = call.request;
        let selected = self.config.selector == QueueSelector::KeyHash;
        let limit = match self.config.mode {
            SendMode::Sync if selected => 0,
            SendMode::Sync => self.config.retry_times_when_send_failed,
            SendMode::Async => self.config.retry_times_when_send_async_failed,
            SendMode::Oneway => 0,
        };
        let in_time = now.since(draft.born_at) < self.config.send_msg_timeout;
        if !again || !in_time || attempt >= limit {
            self.give_up(token, out);
            return;
        }
        match self.next_queue(now, queue, selected) {
            Some(next) => {
                self.retarget(token, next, out);
                self.attempt(now, token, out);
            }
            None => {
                if let Some(call) = self.open.get_mut(token) {
                    call.error = SendError::QueueIdIllegal;
                }
                self.give_up(token, out);
            }
        }
    }

    /// Where another attempt goes. An asynchronous one keeps its encoded request: the same queue id, which another broker may
    /// not have (`None`).
    fn next_queue(&mut self, now: SimTime, last: QueueIx, selected: bool) -> Option<QueueIx> {
        if selected || self.publish.is_empty() {
            return Some(last);
        }
        let parts = self.directory.parts(last);
        let next = self.select(now, Some(parts.broker), true);
        if self.config.mode == SendMode::Sync {
            return Some(next);
        }
        self.directory.queue(parts.topic, self.directory.parts(next).broker, parts.queue_id)
    }

    /// The message goes to another queue now. The former attempt may have been stored: a half or delayed message becomes
    /// another record.
    fn retarget(&mut self, token: u32, queue: QueueIx, out: &mut Outbox) {
        let Some(call) = self.open.get_mut(token) else { return };
        call.request.attempt += 1;
        call.request.queue = queue;
        let class = call.request.draft.class;
        if class & COPY != 0
            && let Some(facts) = out.catalog.copy(class).copied()
        {
            let origin = Origin { queue, offset: 0 };
            call.request.draft.class = out.catalog.add_copy(CopyFacts { origin, real_queue: queue, ..facts });
            call.halves.push(class);
        }
    }

    /// An answer to a send, or the network's word on it.
    pub(super) fn on_send_answer(&mut self, now: SimTime, token: u32, body: Body, out: &mut Outbox) {
        let Some(call) = self.open.get_mut(token) else { return };
        let name = self.directory.parts(call.request.queue).broker;
        let (server, took) = (call.server, now.since(call.sent));
        let sync = self.config.mode == SendMode::Sync;
        match body {
            Body::SendReply(SendReply::Ok { queue_offset, physical, status, epoch }) => {
                let queue = call.request.queue;
                self.learn(now, name, (took, false), out);
                self.on_stored(now, token, (queue_offset, physical, status), out);
                self.judge(now, token, CallResult::Stored { queue, offset: queue_offset, status, epoch }, out);
            }
            Body::SendReply(SendReply::Error(code)) | Body::Error(code) => {
                self.learn(now, name, (took, true), out);
                self.fail(now, token, SendError::Code(code), sync && is_retried(code), out);
            }
            Body::SendReply(SendReply::QueueIdIllegal) => {
                self.learn(now, name, (took, true), out);
                self.fail(now, token, SendError::QueueIdIllegal, sync, out);
            }
            Body::SendReply(SendReply::Lost) => self.fail(now, token, SendError::Lost, false, out),
            Body::Failed(error) => {
                self.client.tell_failed(server, error, out);
                self.on_call_error(now, token, error, out);
            }
            _ => {}
        }
        self.arm_timeouts(out);
    }

    fn on_call_error(&mut self, now: SimTime, token: u32, error: CallError, out: &mut Outbox) {
        let Some(call) = self.open.get_mut(token) else { return };
        let name = self.directory.parts(call.request.queue).broker;
        let took = now.since(call.sent);
        self.learn(now, name, (took, true), out);
        self.fail(now, token, SendError::Call(error), true, out);
    }

    /// The message is stored: good enough, or one more attempt (`retryAnotherBrokerWhenNotStoreOK`).
    fn judge(&mut self, now: SimTime, token: u32, result: CallResult, out: &mut Outbox) {
        let ok = matches!(result, CallResult::Stored { status: SendStatus::SendOk, .. });
        let again = self.config.retry_another_broker_when_not_store_ok && self.config.mode == SendMode::Sync;
        if ok || !again {
            self.end(token, result, out);
            return;
        }
        if let Some(call) = self.open.get_mut(token) {
            call.stored = Some(result);
        }
        self.fail(now, token, SendError::OutOfTime, true, out);
    }

    /// A half message is stored: its local transaction runs, unless the status says that it may get lost.
    fn on_stored(
        &mut self,
        now: SimTime,
        token: u32,
        (offset, physical, status): (u64, u64, SendStatus),
        out: &mut Outbox,
    ) {
        let Some(call) = self.open.get_mut(token) else { return };
        let name: BrokerIx = self.directory.parts(call.request.queue).broker;
        let half = (call.request.draft.class, offset, physical);
        if let Some(transactions) = &mut self.load.transactions {
            match status {
                SendStatus::SendOk => transactions.on_stored(now, name, half, out),
                _ => transactions.on_doubtful(now, name, half, out),
            }
        }
    }

    /// No attempt is left.
    fn give_up(&mut self, token: u32, out: &mut Outbox) {
        let Some(call) = self.open.get_mut(token) else { return };
        let result = call.stored.unwrap_or(CallResult::Failed(call.error));
        if self.load.transactions.is_some() && call.stored.is_none() {
            // No local transaction ran: whoever asks about what is stored all the same is told so.
            let class = call.request.draft.class;
            for half in call.halves.iter().copied().chain([class]) {
                if let Some(copy) = out.catalog.copy_mut(half) {
                    copy.local = TransactionOutcome::Rollback;
                }
            }
        }
        self.end(token, result, out);
    }

    fn end(&mut self, token: u32, result: CallResult, out: &mut Outbox) {
        let Some(Call { request, .. }) = self.open.remove(token) else { return };
        self.report((request.call, request.draft.born_at, request.attempt), result, out);
    }

    /// A call is over: its number, when it was called, attempts beyond the first.
    pub(super) fn report(&mut self, (call, born, retries): (u64, SimTime, u32), result: CallResult, out: &mut Outbox) {
        self.tally.retries += u64::from(retries);
        match result {
            CallResult::Stored { .. } => self.tally.accepted += 1,
            CallResult::Failed(_) => self.tally.failed += 1,
            CallResult::Unknown => self.tally.unknown += 1,
        }
        if let Address::Producer(producer) = self.client.address() {
            if matches!(result, CallResult::Failed(_)) {
                out.fact(Fact::SendFailed { producer, message: call });
            }
            out.calls.push(CallEnd { producer, call, born, retries, result });
        }
    }

    /// A connection is there: sends that waited for it have left.
    pub(super) fn on_connected(&mut self, now: SimTime, server: Address, out: &mut Outbox) {
        let channel = self.client.on_connected(now, server, out);
        for token in self.open.tokens(|call| call.server == server && call.channel.is_none()) {
            if let Some(call) = self.open.get_mut(token) {
                call.channel = Some(channel);
            }
            if self.config.mode == SendMode::Oneway {
                self.end(token, CallResult::Unknown, out);
            }
        }
    }

    /// Sends over connections that were reset fail at once.
    pub(super) fn fail_reset(&mut self, now: SimTime, out: &mut Outbox) {
        while let Some(channel) = self.client.take_reset() {
            self.fail_over(now, channel, out);
        }
        self.arm_timeouts(out);
    }

    fn fail_over(&mut self, now: SimTime, channel: ChannelId, out: &mut Outbox) {
        for token in self.open.tokens(|call| call.channel == Some(channel)) {
            self.on_call_error(now, token, CallError::Reset, out);
        }
    }

    /// Calls have run out of time.
    pub(super) fn on_send_timeout(&mut self, now: SimTime, out: &mut Outbox) {
        self.open.armed = SimTime::MAX;
        while let Some(token) = self.open.take_due(now) {
            let Some(call) = self.open.get_mut(token) else { continue };
            let (server, channel, sent) = (call.server, call.channel, call.sent);
            let sync = self.config.mode == SendMode::Sync;
            if sync && channel.is_none() && now < sent + CONNECT_WAIT {
                self.open.set_deadline(token, sent + CONNECT_WAIT);
                continue;
            }
            let name = self.directory.parts(call.request.queue).broker;
            let waited = now.since(sent);
            if sync {
                self.client.on_call_timed_out(now, (server, channel), (CallKind::Send, waited), out);
            } else {
                self.client.tell_timed_out(server, CallKind::Send, waited, out);
            }
            self.learn(now, name, (waited, true), out);
            self.fail(now, token, SendError::Timeout, false, out);
        }
        self.fail_reset(now, out);
    }

    /// All calls end with the process.
    pub(super) fn end_all(&mut self, out: &mut Outbox) {
        for (call, born) in std::mem::take(&mut self.waiting) {
            self.report((call, born, 0), CallResult::Failed(SendError::ProcessEnded), out);
        }
        for token in self.open.tokens(|_| true) {
            self.end(token, CallResult::Failed(SendError::ProcessEnded), out);
        }
        self.open = OpenCalls::default();
        out.disarm(Timer::SendTimeout);
    }

    fn arm_timeouts(&mut self, out: &mut Outbox) {
        if let Some(next) = self.open.next_due()
            && next < self.open.armed
        {
            self.open.armed = next;
            out.arm(Timer::SendTimeout, next);
        }
    }
}
