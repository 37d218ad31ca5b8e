//! What must hold for every strategy on any lists.

use proptest::prelude::*;
use proptest::sample::Index;

use super::{
    AllocateError, AllocateMessageQueueStrategy, Balance, Input, MachineRoomRevision, MessageQueue, Pick, STRATEGIES,
    Settings, find, sort_clients, sorted_queue_positions,
};

const ROOMS: [&str; 3] = ["r1", "r2", "r3"];
const BROKERS: [&str; 7] = ["r1@a", "r2@b", "r3@c", "r1@d@", "r2", "r2@@e", "f"];

/// Any lists: repeated clients, the empty id, equal queues, nothing at all.
#[derive(Clone, Debug)]
struct Lists {
    queues: Vec<(usize, i32)>,
    clients: Vec<String>,
}

impl Lists {
    fn queues(&self) -> Vec<MessageQueue<'_>> {
        let named = |&(broker, queue_id): &(usize, i32)| MessageQueue { topic: "t", broker: BROKERS[broker], queue_id };
        self.queues.iter().map(named).collect()
    }

    fn clients(&self) -> Vec<&str> {
        self.clients.iter().map(String::as_str).collect()
    }
}

fn any_lists() -> impl Strategy<Value = Lists> {
    let queues = prop::collection::vec((0..BROKERS.len(), 0..40_i32), 0..60);
    let client = prop_oneof![12 => "c[0-9]", 1 => Just(String::new()), 1 => Just(" ".to_owned())];
    (queues, prop::collection::vec(client, 0..12)).prop_map(|(queues, clients)| Lists { queues, clients })
}

/// Lists as a real client hands over: sorted, nothing twice, somebody and something there.
fn real_lists() -> impl Strategy<Value = Lists> {
    let queues = prop::collection::btree_set((0..BROKERS.len(), 0..40_i32), 1..60);
    let clients = prop::collection::btree_set("[a-z0-9\u{FF5E}\u{1F600}]{1,4}", 1..14);
    (queues, clients).prop_map(|(queues, clients)| {
        let mut lists = Lists { queues: queues.into_iter().collect(), clients: clients.into_iter().collect() };
        lists.clients.sort_by(|left, right| super::java_cmp(left, right));
        let order = sorted_queue_positions(&lists.queues());
        lists.queues = order.iter().map(|&position| lists.queues[position as usize]).collect();
        lists
    })
}

/// Rooms of all brokers and clients, the clients' from their ids; those of `roomless` have none.
fn settings(lists: &Lists, roomless: bool, inner: Option<&str>) -> Settings {
    let room_of_client = |client: &String| ROOMS[client.bytes().map(usize::from).sum::<usize>() % 2].to_owned();
    let known = |client: &&String| !roomless || *client != "c3";
    Settings {
        virtual_nodes: 7,
        rooms: Some(vec!["r1".to_owned(), "r3".to_owned()]),
        configured: Some(3),
        inner: inner.map(|key| {
            let innermost = (key == "machine_room_nearby").then_some("averagely");
            (find(key).unwrap().build)(settings(lists, roomless, innermost)).unwrap()
        }),
        broker_rooms: BROKERS.iter().enumerate().map(|(at, name)| ((*name).into(), ROOMS[at % 3].into())).collect(),
        client_rooms: lists.clients.iter().filter(known).map(|id| (id.clone(), room_of_client(id))).collect(),
        ..Settings::default()
    }
}

/// Every strategy of the list, the nearby one around each other, and the variants that settings make.
fn every_strategy(lists: &Lists) -> Vec<Box<dyn AllocateMessageQueueStrategy>> {
    let mut all = Vec::new();
    for entry in STRATEGIES {
        for inner in STRATEGIES {
            for roomless in [false, true] {
                all.push((entry.build)(settings(lists, roomless, Some(inner.key))).unwrap());
            }
        }
        let mut unset = settings(lists, false, Some("by_config"));
        (unset.rooms, unset.configured, unset.virtual_nodes) = (None, None, 0);
        unset.machine_room_revision = MachineRoomRevision::V4_7_1;
        all.push((entry.build)(unset).unwrap());
    }
    for (rooms, configured) in [(None, None), (Some(vec!["r2".to_owned()]), None)] {
        let old = Settings {
            rooms,
            configured,
            machine_room_revision: MachineRoomRevision::V4_7_1,
            ..settings(lists, false, None)
        };
        all.push((find("MACHINE_ROOM").unwrap().build)(old).unwrap());
        let unset = (find("CONFIG").unwrap().build)(Settings { configured: None, ..Settings::default() }).unwrap();
        let around = Settings { inner: Some(unset), ..settings(lists, false, None) };
        all.push((find("MACHINE_ROOM_NEARBY").unwrap().build)(around).unwrap());
    }
    all
}

