//! The synchronous calls of an instance's threads.

use super::channels::{CONNECT_GRACE, CONNECT_TIMEOUT, ChannelId};
use super::instance::{ClientInstance, Job};
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::fact::CallKind;
use crate::node::outbox::{Outbox, Timer};
use crate::protocol::address::Address;
use crate::protocol::message::{Body, CallError, Correlation};

/// The threads of an instance that make synchronous calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thread {
    /// Whoever called `start()` or `shutdown()`, or an application thread that sends.
    Main,
    /// `MQClientFactoryScheduledThread`.
    Scheduler,
    /// `RebalanceService`.
    Rebalance,
}

impl Thread {
    pub(super) const ALL: [Self; 3] = [Self::Main, Self::Scheduler, Self::Rebalance];

    const fn timer(self) -> Timer {
        match self {
            Self::Main => Timer::MainCall,
            Self::Scheduler => Timer::SchedulerCall,
            Self::Rebalance => Timer::RebalanceCall,
        }
    }
}

/// What a thread has finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finished {
    /// All route queries of a job.
    Routes,
    /// All heartbeats of a job.
    Heartbeat,
}

/// What a reply meant to the instance.
#[derive(Debug)]
pub enum Answer {
    /// Nobody waits for it any more, or the thread's job goes on.
    Pending,
    /// The thread's job is done.
    Finished(Thread, Finished),
    /// A call the owner made itself through [`ClientInstance::call`]; `None` when it failed.
    Own(Thread, Option<Body>),
}

/// The call a thread waits for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    correlation: Correlation,
    server: Address,
    what: CallKind,
    began: SimTime,
    timeout: SimDuration,
    /// The connection it went out by, once there is one.
    channel: Option<ChannelId>,
    /// That was reset.
    reset: bool,
    /// Nobody answers: the thread waits for the connection only.
    oneway: bool,
    /// Nameservers that could not be reached within this call.
    unreachable: usize,
}

/// What a request is for.
#[must_use]
pub const fn call_kind(body: &Body) -> CallKind {
    match body {
        Body::GetRoute(_) => CallKind::Route,
        Body::GetConsumerList(_) => CallKind::Members,
        Body::QueryOffset(..) | Body::MaxOffset(_) | Body::SearchOffset(..) | Body::UpdateOffsets { .. } => {
            CallKind::Offset
        }
        Body::Lock(..) | Body::Unlock(..) => CallKind::Lock,
        Body::UnregisterClient(_) => CallKind::Unregister,
        Body::SendBack(_) => CallKind::SendBack,
        Body::Send(_) | Body::RetrySend(_) => CallKind::Send,
        Body::Pull(_) => CallKind::Pull,
        _ => CallKind::Heartbeat,
    }
}

impl ClientInstance {
    /// A synchronous call of the owner's own on a thread; its answer comes as [`Answer::Own`].
    pub fn call(
        &mut self,
        now: SimTime,
        thread: Thread,
        to: Address,
        body: Body,
        timeout: SimDuration,
        out: &mut Outbox,
    ) {
        self.ask(thread, (now, now + timeout), (to, false, 0), body, out);
    }

    /// A one-way request of a thread. Where there is no connection yet the thread waits for it (versions before 5.3 connect in
    /// the calling thread): then this says true, and an [`Answer::Own`] says when it goes on.
    pub fn call_oneway(&mut self, now: SimTime, thread: Thread, to: Address, body: Body, out: &mut Outbox) -> bool {
        if self.channel(to).is_some() {
            out.send(to, Correlation::ONEWAY, body);
            return false;
        }
        self.ask(thread, (now, now + CONNECT_TIMEOUT), (to, true, 0), body, out);
        true
    }

    /// A request that began at some time leaves; `unreachable` nameservers were tried before.
    fn ask(
        &mut self,
        thread: Thread,
        (began, deadline): (SimTime, SimTime),
        (server, oneway, unreachable): (Address, bool, usize),
        body: Body,
        out: &mut Outbox,
    ) {
        self.calls += 1;
        let correlation = Correlation((self.calls << 2) | (thread as u32 + 1));
        let channel = if out.fallible { self.channel(server) } else { None };
        let timeout = deadline.since(began);
        self.waiting[thread as usize] = Some(Waiting {
            correlation,
            server,
            what: call_kind(&body),
            began,
            timeout,
            channel,
            reset: false,
            oneway,
            unreachable,
        });
        out.send(server, correlation, body);
        let connects = out.fallible && channel.is_none();
        // The network's word on a connection comes first, however little time the call has left.
        let patience = (CONNECT_TIMEOUT + CONNECT_GRACE) * (unreachable as u64 + 1);
        let until = if connects { deadline.max(began + patience) } else { deadline };
        out.arm(thread.timer(), until);
    }

