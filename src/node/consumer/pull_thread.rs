//! The pull thread of an instance (`PullMessageService`): one for all its queues. Where there is no connection to a server the
//! thread waits for one, and all other pulls wait with it (versions before 5.3). What became of a pull is known from its
//! answer, from a reset of its connection, or from the scanner of overdue calls.

use std::collections::{BTreeMap, VecDeque};

use super::machine::Consumer;
use crate::consume::flow::EXCEPTION_DELAY;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::client::ChannelId;
use crate::node::fact::{CallKind, Fact};
use crate::node::outbox::{Effect, Outbox, Timer};
use crate::protocol::address::Address;
use crate::protocol::message::{Body, CallError, Correlation, PullRequest};
use crate::protocol::route::MASTER_ID;
use crate::store::ids::BrokerIx;

/// `consumerTimeoutMillisWhenSuspend`.
const PULL_TIMEOUT: SimDuration = SimDuration::from_secs(30);
/// Tells pulls from other calls.
const MARK: u32 = 1 << 30;

/// A pull under way.
#[derive(Clone, Copy, Debug)]
struct UnderWay {
    token: u32,
    server: Address,
    channel: Option<ChannelId>,
    sent: SimTime,
}

/// The thread, its queue, and the pulls that are under way.
#[derive(Debug)]
pub(super) struct PullThread {
    /// The pull that waits for a connection.
    connecting: Option<u32>,
    /// Pull requests that wait for the thread.
    waiting: VecDeque<u32>,
    under_way: BTreeMap<u32, UnderWay>,
    asked: u32,
    armed: SimTime,
    /// Whom the pulls of each broker name go to, as far as that is not its first process.
    sources: BTreeMap<BrokerIx, BrokerIx>,
}

impl Default for PullThread {
    fn default() -> Self {
        Self {
            connecting: None,
            waiting: VecDeque::new(),
            under_way: BTreeMap::new(),
            asked: 0,
            armed: SimTime::MAX,
            sources: BTreeMap::new(),
        }
    }
}

impl PullThread {
    /// The thread of the next process. Pulls are numbered on, so that answers to the old process find nobody.
    pub(super) fn restart(&mut self) {
        *self = Self { asked: self.asked, ..Self::default() };
    }

    /// Whether the thread is free; else the pull request waits for it.
    #[inline]
    pub(super) fn takes(&mut self, token: u32) -> bool {
        if self.connecting.is_some() {
            self.waiting.push_back(token);
        }
        self.connecting.is_none()
    }

    /// A pull is answered; false when nobody waits for it any more.
    fn finish(&mut self, number: u32) -> Option<UnderWay> {
        if self.connecting == Some(number) {
            self.connecting = None;
        }
        self.under_way.remove(&number)
    }
}

/// The number of the pull that an answer belongs to.
const fn number(correlation: Correlation) -> Option<u32> {
    if correlation.0 >> 30 == 1 { Some(correlation.0 & !MARK) } else { None }
}

impl Consumer {
    /// A pull leaves for the process that the last answer suggested, or that there is (`PullAPIWrapper#pullKernelImpl`).
    pub(super) fn send_pull(
        &mut self,
        now: SimTime,
        name: BrokerIx,
        suggest: u32,
        mut request: PullRequest,
        out: &mut Outbox,
    ) {
        if !out.fallible {
            out.send(Address::Broker(name), Correlation::ONEWAY, Body::Pull(request));
            return;
        }
        let token = request.token;
        let Some((id, process)) = self.client.brokers().in_subscribe(name, suggest, false) else {
            // `The broker[name] not exist`. The real client asks for the route first, which its next poll does here.
            out.effects.push(Effect::PullAt(token, now + EXCEPTION_DELAY));
            return;
        };
        if id != MASTER_ID {
            request.commit_offset = None;
        }
        let thread = &mut self.pull_thread;
        if thread.sources.insert(name, process).unwrap_or(name) != process {
            let (instance, group) = (self.me, self.group);
            out.fact(Fact::PullsFrom { instance, group, name, process });
        }
        let server = Address::Broker(process);
        let channel = self.client.channel(server);
        thread.asked = (thread.asked + 1) & (MARK - 1);
        let number = thread.asked;
        thread.under_way.insert(number, UnderWay { token, server, channel, sent: now });
        if channel.is_none() {
            thread.connecting = Some(number);
        }
        if thread.armed == SimTime::MAX {
            thread.armed = self.client.noticed_at(now, PULL_TIMEOUT);
            out.arm(Timer::CallSweep, thread.armed);
        }
        out.send(server, Correlation(MARK | number), Body::Pull(request));
    }

