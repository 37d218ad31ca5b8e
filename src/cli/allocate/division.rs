//! Who gets what by a strategy, and what can be measured of it.

use std::collections::BTreeMap;

use super::situation::Situation;
use super::{AllocateArgs, AllocateCommandError};
use crate::consume::allocate::{
    AllocateError, AllocateMessageQueueStrategy, Input, MessageQueue, Pick, STRATEGIES, Settings, StrategyEntry, find,
};

/// The strategies asked for, each with its divisions.
#[derive(Clone, Debug)]
pub(super) struct Comparison {
    /// Whether several strategies were asked for.
    pub several: bool,
    /// One entry per strategy.
    pub strategies: Vec<Divided>,
    /// Strategies left out, with the reason.
    pub left_out: Vec<(&'static str, String)>,
}

/// One strategy's answer.
#[derive(Clone, Debug)]
pub(super) struct Divided {
    /// The strategy.
    pub entry: &'static StrategyEntry,
    /// RocketMQ's name, with the inner strategy's.
    pub name: String,
    /// With the consumers before.
    pub before: Division,
    /// With those after the change, and what it moved.
    pub after: Option<(Division, Change)>,
}

/// Who gets what.
#[derive(Clone, Debug)]
pub(super) struct Division {
    /// One row per distinct client id, in sorted order.
    pub rows: Vec<Row>,
    /// Rows that own each queue.
    pub owners: Vec<Vec<u32>>,
}

/// One client id's share.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// Client id.
    pub client: String,
    /// How many consumers use the id.
    pub holders: usize,
    /// Positions of its queues, in the order RocketMQ returns them.
    pub queues: Vec<u32>,
}

/// What a change of the consumers does.
#[derive(Clone, Debug)]
pub(super) struct Change {
    /// Positions of the queues whose owners differ.
    pub moved: Vec<u32>,
    /// The fewest moves after which the shares are even (they differ by one at most); `None` where queues have several
    /// owners.
    pub least: Option<usize>,
}

impl Comparison {
    pub(super) fn new(situation: &Situation, args: &AllocateArgs) -> Result<Self, AllocateCommandError> {
        let named = args.strategy.as_deref().map(known).transpose()?;
        let mut comparison = Self { several: args.compare, strategies: Vec::new(), left_out: Vec::new() };
        if !args.compare {
            let entry = named.unwrap_or(&STRATEGIES[0]);
            let strategy = build(entry, situation, args)?.map_err(|missing| {
                AllocateCommandError::argument(format!("{} needs {}", entry.key, missing.what), missing.help)
            })?;
            comparison.strategies.push(Divided::new(entry, strategy.as_ref(), situation)?);
            return Ok(comparison);
        }
        for entry in &STRATEGIES {
            match build(entry, situation, args)? {
                Ok(strategy) => comparison.strategies.push(Divided::new(entry, strategy.as_ref(), situation)?),
                Err(missing) => comparison.left_out.push((entry.key, format!("needs {}", missing.what))),
            }
        }
        Ok(comparison)
    }
}

fn known(name: &str) -> Result<&'static StrategyEntry, AllocateCommandError> {
    find(name).ok_or_else(|| AllocateCommandError::unknown_strategy(name))
}

/// What a strategy would need to be used.
struct Missing {
    what: &'static str,
    help: &'static str,
}

type Built = Result<Box<dyn AllocateMessageQueueStrategy>, Missing>;

fn build(
    entry: &'static StrategyEntry,
    situation: &Situation,
    args: &AllocateArgs,
) -> Result<Built, AllocateCommandError> {
    let brokers_have_rooms = situation.queues.iter().all(|(broker, _)| situation.broker_rooms.contains_key(broker));
    let missing = match entry.key {
        "by_config" if situation.config.is_none() => {
            Some(Missing { what: "the configured queues", help: "give them, for example --config 0-3" })
        }
        "by_machine_room" if situation.rooms.is_empty() => {
            Some(Missing { what: "rooms", help: "give them, for example --rooms east,west" })
        }
        "machine_room_nearby" if !brokers_have_rooms => Some(Missing {
            what: "the room of every broker",
            help: "give --rooms east,west, name brokers like east@broker-a, or give --broker-rooms broker-a=east",
        }),
        _ => None,
    };
    if let Some(missing) = missing {
        return Ok(Err(missing));
    }
    let mut settings = Settings {
        virtual_nodes: virtual_nodes(args, situation)?,
        rooms: Some(situation.rooms.clone()),
        configured: configured(situation)?,
        broker_rooms: situation.broker_rooms.clone(),
        client_rooms: situation.client_rooms.clone(),
        ..Settings::default()
    };
    if entry.key == "machine_room_nearby" {
        let inner = known(args.inner.as_deref().unwrap_or("averagely"))?;
        if inner.key == entry.key {
            return Err(AllocateCommandError::argument(
                format!("{} inside itself", entry.key),
                "give --inner another strategy",
            ));
        }
        match build(inner, situation, args)? {
            Ok(inner) => settings.inner = Some(inner),
            Err(missing) => return Ok(Err(missing)),
        }
    }
    let refused = |error| AllocateCommandError::Strategy { strategy: entry.key.to_owned(), error };
    Ok(Ok((entry.build)(settings).map_err(refused)?))
}

