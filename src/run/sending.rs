//! Carrying out the way of sends ([`super::sends`]): calls, appends, answers, refusals.

use super::outcome::FactRecord;
use super::sends::{NextStep, UnderWay};
use super::world::{Event, StoredHalf, World};
use crate::node::fact::Fact;
use crate::node::producer::{NextSend, SendOutcome};
use crate::protocol::address::Address;
use crate::protocol::message::SendReply;
use crate::store::catalog::COPY;
use crate::store::ids::{BrokerIx, ProducerIx};

impl World {
    /// Calls and appends of a producer, as long as nothing else comes before the next one.
    pub(super) fn step_sends(&mut self, producer: ProducerIx) {
        self.producers[producer.at()].step = None;
        loop {
            let (at, step) = self.producers[producer.at()].path.next();
            if at > self.end {
                return;
            }
            if at > self.now && self.queue.next_time().is_some_and(|next| next <= at) {
                let event = self.queue.push(at, Event::Sends(producer));
                self.producers[producer.at()].step = Some(event);
                return;
            }
            self.now = at;
            self.digest.fold(at.as_nanos() ^ (1 << 63));
            match step {
                NextStep::Call => {
                    let host = &mut self.producers[producer.at()];
                    host.path.producer.on_call(at, &mut self.out, &mut self.sends);
                    if !self.out.effects.is_empty() {
                        self.carry_out(Address::Producer(producer));
                    }
                    self.depart(producer);
                }
                NextStep::Append(broker) => self.append(producer, broker),
            }
        }
    }

    #[inline]
    fn append(&mut self, producer: ProducerIx, broker: usize) {
        let now = self.now;
        let host = &mut self.producers[producer.at()];
        let Some(UnderWay { channel, request, .. }) = host.path.lanes[broker].requests.pop_front() else { return };
        let reply = self.brokers[broker].broker.on_send(now, &request, &mut self.out);
        let server = Address::Broker(BrokerIx::new(broker));
        let arrival = self.network.down(now, server, channel);
        let arrival = arrival.map(|at| at + host.handling.duration(&mut host.path.handling_stream));
        let latency = &mut host.latency;
        match reply {
            SendReply::Ok { queue_offset, physical, .. } => {
                let ordinary = request.draft.class & COPY == 0;
                if let Some(arrival) = arrival {
                    host.path.lanes[broker].answer(arrival, request.draft.born_at);
                    if host.path.producer.is_transactional() {
                        let half = StoredHalf { producer, request, half_offset: queue_offset, physical };
                        let place = self.halves.put(half);
                        self.queue.push(arrival, Event::HalfStored(place));
                    }
                }
                host.path.take_answers(now, |time| latency.record(time.as_nanos()));
                if self.trace && ordinary {
                    let size = request.draft.size;
                    let fact = Fact::Stored { queue: request.queue, offset: queue_offset, physical, size };
                    self.facts.push(FactRecord { at: now, fact });
                }
            }
            SendReply::Lost | SendReply::Error(_) => host.path.failed += 1,
            SendReply::QueueIdIllegal => {
                host.path.refused_under_way += 1;
                let place = self.refusals.put((producer, request));
                self.queue.push(arrival.unwrap_or(now), Event::Refused(place));
            }
        }
        if !self.out.effects.is_empty() || !self.out.appended.is_empty() {
            self.carry_out(server);
        }
    }

    pub(super) fn refused(&mut self, place: u32) {
        let Some((producer, request)) = self.refusals.take(place) else { return };
        let path = &mut self.producers[producer.at()].path;
        path.refused_under_way -= 1;
        match path.producer.on_refused(self.now, &request, &mut self.sends) {
            SendOutcome::Retried => path.retries += 1,
            SendOutcome::Failed => {
                path.failed += 1;
                self.facts
                    .push(FactRecord { at: self.now, fact: Fact::SendFailed { producer, message: request.call } });
            }
        }
        self.leave(producer);
    }

    /// Sends what a producer has made outside its own steps, and plans its next step anew.
    pub(super) fn leave(&mut self, producer: ProducerIx) {
        self.depart(producer);
        self.replan_sends(producer);
    }

    /// The producer's earliest step may have changed: its event moves.
    pub(super) fn replan_sends(&mut self, producer: ProducerIx) {
        let host = &mut self.producers[producer.at()];
        if let Some(event) = host.step.take() {
            self.queue.cancel(event);
        }
        let (at, _) = host.path.next();
        if at <= self.end {
            host.step = Some(self.queue.push(at.max(self.now), Event::Sends(producer)));
        }
    }

    #[inline]
    fn depart(&mut self, producer: ProducerIx) {
        let mut sends = std::mem::take(&mut self.sends);
        for NextSend { broker, request } in sends.drain(..) {
            let server = Address::Broker(broker);
            let (channel, arrival) = self.network.up(self.now, Address::Producer(producer), server);
            self.producers[producer.at()].path.enter(broker.at(), arrival, channel, request);
            if self.trace {
                let fact = Fact::Sent { producer, queue: request.queue, message: request.call };
                self.facts.push(FactRecord { at: self.now, fact });
            }
        }
        self.sends = sends;
    }
}