    /// Whether an answer to a pull still finds somebody; the thread that waited goes on after it.
    pub(super) fn pull_is_answered(&mut self, correlation: Correlation) -> bool {
        number(correlation).is_some_and(|number| self.pull_thread.finish(number).is_some())
    }

    /// Whether an answer belongs to a pull.
    pub(super) const fn is_pull(correlation: Correlation) -> bool {
        number(correlation).is_some()
    }

    /// A pull got an error instead of an answer: it comes again.
    pub(super) fn on_pull_error(
        &mut self,
        now: SimTime,
        correlation: Correlation,
        error: Option<CallError>,
        out: &mut Outbox,
    ) {
        let Some(pull) = number(correlation).and_then(|number| self.pull_thread.finish(number)) else { return };
        if let Some(error) = error {
            self.client.tell_failed(pull.server, error, out);
        }
        out.effects.push(Effect::PullAt(pull.token, now + EXCEPTION_DELAY));
        self.run_pull_thread(now, out);
    }

    /// A connection is there: the pull that waited for it has left.
    pub(super) fn pulls_connected(&mut self, now: SimTime, channel: ChannelId, out: &mut Outbox) {
        let thread = &mut self.pull_thread;
        let Some(number) = thread.connecting else { return };
        match thread.under_way.get_mut(&number) {
            Some(pull) if pull.server != channel.server => return,
            Some(pull) => pull.channel = Some(channel),
            None => {}
        }
        thread.connecting = None;
        self.run_pull_thread(now, out);
    }

    /// The thread is free: it takes the pull requests that have come meanwhile, up to the next one that has to connect.
    pub(super) fn run_pull_thread(&mut self, now: SimTime, out: &mut Outbox) {
        while self.pull_thread.connecting.is_none() {
            let Some(token) = self.pull_thread.waiting.pop_front() else { return };
            self.on_pull(now, token, out);
        }
    }

    /// A connection was reset: the pulls over it fail at once.
    pub(super) fn fail_pulls(&mut self, now: SimTime, channel: ChannelId, out: &mut Outbox) {
        self.pull_thread.under_way.retain(|_, pull| {
            let lost = pull.channel == Some(channel);
            if lost {
                out.effects.push(Effect::PullAt(pull.token, now + EXCEPTION_DELAY));
            }
            !lost
        });
    }

    /// The scanner runs: pulls that have not been answered in time come again. Their connection stays open.
    pub(super) fn on_call_sweep(&mut self, now: SimTime, out: &mut Outbox) {
        while let Some((number, pull)) =
            self.pull_thread.under_way.first_key_value().map(|(number, pull)| (*number, *pull))
        {
            let noticed = self.client.noticed_at(pull.sent, PULL_TIMEOUT);
            if noticed > now {
                self.pull_thread.armed = noticed;
                out.arm(Timer::CallSweep, noticed);
                self.run_pull_thread(now, out);
                return;
            }
            self.pull_thread.finish(number);
            self.client.tell_timed_out(pull.server, CallKind::Pull, now.since(pull.sent), out);
            out.effects.push(Effect::PullAt(pull.token, now + EXCEPTION_DELAY));
        }
        self.pull_thread.armed = SimTime::MAX;
        self.run_pull_thread(now, out);
    }
}