/// Most places on the hash ring, and most queues configured over all consumers: they are gone through one by one.
const MAX_PLACES: u64 = 20_000_000;

fn consumers(situation: &Situation) -> u64 {
    situation.before.len().max(situation.after.as_ref().map_or(0, Vec::len)) as u64
}

fn virtual_nodes(args: &AllocateArgs, situation: &Situation) -> Result<i32, AllocateCommandError> {
    let places = u64::from(args.virtual_nodes) * consumers(situation);
    i32::try_from(args.virtual_nodes).ok().filter(|_| places <= MAX_PLACES).ok_or_else(|| {
        AllocateCommandError::argument(
            format!("{} virtual nodes for {} consumers", args.virtual_nodes, consumers(situation)),
            format!("give at most {}", MAX_PLACES / consumers(situation)),
        )
    })
}

fn configured(situation: &Situation) -> Result<Option<u32>, AllocateCommandError> {
    let length = situation.config.as_ref().map(|config| config.len() as u32);
    match length.filter(|length| u64::from(*length) * consumers(situation) > MAX_PLACES) {
        None => Ok(length),
        Some(length) => Err(AllocateCommandError::argument(
            format!("{length} configured queues for each of {} consumers", consumers(situation)),
            format!("configure at most {}", MAX_PLACES / consumers(situation)),
        )),
    }
}

impl Divided {
    fn new(
        entry: &'static StrategyEntry,
        strategy: &dyn AllocateMessageQueueStrategy,
        situation: &Situation,
    ) -> Result<Self, AllocateCommandError> {
        let queues = situation.message_queues();
        let divide = |clients: &[String]| {
            Division::new(strategy, &queues, clients, situation.config.as_deref().unwrap_or(&[]))
                .map_err(|error| AllocateCommandError::Strategy { strategy: entry.key.to_owned(), error })
        };
        let before = divide(&situation.before)?;
        let after = situation.after.as_deref().map(divide).transpose()?;
        let after = after.map(|after| {
            let change = Change::between(&before, &after);
            (after, change)
        });
        Ok(Self { entry, name: strategy.name(), before, after })
    }

    /// The last division: after the change if there is one.
    pub(super) fn last(&self) -> &Division {
        self.after.as_ref().map_or(&self.before, |(after, _)| after)
    }
}

