//! The consumer's state, its start and end, and its scheduler thread.

use std::collections::VecDeque;
use std::rc::Rc;

use super::failures::Failures;
use super::local_offsets::LocalOffsets;
use super::orderly::OrderlyService;
use super::parts::{ConsumerParts, Counters, Farewell, Presence};
use super::pull_thread::PullThread;
use super::rebalancing::RebalanceThread;
use super::reset::Resets;
use super::rules::ListenerRules;
use super::table::QueueTable;
use crate::consume::flow::FlowLimits;
use crate::consume::pool::Pool;
use crate::consume::process_queue::Row;
use crate::consume::queue_lock::LOCK_ALL_INITIAL_DELAY;
use crate::kernel::dist::Sampler;
use crate::kernel::rng::Stream;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::allocation::Allocations;
use crate::node::client::{Answer, ClientInstance, Finished, Thread};
use crate::node::config::{ConsumerConfig, MessageModel};
use crate::node::deployment::Deployment;
use crate::node::fact::{Fact, RebalanceTrigger, RouteOwner, StopKind};
use crate::node::outbox::{Outbox, Timer};
use crate::protocol::address::Address;
use crate::protocol::directory::Directory;
use crate::protocol::message::{Body, ConsumerData, Envelope};
use crate::store::ids::{ClientIx, ExpressionIx, GroupIx, InstanceIx, NameserverIx, QueueIx, TopicIx};

/// First offset persist after the instance's start (`MQClientInstance#startScheduledTask`).
const PERSIST_INITIAL_DELAY: SimDuration = SimDuration::from_secs(10);

/// A consumer.
#[derive(Debug)]
pub struct Consumer {
    pub(super) me: InstanceIx,
    pub(super) group: GroupIx,
    pub(super) topics: Vec<TopicIx>,
    /// The expression of each topic.
    pub(super) expressions: Vec<ExpressionIx>,
    pub(super) deployment: Rc<Deployment>,
    pub(super) config: ConsumerConfig,
    pub(super) directory: Rc<Directory>,
    pub(super) nameservers: Vec<NameserverIx>,
    pub(super) client: ClientInstance,
    pub(super) presence: Presence,
    pub(super) frozen: bool,
    pub(super) frozen_at: SimTime,
    pub(super) started: SimTime,
    pub(super) table: QueueTable,
    /// Listener calls of dropped queues that still run.
    pub(super) leftovers: Vec<(QueueIx, Row)>,
    pub(super) pool: Pool,
    pub(super) orderly: OrderlyService,
    pub(super) resets: Resets,
    /// Offset files of the host, for a broadcasting member.
    pub(super) local: LocalOffsets,
    /// Started again without an offset file.
    pub(super) without_file: bool,
    /// How often `start()` was called.
    pub(super) starts: u32,
    pub(super) next_call: u64,
    pub(super) service: Sampler,
    pub(super) service_per_call: Sampler,
    pub(super) rules: ListenerRules,
    pub(super) handling: Sampler,
    pub(super) limits: FlowLimits,
    pub(super) rebalance: RebalanceThread,
    pub(super) persist_at: SimTime,
    /// Offsets that the scheduler thread still has to send.
    pub(super) persisting: VecDeque<QueueIx>,
    pub(super) pull_thread: PullThread,
    /// What `shutdown()` has still to do: queues to unlock, offsets to send, brokers to leave.
    pub(super) farewell: Farewell,
    pub(super) stream: Stream,
    pub(super) service_stream: Stream,
    /// Counts.
    pub counters: Counters,
    /// Listener time of reported calls.
    pub(super) busy: SimDuration,
    /// Of it, and of the calls not yet reported, what passed while the process was frozen.
    pub(super) frozen_busy: SimDuration,
    /// The service time changed while the process was frozen.
    pub(super) redraw_on_thaw: bool,
    /// Failing calls and what becomes of their messages.
    pub(super) failures: Failures,
}

impl Consumer {
    /// A consumer whose process does not run yet.
    #[must_use]
    pub fn new(parts: ConsumerParts) -> Self {
        let ConsumerParts {
            me,
            group,
            topics,
            expressions,
            config,
            directory,
            deployment,
            nameservers,
            mut stream,
            service_stream,
        } = parts;
        let client = new_client(me, group, ClientIx(0), &config, &nameservers, (&topics, &expressions), &mut stream);
        let mut consumer = Self {
            me,
            group,
            client,
            presence: Presence::Absent,
            frozen: false,
            frozen_at: SimTime::ZERO,
            started: SimTime::ZERO,
            table: QueueTable::default(),
            leftovers: Vec::new(),
            pool: Pool::new(config.consume_thread_min),
            orderly: OrderlyService::default(),
            resets: Resets::default(),
            local: LocalOffsets::default(),
            without_file: false,
            starts: 0,
            next_call: 0,
            service: config.service_time.sampler(),
            service_per_call: config.service_time_per_call.sampler(),
            rules: ListenerRules::new(me, &config.listener, deployment.salt),
            handling: config.client.handling.sampler(),
            limits: FlowLimits { count: 0, size_mib: 0, span: 0 },
            rebalance: RebalanceThread::default(),
            persist_at: SimTime::MAX,
            persisting: VecDeque::new(),
            pull_thread: PullThread::default(),
            farewell: Farewell::default(),
            stream,
            failures: Failures::new(service_stream.clone()),
            service_stream,
            counters: Counters::default(),
            busy: SimDuration::ZERO,
            frozen_busy: SimDuration::ZERO,
            redraw_on_thaw: false,
            topics,
            expressions,
            deployment,
            config,
            directory,
            nameservers,
        };
        consumer.set_limits();
        consumer
    }

