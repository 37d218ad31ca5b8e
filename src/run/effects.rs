//! Carrying out what nodes want: messages become events, timers are armed, connections closed, facts observed.

use super::world::{Event, World};
use crate::kernel::time::SimTime;
use crate::node::counters::Counter;
use crate::node::fact::{Fact, FactRecord};
use crate::node::outbox::{Delivery, Effect, Fate, Timer};
use crate::protocol::address::{Address, Channel};
use crate::protocol::message::{Body, Correlation, Envelope};
use crate::store::catalog::COPY;
use crate::store::ids::InstanceIx;

/// So many breaks of order are named; all are counted.
const ORDER_FACTS: usize = 1000;

impl World {
    /// Carries out everything in the outbox, in order; `node` is who filled it.
    #[inline]
    pub(super) fn carry_out(&mut self, node: Address) {
        if let Address::Consumer(instance) = node
            && !self.out.deliveries.is_empty()
        {
            self.record_deliveries(instance);
        }
        if !self.out.passed.is_empty() {
            self.record_passed(node);
        }
        if !self.out.appended.is_empty() {
            self.record_copies();
        }
        if !self.out.stored_sends.is_empty() {
            self.record_stored_sends();
        }
        if !self.out.calls.is_empty() {
            self.record_calls();
        }
        if self.out.effects.is_empty() {
            return;
        }
        let mut effects = std::mem::take(&mut self.out.effects);
        for effect in effects.drain(..) {
            self.carry_out_one(node, effect);
        }
        self.out.effects = effects;
        self.check_views();
    }

    fn carry_out_one(&mut self, node: Address, effect: Effect) {
        match effect {
            Effect::Send { to, correlation, body, after } => {
                let pull = matches!(body, Body::Pull(_));
                if self.trace {
                    self.trace_heartbeat(node, to, &body);
                }
                if self.plan.fallible {
                    self.send_over(node, to, correlation, body, self.now + after);
                    return;
                }
                let (channel, arrival) = self.network.up(self.now + after, node, to);
                let at = arrival + self.handling(to, pull);
                self.post(at, Envelope { from: node, to, channel, correlation, body });
            }
            Effect::Reply { channel, correlation, body, after } => {
                self.reply(node, channel, correlation, body, self.now + after);
            }
            Effect::Arm(timer, at) => self.arm(node, timer, Some(at)),
            Effect::Disarm(timer) => self.arm(node, timer, None),
            Effect::PullAt(token, at) => {
                if let Address::Consumer(instance) = node {
                    self.queue.push(at, Event::Pull(instance, token));
                }
            }
            Effect::WakeAt(wake, at) => {
                if let Address::Consumer(instance) = node {
                    self.queue.push(at, Event::Wake(instance, wake));
                }
            }
            Effect::FixOffsetAt(token, at) => {
                if let Address::Consumer(instance) = node {
                    self.queue.push(at, Event::FixOffset(instance, token));
                }
            }
            Effect::DispatchAt(local, at) => {
                if let Address::Broker(broker) = node {
                    self.queue.push(at, Event::Dispatch(broker, local));
                }
            }
            Effect::EndTransactionAt(broker, end, at) => {
                if let Address::Producer(producer) = node {
                    let place = self.ends.put((producer, broker, end));
                    self.queue.push(at.max(self.now), Event::EndTransaction(place));
                }
            }
            Effect::CloseChannel(channel) => self.close_from_server(node, channel),
            Effect::TaskAt(task, at) => {
                if let Address::Broker(broker) = node {
                    let start = self.brokers[broker.at()].host.starts;
                    self.queue.push(at.max(self.now), Event::Task(broker, task, start));
                }
            }
            Effect::Disconnect(server) => self.client_closes(node, server),
            Effect::Cut { queues, epoch } => {
                if let Address::Broker(process) = node {
                    self.on_cut(process, &queues, epoch);
                }
            }
            Effect::Leads => {
                if let Address::Broker(process) = node {
                    self.lead(process);
                }
            }
            Effect::Exit => self.exit(node),
            Effect::Fact(fact) => self.observe(fact),
        }
    }

    fn reply(&mut self, server: Address, channel: Channel, correlation: Correlation, body: Body, leave: SimTime) {
        if self.plan.fallible {
            self.answer_over(server, channel, correlation, body, leave);
            return;
        }
        match self.network.down(leave, server, channel) {
            Some(arrival) => {
                let to = channel.client;
                let at = arrival + self.handling(to, false);
                self.post(at, Envelope { from: server, to, channel, correlation, body });
            }
            None => {
                // The connection is gone: the answer is lost; its batch can be used again.
                self.reuse(body);
            }
        }
    }