    /// The connection that a thread's call waited for is there.
    pub(super) fn connected_thread(&mut self, now: SimTime, thread: Thread, channel: ChannelId, out: &mut Outbox) {
        let Some(waiting) = &mut self.waiting[thread as usize] else { return };
        if waiting.server != channel.server || waiting.channel.is_some() {
            return;
        }
        waiting.channel = Some(channel);
        let until = if waiting.oneway { now } else { waiting.began + waiting.timeout };
        out.arm(thread.timer(), until.max(now));
    }

    /// The connection a thread's call went out by was reset.
    pub(super) fn reset_thread(&mut self, now: SimTime, thread: Thread, channel: ChannelId, out: &mut Outbox) {
        if let Some(waiting) = &mut self.waiting[thread as usize]
            && waiting.channel == Some(channel)
        {
            waiting.reset = true;
            out.arm(thread.timer(), now);
        }
    }

    /// A reply arrived.
    pub fn on_reply(&mut self, now: SimTime, correlation: Correlation, body: Body, out: &mut Outbox) -> Answer {
        let asked = |thread: &Thread| {
            self.waiting[*thread as usize].as_ref().is_some_and(|waiting| waiting.correlation == correlation)
        };
        let Some(thread) = Thread::ALL.into_iter().find(asked) else { return Answer::Pending };
        let waiting = self.waiting[thread as usize].take();
        out.disarm(thread.timer());
        match (body, waiting) {
            (Body::Failed(error), Some(waiting)) => self.on_failed(now, thread, waiting, error, out),
            (body, _) => self.advance(now, thread, Some(body), out),
        }
    }

    /// A call could not be made. Another nameserver is tried within the same call while there is one
    /// (`NettyRemotingClient#getAndCreateNameserverChannel`).
    fn on_failed(
        &mut self,
        now: SimTime,
        thread: Thread,
        waiting: Waiting,
        error: CallError,
        out: &mut Outbox,
    ) -> Answer {
        self.tell_failed(waiting.server, error, out);
        self.channels.forget_choice(waiting.server);
        let unreachable = waiting.unreachable + 1;
        let topic = self.asks_route(thread);
        if let Some(topic) = topic
            && error != CallError::Reset
            && unreachable < self.channels.nameservers.len()
        {
            let next = self.channels.nameserver();
            let times = (waiting.began, waiting.began + waiting.timeout);
            self.ask(thread, times, (next, false, unreachable), Body::GetRoute(topic), out);
            return Answer::Pending;
        }
        self.advance(now, thread, None, out)
    }

    /// A call ran into its timeout.
    pub fn on_timeout(&mut self, now: SimTime, timer: Timer, out: &mut Outbox) -> Answer {
        let Some(thread) = Thread::ALL.into_iter().find(|thread| thread.timer() == timer) else {
            return Answer::Pending;
        };
        let Some(waiting) = self.waiting[thread as usize].take() else { return Answer::Pending };
        if out.fallible {
            if waiting.oneway && waiting.channel.is_some() {
                return self.advance(now, thread, Some(Body::Connected), out);
            }
            if !waiting.reset {
                let call = (waiting.what, now.since(waiting.began));
                self.on_call_timed_out(now, (waiting.server, waiting.channel), call, out);
            }
            self.channels.forget_choice(waiting.server);
        } else if matches!(self.jobs[thread as usize], Some(Job::Routes { .. })) {
            // `clientCloseSocketIfTimeout`: the next call chooses another nameserver.
            self.channels.chosen = None;
        }
        self.advance(now, thread, None, out)
    }

    /// The process ends: what its threads wait for is of no interest any more.
    pub fn abandon_calls(&mut self, out: &mut Outbox) {
        self.jobs = [None, None, None];
        self.waiting = [None; 3];
        self.heartbeat_busy = false;
        for thread in Thread::ALL {
            out.disarm(thread.timer());
        }
    }
}