    /// Gives the listener's failures draws of their own.
    #[must_use]
    pub fn with_failure_draws(mut self, stream: Stream) -> Self {
        self.failures = Failures::new(stream);
        self
    }

    /// A new process has a new client instance.
    pub(super) fn renew_client(&mut self, id: ClientIx) {
        self.client = new_client(
            self.me,
            self.group,
            id,
            &self.config,
            &self.nameservers,
            (&self.topics, &self.expressions),
            &mut self.stream,
        );
    }

    /// `start()` is called.
    pub fn on_start(&mut self, now: SimTime, id: ClientIx, out: &mut Outbox) {
        self.presence = Presence::Starting;
        self.renew_client(id);
        self.set_sub_versions(now);
        self.rebalance = RebalanceThread::default();
        self.pool = Pool::new(self.config.consume_thread_min);
        self.forget_calls();
        self.started = now;
        let broadcasts = self.config.message_model == MessageModel::Broadcasting;
        self.without_file = broadcasts && self.starts > 0 && !self.local.has_file(id);
        self.starts += 1;
        out.fact(Fact::ClientStarted { instance: self.me, group: self.group, client: id });
        let delay = self.config.start_delay.duration(&mut self.stream);
        if delay.is_zero() {
            self.on_started(now, out);
        } else {
            out.arm(Timer::Started, now + delay);
        }
    }

    /// The process is stopped by a signal or a pause: what it has done so far counts, nothing more happens.
    pub fn on_frozen(&mut self, now: SimTime, out: &mut Outbox) {
        self.settle(now, out);
        self.frozen = true;
        self.frozen_at = now;
        out.fact(self.stopped(StopKind::Frozen));
    }

    /// The process goes on: calls that should have ended end now, the others start from now.
    pub fn on_thawed(&mut self, now: SimTime, out: &mut Outbox) {
        self.frozen = false;
        self.resume_calls(now, out);
        out.fact(Fact::ClientThawed { instance: self.me, group: self.group, client: self.client.id });
    }

    /// A message arrives.
    pub fn on_message(&mut self, now: SimTime, envelope: Envelope, allocations: &mut Allocations, out: &mut Outbox) {
        if out.fallible && self.on_network(now, &envelope, out) {
            return;
        }
        match envelope.body {
            Body::PullReply(reply) => self.on_pull_reply(now, envelope.correlation, reply, out),
            Body::ResetOffset(group, offsets) => self.on_reset_offset(now, group, offsets, out),
            Body::Returned(taken) if !Self::is_async(envelope.correlation) => {
                self.on_returned(now, envelope.correlation, taken, out);
            }
            body if Self::is_async(envelope.correlation) => {
                self.on_async_answer(now, envelope.correlation, Some(body), out);
            }
            Body::NotifyConsumerIdsChanged(group) => {
                if self.presence != Presence::Running || group != self.group {
                    return;
                }
                let Address::Broker(broker) = envelope.from else { return };
                self.counters.notices += 1;
                out.fact(Fact::MembersChangedNotice { instance: self.me, group, client: self.client.id, broker });
                self.wake_rebalance(now, RebalanceTrigger::Notice(broker), out);
            }
            body => {
                let answer = self.client.on_reply(now, envelope.correlation, body, out);
                self.after(now, answer, allocations, out);
            }
        }
    }

    /// A timer fires.
    pub fn on_timer(&mut self, now: SimTime, timer: Timer, allocations: &mut Allocations, out: &mut Outbox) {
        match timer {
            Timer::Started => self.on_started(now, out),
            Timer::Scheduler => self.run_scheduler(now, out),
            Timer::RebalanceWait => self.begin_rebalance(now, RebalanceTrigger::Timer, out),
            Timer::ListenerReturn => self.on_listener_return(now, out),
            Timer::SendBackTimeout => self.on_send_back_timeout(now, out),
            Timer::CleanExpired => self.on_clean_expired(now, out),
            Timer::RebalanceWork => self.on_rebalance_work(now, allocations, out),
            Timer::LockAll => self.lock_all(now, out),
            Timer::CallSweep if self.presence == Presence::Running => self.on_call_sweep(now, out),
            _ => {
                let answer = self.client.on_timeout(now, timer, out);
                self.after(now, answer, allocations, out);
                self.fail_reset(now, out);
            }
        }
    }