    /// A heartbeat that leaves is a fact of `--trace messages`: measured timelines count from it.
    fn trace_heartbeat(&mut self, from: Address, to: Address, body: &Body) {
        if let (Address::Consumer(instance), Address::Broker(broker), Body::Heartbeat(heartbeat)) = (from, to, body) {
            let group = self.plan.instances[instance.at()].group;
            let fact = Fact::HeartbeatSent { instance, group, client: heartbeat.client, broker };
            self.facts.push(FactRecord { at: self.now, fact });
        }
    }

    pub(super) fn post(&mut self, at: SimTime, envelope: Envelope) {
        let place = self.mail.put(envelope);
        self.queue.push(at, Event::Deliver(place));
    }

    fn arm(&mut self, node: Address, timer: Timer, at: Option<SimTime>) {
        let timers = match node {
            Address::Nameserver(nameserver) => &mut self.nameservers[nameserver.at()].timers,
            Address::Broker(broker) => &mut self.brokers[broker.at()].timers,
            Address::Producer(producer) => &mut self.producers[producer.at()].timers,
            Address::Consumer(instance) => &mut self.processes[instance.at()].timers,
        };
        let armed = &mut timers[timer as usize];
        if let Some(event) = armed.take() {
            self.queue.cancel(event);
        }
        if let Some(at) = at {
            *armed = Some(self.queue.push(at.max(self.now), Event::Timer(node, timer)));
        }
    }

    /// Folds listener calls that are over into ledger, counts and latencies.
    pub(super) fn record_deliveries(&mut self, instance: InstanceIx) {
        let mut deliveries = std::mem::take(&mut self.out.deliveries);
        if self.plan.fallible {
            self.set_aside_stale(instance, &mut deliveries);
        }
        let process = &mut self.processes[instance.at()];
        let group = self.plan.instances[instance.at()].group;
        let track = &mut self.groups[group.at()];
        let pairs = &self.pairs[group.at()];
        for delivery in &deliveries {
            let pair = pairs[delivery.queue.at()];
            let appended_at = u128::from(delivery.stored.as_nanos());
            let order = self.order[pair as usize].as_mut().map(|order| {
                let new = !self.ledgers[pair as usize].was_delivered(delivery.offset);
                order.on_delivery(self.now, delivery, new)
            });
            if let Some(Some((earlier, later))) = order {
                self.out.counters.add(Counter::OrderViolations, group, 1);
                if self.order_facts < ORDER_FACTS {
                    self.order_facts += 1;
                    let Delivery { queue, key, .. } = *delivery;
                    let fact = Fact::OrderViolation { instance, group, queue, key, earlier, later };
                    self.facts.push(FactRecord { at: self.now, fact });
                }
            }
            let (first, cause) = self.ledgers[pair as usize].on_delivery(delivery.offset, appended_at, delivery.fate);
            track.on_delivery(delivery, first, cause);
            if delivery.class & COPY != 0
                && delivery.fate != Fate::SentBack
                && let times @ 1.. = self.out.catalog.reconsume_times(delivery.class)
            {
                track.on_retry(times);
                self.out.counters.add(Counter::Retries, group, 1);
            }
            process.measures.consumed += u64::from(matches!(delivery.fate, Fate::Acknowledged | Fate::Ignored));
            process.measures.duplicates += u64::from(cause.is_some());
            self.digest.fold(delivery.end.as_nanos() ^ (delivery.offset << 40) ^ u64::from(delivery.queue.0));
            if self.trace {
                self.facts.extend(trace(instance, group, delivery, cause));
            }
        }
        deliveries.clear();
        self.out.deliveries = deliveries;
    }
}

/// The facts of one message's delivery for `--trace messages`.
fn trace(
    instance: InstanceIx,
    group: crate::store::ids::GroupIx,
    delivery: &Delivery,
    cause: Option<crate::node::fact::DuplicateCause>,
) -> impl Iterator<Item = FactRecord> {
    let Delivery { queue, offset, .. } = *delivery;
    let duplicate = cause.map(|cause| FactRecord {
        at: delivery.start,
        fact: Fact::Duplicate { instance, group, queue, offset, cause },
    });
    let consumed = matches!(delivery.fate, Fate::Acknowledged | Fate::Ignored).then(|| FactRecord {
        at: delivery.end,
        fact: Fact::Consumed {
            instance,
            group,
            queue,
            offset,
            started: delivery.start,
            latency: delivery.end.since(delivery.born),
        },
    });
    duplicate.into_iter().chain(consumed)
}