/// Owners of each queue when every client has called.
fn owners(strategy: &dyn AllocateMessageQueueStrategy, input: &Input<'_>) -> Vec<Vec<usize>> {
    let mut owners = vec![Vec::new(); input.queues.len()];
    for (client, picks) in strategy.allocate_all(input).iter() {
        for pick in picks.unwrap() {
            if let Pick::Given(position) = pick {
                owners[*position as usize].push(client);
            }
        }
    }
    owners
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_whole_group_at_once_is_every_client_by_itself(lists in any_lists()) {
        let (queues, clients) = (lists.queues(), lists.clients());
        let input = Input { queues: &queues, clients: &clients };
        for strategy in every_strategy(&lists) {
            let shares = strategy.allocate_all(&input);
            for (position, client) in clients.iter().enumerate() {
                let first = clients.iter().position(|other| other == client) == Some(position);
                let alone: Result<Vec<Pick>, AllocateError> = strategy.allocate(client, &input);
                let together = shares.of(position).map(|share| share.map(<[Pick]>::to_vec).map_err(Clone::clone));
                prop_assert_eq!(together, first.then_some(alone), "{} for {:?}", strategy.name(), client);
            }
        }
    }

    #[test]
    fn distinct_clients_share_every_queue_once(lists in real_lists()) {
        let (queues, clients) = (lists.queues(), lists.clients());
        let input = Input { queues: &queues, clients: &clients };
        for (key, inner) in [
            ("averagely", None),
            ("averagely_by_circle", None),
            ("consistent_hash", None),
            ("machine_room_nearby", Some("averagely")),
            ("machine_room_nearby", Some("consistent_hash")),
        ] {
            let strategy = (find(key).unwrap().build)(settings(&lists, false, inner)).unwrap();
            for (position, owners) in owners(strategy.as_ref(), &input).iter().enumerate() {
                prop_assert_eq!(owners.len(), 1, "{} at {}", strategy.name(), position);
            }
        }
    }

    #[test]
    fn by_machine_room_shares_the_named_rooms_once_and_nothing_else(lists in real_lists()) {
        let (queues, clients) = (lists.queues(), lists.clients());
        let input = Input { queues: &queues, clients: &clients };
        let strategy = (find("MACHINE_ROOM").unwrap().build)(settings(&lists, false, None)).unwrap();
        for (queue, owners) in queues.iter().zip(owners(strategy.as_ref(), &input)) {
            prop_assert_eq!(owners.len(), usize::from(["r1@a", "r3@c", "r1@d@"].contains(&queue.broker)));
        }
    }

    #[test]
    fn shares_are_as_even_as_the_list_of_strategies_says(lists in real_lists()) {
        let (queues, clients) = (lists.queues(), lists.clients());
        let input = Input { queues: &queues, clients: &clients };
        for entry in STRATEGIES {
            let Balance::Within(bound) = entry.balance else { continue };
            let shares = (entry.build)(settings(&lists, false, None)).unwrap().allocate_all(&input);
            let sizes = || shares.iter().map(|(_, picks)| picks.unwrap().len() as u32);
            let (most, least) = (sizes().max().unwrap(), sizes().min().unwrap());
            prop_assert!(most - least <= bound, "{}: {} and {}", entry.key, most, least);
        }
    }

    #[test]
    fn the_order_of_arrival_does_not_matter_once_lists_are_sorted(
        lists in real_lists(), swaps in prop::collection::vec((any::<Index>(), any::<Index>()), 0..30),
    ) {
        let (mut queues, mut clients) = (lists.queues(), lists.clients());
        for (left, right) in swaps {
            let (from, to) = (left.index(queues.len()), right.index(queues.len()));
            queues.swap(from, to);
            let (from, to) = (left.index(clients.len()), right.index(clients.len()));
            clients.swap(from, to);
        }
        sort_clients(&mut clients);
        let queues: Vec<_> = sorted_queue_positions(&queues).iter().map(|&at| queues[at as usize]).collect();
        prop_assert_eq!(queues, lists.queues());
        prop_assert_eq!(clients, lists.clients());
    }

    #[test]
    fn on_the_hash_ring_queues_move_only_to_a_new_last_client(lists in real_lists()) {
        let (queues, mut clients) = (lists.queues(), lists.clients());
        let strategy = (find("consistent_hash").unwrap().build)(settings(&lists, false, None)).unwrap();
        let before = owners(strategy.as_ref(), &Input { queues: &queues, clients: &clients });
        clients.push("a newcomer");
        let after = owners(strategy.as_ref(), &Input { queues: &queues, clients: &clients });
        let newcomer = vec![clients.len() - 1];
        for (before, after) in before.iter().zip(&after) {
            prop_assert!(before == after || *after == newcomer);
        }
    }
}

#[test]
fn sixteen_queues_split_as_documented() {
    let queues: Vec<_> = (0..16).map(|queue_id| MessageQueue { topic: "t", broker: "a", queue_id }).collect();
    let given = |positions: &[u32]| positions.iter().copied().map(Pick::Given).collect::<Vec<_>>();
    let input = Input { queues: &queues, clients: &["c0", "c1", "c2"] };
    let averagely = (find("AVG").unwrap().build)(Settings::default()).unwrap();
    assert_eq!(averagely.allocate("c1", &input).unwrap(), given(&[6, 7, 8, 9, 10]));
    let circle = (find("avg_by_circle").unwrap().build)(Settings::default()).unwrap();
    assert_eq!(circle.allocate("c1", &input).unwrap(), given(&[1, 4, 7, 10, 13]));
}

#[test]
fn the_list_names_each_strategy_as_the_strategy_does() {
    for entry in STRATEGIES {
        let settings =
            Settings { inner: (find("AVG").unwrap().build)(Settings::default()).ok(), ..Settings::default() };
        let name = (entry.build)(settings).unwrap().name();
        assert!(name == entry.name || name == format!("{}-AVG", entry.name), "{name}");
    }
}

#[test]
fn a_repeated_client_takes_only_its_first_position() {
    let queues: Vec<_> = (0..4).map(|queue_id| MessageQueue { topic: "t", broker: "a", queue_id }).collect();
    let input = Input { queues: &queues, clients: &["c0", "c0"] };
    let shares = (find("AVG").unwrap().build)(Settings::default()).unwrap().allocate_all(&input);
    assert_eq!(shares.len(), 1);
    assert_eq!(shares.of(0).unwrap().unwrap(), [Pick::Given(0), Pick::Given(1)]);
    assert!(shares.of(1).is_none());
}
