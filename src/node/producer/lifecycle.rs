//! How a producer's process ends and starts again.

use std::collections::VecDeque;

use super::faults::Faults;
use super::machine::Producer;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::client::Thread;
use crate::node::outbox::{Effect, Outbox, Timer};
use crate::protocol::address::Address;
use crate::protocol::message::Body;
use crate::store::ids::BrokerIx;

/// `UNREGISTER_CLIENT`'s timeout (`mqClientApiTimeout`).
const UNREGISTER_TIMEOUT: SimDuration = SimDuration::from_secs(3);

/// What a producer's process is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// It runs, or has not started for the first time.
    Running,
    /// `shutdown()` tells these brokers, one after another.
    Stopping(VecDeque<BrokerIx>),
    /// There is none.
    Gone,
}

impl Producer {
    /// `shutdown()` is called: no more sends; every broker is told, then the process ends. Calls that are not answered by then
    /// fail.
    pub fn on_stop(&mut self, now: SimTime, out: &mut Outbox) {
        self.next_call = SimTime::MAX;
        self.client.stop_timers();
        self.client.abandon_calls(out);
        out.disarm(Timer::Scheduler);
        let known = self.client.brokers().addresses().map(|(_, process)| process).collect();
        self.life = Life::Stopping(known);
        self.farewell_next(now, out);
    }

    /// The next step of `shutdown()`.
    pub(super) fn farewell_next(&mut self, now: SimTime, out: &mut Outbox) {
        let Life::Stopping(brokers) = &mut self.life else { return };
        match brokers.pop_front() {
            Some(broker) => {
                let body = Body::UnregisterClient(None);
                self.client.call(now, Thread::Main, Address::Broker(broker), body, UNREGISTER_TIMEOUT, out);
            }
            None => {
                self.on_killed(now, out);
                out.effects.push(Effect::Exit);
            }
        }
    }

    /// The process is gone; what its calls came to nobody will know.
    pub fn on_killed(&mut self, _now: SimTime, out: &mut Outbox) {
        self.next_call = SimTime::MAX;
        self.life = Life::Gone;
        self.client.stop_timers();
        self.client.abandon_calls(out);
        out.disarm(Timer::Scheduler);
        self.end_all(out);
    }

    /// The host is gone with the process. A producer has nothing on disk.
    pub fn on_host_lost(&mut self, now: SimTime, _disk_lost: bool, out: &mut Outbox) {
        self.on_killed(now, out);
    }

    /// The process runs again and knows nothing. What should have been sent meanwhile was not.
    pub fn on_restart(&mut self, now: SimTime, _empty_disk: bool, out: &mut Outbox) {
        self.client = self.client.renewed(&mut self.choices);
        (self.route, self.faults, self.life) = (None, Faults::default(), Life::Running);
        self.publish.clear();
        self.asks_template = false;
        loop {
            self.plan_next_call();
            if self.next_call >= now {
                break;
            }
        }
        self.on_start(now, out);
    }

    /// A transaction's end is due. It goes to the broker that asked, or to whoever is the master of the broker name by now;
    /// without one it is lost.
    pub fn end_transaction_at(&self, broker: BrokerIx, from_check: bool) -> Option<BrokerIx> {
        if self.life == Life::Gone {
            return None;
        }
        if from_check { Some(broker) } else { self.client.brokers().in_publish(broker) }
    }
}
