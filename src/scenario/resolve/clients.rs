//! Client ids that look like RocketMQ's and sort like the instances they belong to.

use std::collections::BTreeMap;

use super::names::java_order;
use crate::kernel::rng::Streams;
use crate::kernel::time::SimTime;
use crate::store::ids::ClientIx;

/// Values an octet takes: 100 to 255, so that all have three digits and text sorts like numbers.
const OCTET: u64 = 156;

/// The client ids of a scenario, numbered as they are made; [`Clients::interned`] renumbers them in sort order.
pub(crate) struct Clients {
    streams: Streams,
    ids: Vec<String>,
    numbers: BTreeMap<String, usize>,
    hosts: BTreeMap<String, ()>,
    /// Where each consumer ran last, by group and number.
    addresses: BTreeMap<(u64, usize), String>,
}

impl Clients {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            streams: Streams::new(seed),
            ids: Vec::new(),
            numbers: BTreeMap::new(),
            hosts: BTreeMap::new(),
            addresses: BTreeMap::new(),
        }
    }

    /// A client id by its text; the same text is the same id, as for a broker.
    pub(crate) fn intern(&mut self, id: String) -> ClientIx {
        let next = self.ids.len();
        let number = *self.numbers.entry(id.clone()).or_insert(next);
        if number == next {
            self.ids.push(id);
        }
        ClientIx::new(number)
    }

    pub(crate) fn name(&self, id: ClientIx) -> &str {
        &self.ids[id.at()]
    }

    /// `ip@pid#nanoTime` of a consumer's `incarnation`-th start (`ClientConfig#buildMQClientId`,
    /// `#changeInstanceNameToPID`). The address grows with the member's number; a pod that is restarted gets a random
    /// one.
    pub(crate) fn consumer(&mut self, group: usize, member: usize, name: &str, start: Start) -> ClientIx {
        let group = group as u64 + 1;
        let ip = match (self.addresses.get(&(group, member)), start.incarnation) {
            (None, _) | (_, 0) => address(group, member as u64),
            (Some(last), _) if !start.new_address => last.clone(),
            (_, incarnation) => self.pod_address(group, name, incarnation),
        };
        self.hosts.insert(ip.clone(), ());
        self.addresses.insert((group, member), ip.clone());
        if start.broadcasting {
            // `DefaultMQPushConsumerImpl#start` puts the process id into the name of clustering members only.
            return self.intern(format!("{ip}@DEFAULT"));
        }
        let pid = 1000 + (member as u64 * 17 + start.incarnation * 1009) % 9000;
        let nano = 10_000_000_000_000 + start.at.as_nanos();
        self.intern(format!("{ip}@{pid}#{nano}"))
    }

    /// Like [`Clients::consumer`], from another network.
    pub(crate) fn producer(&mut self, producer: usize, instance: u64, at: SimTime) -> ClientIx {
        let (high, low) = (100 + instance / OCTET, 100 + instance % OCTET);
        let nano = 10_000_000_000_000 + at.as_nanos();
        let pid = 1000 + (instance * 17) % 9000;
        self.intern(format!("172.{}.{high}.{low}@{pid}#{nano}", producer + 1))
    }

    fn pod_address(&self, group: u64, name: &str, incarnation: u64) -> String {
        let mut stream = self.streams.stream(name, &format!("address of restart {incarnation}"));
        loop {
            let ip = address(group, stream.below(OCTET * OCTET));
            if !self.hosts.contains_key(&ip) {
                return ip;
            }
        }
    }

    /// All ids in the order in which clients sort `cidAll`, and for each number given so far its number among them.
    pub(crate) fn interned(&self) -> (Vec<String>, Vec<ClientIx>) {
        let mut order: Vec<usize> = (0..self.ids.len()).collect();
        order.sort_by(|a, b| java_order(&self.ids[*a], &self.ids[*b]));
        let mut number = vec![ClientIx::default(); order.len()];
        for (sorted, given) in order.iter().enumerate() {
            number[*given] = ClientIx::new(sorted);
        }
        (order.iter().map(|given| self.ids[*given].clone()).collect(), number)
    }
}

fn address(group: u64, host: u64) -> String {
    format!("10.{group}.{}.{}", 100 + host / OCTET, 100 + host % OCTET)
}

/// One start of a consumer process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start {
    /// 0 for the first.
    pub(crate) incarnation: u64,
    /// Whether a restart changes the address (a pod).
    pub(crate) new_address: bool,
    /// Whether its group broadcasts.
    pub(crate) broadcasting: bool,
    pub(crate) at: SimTime,
}
