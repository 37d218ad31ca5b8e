//! What need not be told one by one.

use std::collections::BTreeMap;

use crate::protocol::address::Address;
use crate::run::outcome::{Fact, FactRecord, RebalanceTrigger};

/// With more notices of changed members than this, those of a broker and a group within a second are one line, and rebalances
/// that found nothing to change have none.
const MOST_NOTICES: usize = 2000;

/// What makes two failed calls the same line, within a second.
type Key = (u64, u8, Address, Address, u8);

/// The places of facts that have another number of lines than one. Routine has none: commits of offsets, and rebalances by
/// the timer that got an answer and found nothing to change. Failed calls of one client to one server within a second are
/// one line, which tells how many they were (`times`). A run that records every message has a line for each fact.
pub(super) fn condensed(facts: &[FactRecord]) -> BTreeMap<usize, u64> {
    let mut first: BTreeMap<Key, usize> = BTreeMap::new();
    let mut times: BTreeMap<usize, u64> = BTreeMap::new();
    // Their number grows with the square of a group.
    let notices = facts.iter().filter(|record| matches!(record.fact, Fact::MembersChangedNotice { .. })).count();
    let flooded = notices > MOST_NOTICES;
    for (place, record) in facts.iter().enumerate() {
        let second = record.at.as_nanos() / 1_000_000_000;
        let key = match record.fact {
            Fact::Sent { .. } | Fact::Stored { .. } => return BTreeMap::new(),
            Fact::OffsetsPersisted { .. }
            | Fact::Rebalanced { trigger: RebalanceTrigger::Timer, members: Some(_), gained: 0, lost: 0, .. } => {
                times.insert(place, 0);
                continue;
            }
            Fact::Rebalanced { members: Some(_), gained: 0, lost: 0, .. } if flooded => {
                times.insert(place, 0);
                continue;
            }
            Fact::MembersChangedNotice { group, broker, .. } if flooded => {
                (second, 3, Address::Broker(broker), Address::Broker(broker), group.0 as u8)
            }
            Fact::CallTimedOut { client, server, what, .. } => (second, 0, client, server, what as u8),
            Fact::ConnectFailed { client, server, error } => (second, 1, client, server, error as u8),
            Fact::SendFailed { producer, .. } => {
                let client = Address::Producer(producer);
                (second, 2, client, client, 0)
            }
            _ => continue,
        };
        let of = *first.entry(key).or_insert(place);
        times.insert(place, 0);
        *times.entry(of).or_default() += 1;
    }
    times
}
