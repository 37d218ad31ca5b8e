//! `brokerAddrTable` and the rules by which an address is looked up in it.

use std::collections::BTreeMap;

use crate::protocol::route::{BrokerData, MASTER_ID};
use crate::store::ids::BrokerIx;

/// Who carries each broker name, as one client believes.
#[derive(Clone, Debug, Default)]
pub struct BrokerTable {
    /// Broker ids with their processes, by ascending id.
    names: BTreeMap<BrokerIx, Vec<(u32, BrokerIx)>>,
}

impl BrokerTable {
    /// Replaces what is known of a name. True when its master is another one now.
    pub(super) fn replace(&mut self, data: &BrokerData) -> bool {
        let before = self.in_publish(data.broker);
        self.names.insert(data.broker, data.addresses.clone());
        before != self.in_publish(data.broker)
    }

    /// Removes every address that `keep` does not want; returns the names that lost their master.
    pub(super) fn retain(&mut self, keep: impl Fn(BrokerIx, BrokerIx) -> bool) -> Vec<BrokerIx> {
        let mut orphans = Vec::new();
        for (name, addresses) in &mut self.names {
            let had_master = addresses.first().is_some_and(|(id, _)| *id == MASTER_ID);
            addresses.retain(|(_, process)| keep(*name, *process));
            if had_master && addresses.first().is_none_or(|(id, _)| *id != MASTER_ID) {
                orphans.push(*name);
            }
        }
        self.names.retain(|_, addresses| !addresses.is_empty());
        orphans
    }

    /// The master of a name (`MQClientInstance#findBrokerAddressInPublish`).
    #[must_use]
    pub fn in_publish(&self, name: BrokerIx) -> Option<BrokerIx> {
        self.names.get(&name)?.iter().find(|(id, _)| *id == MASTER_ID).map(|(_, process)| *process)
    }

    /// The process with an id, or, for an id other than the master's, with the next one; else, unless `only_this`, the lowest
    /// there is (`MQClientInstance#findBrokerAddressInSubscribe`). With its id.
    #[must_use]
    pub fn in_subscribe(&self, name: BrokerIx, id: u32, only_this: bool) -> Option<(u32, BrokerIx)> {
        let addresses = self.names.get(&name)?;
        let exact = |wanted: u32| addresses.iter().copied().find(|(known, _)| *known == wanted);
        let next = || if id == MASTER_ID { None } else { exact(id + 1) };
        let any = || if only_this { None } else { addresses.first().copied() };
        exact(id).or_else(next).or_else(any)
    }

    /// Every name, ascending.
    pub fn names(&self) -> impl Iterator<Item = BrokerIx> + '_ {
        self.names.keys().copied()
    }

    /// Every process with its broker id, by name and id.
    pub fn addresses(&self) -> impl Iterator<Item = (u32, BrokerIx)> + '_ {
        self.names.values().flatten().copied()
    }

    /// Whether nobody is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(addresses: &[(u32, u32)]) -> BrokerTable {
        let mut table = BrokerTable::default();
        let addresses = addresses.iter().map(|(id, process)| (*id, BrokerIx(*process))).collect();
        table.replace(&BrokerData { broker: BrokerIx(0), addresses });
        table
    }

    fn subscribe(table: &BrokerTable, id: u32, only_this: bool) -> Option<u32> {
        table.in_subscribe(BrokerIx(0), id, only_this).map(|(_, process)| process.0)
    }

    #[test]
    fn subscribers_get_the_id_they_ask_for_the_next_one_or_the_lowest() {
        let all = table(&[(0, 0), (1, 7), (2, 8)]);
        assert_eq!([0, 1, 2].map(|id| subscribe(&all, id, true)), [Some(0), Some(7), Some(8)]);
        let slaves = table(&[(2, 8), (3, 9)]);
        assert_eq!(subscribe(&slaves, 1, true), Some(8), "the next id");
        assert_eq!(subscribe(&slaves, 0, true), None, "the master has no substitute");
        assert_eq!(subscribe(&slaves, 0, false), Some(8), "but for those who take any");
        assert_eq!(slaves.in_publish(BrokerIx(0)), None);
    }

    #[test]
    fn a_name_goes_with_its_last_address_and_a_lost_master_is_reported() {
        let mut table = table(&[(0, 0), (1, 7)]);
        assert_eq!(table.retain(|_, process| process.0 == 7), [BrokerIx(0)]);
        assert_eq!(subscribe(&table, 0, false), Some(7));
        assert!(table.retain(|_, _| false).is_empty());
        assert!(table.is_empty());
    }
}