impl Division {
    fn new(
        strategy: &dyn AllocateMessageQueueStrategy,
        queues: &[MessageQueue<'_>],
        clients: &[String],
        config: &[u32],
    ) -> Result<Self, AllocateError> {
        let ids: Vec<&str> = clients.iter().map(String::as_str).collect();
        let shares = strategy.allocate_all(&Input { queues, clients: &ids });
        let mut holders: BTreeMap<&str, usize> = BTreeMap::new();
        ids.iter().for_each(|id| *holders.entry(id).or_default() += 1);
        let mut rows = Vec::with_capacity(shares.len());
        let mut owners = vec![Vec::new(); queues.len()];
        for (position, picks) in shares.iter() {
            let picked = picks.map_err(Clone::clone)?.iter().map(|pick| match pick {
                Pick::Given(position) => *position,
                Pick::Configured(entry) => config[*entry as usize],
            });
            let picked: Vec<u32> = picked.collect();
            for queue in &picked {
                let owners: &mut Vec<u32> = &mut owners[*queue as usize];
                if owners.last() != Some(&(rows.len() as u32)) {
                    owners.push(rows.len() as u32);
                }
            }
            rows.push(Row { client: ids[position].to_owned(), holders: holders[ids[position]], queues: picked });
        }
        Ok(Self { rows, owners })
    }

    fn loads(&self) -> impl Iterator<Item = f64> {
        self.rows.iter().map(|row| row.queues.len() as f64)
    }

    /// The greatest share over the mean share: 1 is even. `None` when nobody got anything.
    pub(super) fn max_over_mean(&self) -> Option<f64> {
        let sum: f64 = self.loads().sum();
        (sum > 0.0).then(|| self.loads().fold(0.0, f64::max) * self.rows.len() as f64 / sum)
    }

    /// Jain's index of the shares: 1 is even, 1/n is one consumer with everything. `None` when nobody got anything.
    pub(super) fn jain(&self) -> Option<f64> {
        let (sum, squares) = (self.loads().sum::<f64>(), self.loads().map(|load| load * load).sum::<f64>());
        (squares > 0.0).then(|| sum * sum / (self.rows.len() as f64 * squares))
    }

    /// Client ids without a queue.
    pub(super) fn idle(&self) -> Vec<&str> {
        self.rows.iter().filter(|row| row.queues.is_empty()).map(|row| row.client.as_str()).collect()
    }

    /// Positions of queues that nobody got.
    pub(super) fn unassigned(&self) -> Vec<u32> {
        (0..self.owners.len()).filter(|&queue| self.owners[queue].is_empty()).map(|queue| queue as u32).collect()
    }

    /// Positions of queues that several consumers got: several client ids, or one id with several holders.
    pub(super) fn contested(&self) -> Vec<u32> {
        let holders =
            |queue: usize| self.owners[queue].iter().map(|row| self.rows[*row as usize].holders).sum::<usize>();
        (0..self.owners.len()).filter(|&queue| holders(queue) > 1).map(|queue| queue as u32).collect()
    }

    /// Client ids that got a queue.
    pub(super) fn owner_ids(&self, queue: u32) -> Vec<&str> {
        self.owners[queue as usize].iter().map(|row| self.rows[*row as usize].client.as_str()).collect()
    }
}

impl Change {
    fn between(before: &Division, after: &Division) -> Self {
        let moved: Vec<u32> = (0..before.owners.len() as u32)
            .filter(|&queue| before.owner_ids(queue) != after.owner_ids(queue))
            .collect();
        let one_owner = |division: &Division| division.owners.iter().all(|owners| owners.len() <= 1);
        let least = (one_owner(before) && one_owner(after)).then(|| least_moves(before, after));
        Self { moved, least }
    }
}

/// The fewest moves to even shares of the queues that have an owner afterwards: a consumer that stays keeps what it has, up
/// to its even share; of the shares that are one greater, as many as there are go to those who have more.
fn least_moves(before: &Division, after: &Division) -> usize {
    let owned = |queue: &&u32| !after.owners[**queue as usize].is_empty();
    let old: BTreeMap<&str, usize> =
        before.rows.iter().map(|row| (row.client.as_str(), row.queues.iter().filter(owned).count())).collect();
    let queues = after.owners.iter().filter(|owners| !owners.is_empty()).count();
    let (base, extra) = (queues / after.rows.len(), queues % after.rows.len());
    let kept = after.rows.iter().map(|row| old.get(row.client.as_str()).copied().unwrap_or(0));
    let with_more = kept.clone().filter(|kept| *kept > base).count();
    queues - kept.map(|kept| kept.min(base)).sum::<usize>() - with_more.min(extra)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn division(shares: &[(&str, &[u32])], queues: usize) -> Division {
        let mut owners = vec![Vec::new(); queues];
        let mut rows = Vec::new();
        for (index, (client, share)) in shares.iter().enumerate() {
            share.iter().for_each(|queue| owners[*queue as usize].push(index as u32));
            rows.push(Row { client: (*client).to_owned(), holders: 1, queues: share.to_vec() });
        }
        Division { rows, owners }
    }

    #[test]
    fn a_newcomer_takes_its_even_share_at_least() {
        let before = division(&[("a", &[0, 1, 2]), ("b", &[3, 4])], 5);
        let after = division(&[("a", &[0, 1]), ("b", &[2, 3]), ("c", &[4])], 5);
        let change = Change::between(&before, &after);
        assert_eq!(change.moved, [2, 4]);
        assert_eq!(change.least, Some(1));
    }

    #[test]
    fn the_leavers_queues_must_move() {
        let before = division(&[("a", &[0]), ("b", &[1]), ("c", &[2])], 3);
        let after = division(&[("a", &[0, 1]), ("b", &[2])], 3);
        assert_eq!(Change::between(&before, &after).least, Some(1));
        assert_eq!(Change::between(&before, &after).moved, [1, 2]);
    }

    #[test]
    fn moves_have_no_least_where_queues_have_two_owners() {
        let both = division(&[("a", &[0, 1]), ("b", &[0, 1])], 2);
        assert_eq!(Change::between(&both, &both).least, None);
        assert_eq!(both.contested(), [0, 1]);
    }

    #[test]
    fn fairness_of_even_uneven_and_empty_shares() {
        let even = division(&[("a", &[0]), ("b", &[1])], 2);
        assert_eq!((even.max_over_mean(), even.jain()), (Some(1.0), Some(1.0)));
        let uneven = division(&[("a", &[0, 1]), ("b", &[])], 2);
        assert_eq!((uneven.max_over_mean(), uneven.jain()), (Some(2.0), Some(0.5)));
        assert_eq!(uneven.idle(), ["b"]);
        let empty = division(&[("a", &[])], 1);
        assert_eq!((empty.max_over_mean(), empty.jain()), (None, None));
        assert_eq!(empty.unassigned(), [0]);
    }
}
