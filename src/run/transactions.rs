//! Carrying out transactions: the answers to half messages, their ends, and their states over time.

use super::world::{StoredHalf, World};
use crate::node::broker::TransactionStates;
use crate::node::counters::Counter;
use crate::protocol::address::Address;
use crate::protocol::message::{Body, Correlation};

impl World {
    /// The answer to a half message arrives: the local transaction runs.
    pub(super) fn half_stored(&mut self, place: u32) {
        let Some(StoredHalf { producer, request, half_offset, physical }) = self.halves.take(place) else { return };
        let path = &mut self.producers[producer.at()].path;
        path.producer.on_half_stored(self.now, &request, half_offset, physical, &mut self.out);
        self.carry_out(Address::Producer(producer));
    }

    /// A transaction's end leaves for the broker of its half message.
    pub(super) fn end_transaction(&mut self, place: u32) {
        let Some((producer, broker, end)) = self.ends.take(place) else { return };
        let broker = if self.plan.fallible {
            let producer = &self.producers[producer.at()].path.producer;
            producer.end_transaction_at(broker, end.from_check)
        } else {
            Some(broker)
        };
        let Some(broker) = broker else {
            self.out.counters.add_to_cluster(Counter::LostEnds, 1);
            return;
        };
        self.out.send(Address::Broker(broker), Correlation::ONEWAY, Body::EndTransaction(end));
        self.carry_out(Address::Producer(producer));
    }

    /// The states of all transactions.
    pub(super) fn transaction_states(&self) -> TransactionStates {
        let states = self.brokers.iter().map(|host| host.broker.transaction_states());
        states.fold(TransactionStates::default(), |sum, states| TransactionStates {
            begun: sum.begun + states.begun,
            pending: sum.pending + states.pending,
            committed: sum.committed + states.committed,
            rolled_back: sum.rolled_back + states.rolled_back,
            discarded: sum.discarded + states.discarded,
        })
    }
}