    /// The shutdown is over or the process never ran.
    pub fn on_exit(&mut self) {
        self.presence = Presence::Absent;
        self.frozen = false;
        self.orderly.stop();
        self.resets.stop();
        self.farewell = Farewell::default();
        self.forget_calls();
    }

    /// What the old process waited for is of no interest any more.
    pub(super) fn forget_calls(&mut self) {
        self.pull_thread.restart();
        self.persisting.clear();
    }

    /// `SubscriptionData#subVersion` is the time of `subscribe()`.
    fn set_sub_versions(&mut self, now: SimTime) {
        if let Some(consumer) = &mut self.client.consumer {
            for (_, version) in &mut consumer.subscriptions {
                *version = now;
            }
        }
    }

    /// Thresholds per queue: those for a topic are divided by the number of process queues (`RebalancePushImpl#messageQueueChanged`).
    pub(super) fn set_limits(&mut self) {
        let share = |topic: i32, queue: u32, queues: usize| {
            if topic == -1 { queue } else { (topic / queues.max(1) as i32).max(1) as u32 }
        };
        let queues = self.table.len();
        self.limits = FlowLimits {
            count: share(self.config.pull_threshold_for_topic, self.config.pull_threshold_for_queue, queues),
            size_mib: share(
                self.config.pull_threshold_size_for_topic,
                self.config.pull_threshold_size_for_queue,
                queues,
            ),
            span: if self.is_orderly() { u32::MAX } else { self.config.consume_concurrently_max_span },
        };
    }

    fn on_started(&mut self, now: SimTime, out: &mut Outbox) {
        self.presence = Presence::Running;
        self.started = now;
        self.client.start_timers(now);
        self.persist_at = now + PERSIST_INITIAL_DELAY;
        self.start_cleaning(now, out);
        self.arm_scheduler(out);
        out.arm(Timer::RebalanceWait, now + self.config.rebalance_wait_interval);
        if self.renews_locks() {
            out.arm(Timer::LockAll, now + LOCK_ALL_INITIAL_DELAY);
        }
        if !self.client.begin_routes(now, Thread::Main, self.topics.clone(), out) {
            self.wake_rebalance(now, RebalanceTrigger::Start, out);
        }
    }

    fn run_scheduler(&mut self, now: SimTime, out: &mut Outbox) {
        while !self.scheduler_busy() {
            if self.persist_at <= now && self.persist_at <= self.client.scheduler_due() {
                self.persist_at += self.config.persist_consumer_offset_interval;
                self.persist_on_scheduler(now, out);
            } else if self.client.scheduler_due() <= now {
                self.client.run_scheduler(now, now.min(self.persist_at), out);
            } else {
                break;
            }
        }
        self.arm_scheduler(out);
    }

    pub(super) fn arm_scheduler(&self, out: &mut Outbox) {
        if !self.scheduler_busy() {
            out.arm(Timer::Scheduler, self.client.scheduler_due().min(self.persist_at));
        }
    }

    fn after(&mut self, now: SimTime, answer: Answer, allocations: &mut Allocations, out: &mut Outbox) {
        match answer {
            Answer::Pending => {}
            Answer::Finished(Thread::Scheduler, _) => self.run_scheduler(now, out),
            Answer::Finished(Thread::Rebalance, _) => self.next_topic(now, out),
            Answer::Own(Thread::Rebalance, body) => self.on_rebalance_answer(now, body, allocations, out),
            Answer::Own(Thread::Main, _) => self.farewell_next(now, out),
            Answer::Finished(Thread::Main, Finished::Routes) => {
                if !self.client.begin_heartbeat(now, Thread::Main, out) {
                    self.wake_rebalance(now, RebalanceTrigger::Start, out);
                }
            }
            Answer::Finished(Thread::Main, Finished::Heartbeat) => {
                self.wake_rebalance(now, RebalanceTrigger::Start, out);
            }
            Answer::Own(Thread::Scheduler, _) => {
                self.persist_next(now, out);
                self.run_scheduler(now, out);
            }
        }
    }

    pub(super) fn stopped(&self, how: StopKind) -> Fact {
        Fact::ClientStopped { instance: self.me, group: self.group, client: self.client.id, how }
    }
}

pub(super) fn new_client(
    me: InstanceIx,
    group: GroupIx,
    id: ClientIx,
    config: &ConsumerConfig,
    nameservers: &[NameserverIx],
    (topics, expressions): (&[TopicIx], &[ExpressionIx]),
    stream: &mut Stream,
) -> ClientInstance {
    let owner = RouteOwner::Consumer { instance: me, group, client: id };
    let mut client = ClientInstance::new(owner, id, config.client.clone(), nameservers, topics.iter().copied(), stream);
    client.consumer = Some(ConsumerData {
        group,
        subscriptions: topics.iter().map(|topic| (*topic, SimTime::ZERO)).collect(),
        expressions: expressions.to_vec(),
    });
    client
}
