//! Producers, strategies and names that cannot be.

use super::Bad;

pub(super) const CASES: &[Bad] = &[
    Bad {
        what: "rate and profile",
        yaml: r"topics: {order_topic: {queues: 4}}
producers: {p: {topic: order_topic, rate: 5/s, profile: [{at: 0s, rate: 1/s}]}}
",
        says: "x.yaml:2:48: both `rate` and `profile` are given; remove one of them; a profile of one point is a \
               constant rate",
    },
    Bad {
        what: "a profile out of order",
        yaml: r"topics: {order_topic: {queues: 4}}
producers: {p: {topic: order_topic, profile: [{at: 10s, rate: 1/s}, {at: 5s, rate: 2/s}]}}
",
        says: "x.yaml:2:74: the points of a profile must come in order of time",
    },
    Bad {
        what: "a ramp to nowhere",
        yaml: r"topics: {order_topic: {queues: 4}}
producers: {p: {topic: order_topic, profile: [{at: 0s, rate: 1/s, ramp: true}]}}
",
        says: "x.yaml:2:73: a ramp without an end; a ramp leads from its point to the next one; add a point",
    },
    Bad {
        what: "a key hash without keys",
        yaml: r"topics: {order_topic: {queues: 4}}
producers: {p: {topic: order_topic, selector: keyHash}}
",
        says: "x.yaml:2:47: `keyHash` needs keys; add `keys: {count: 1000}` to the producer",
    },
    Bad {
        what: "an unknown selector",
        yaml: r"topics: {order_topic: {queues: 4}}
producers: {p: {topic: order_topic, selector: keyhash}}
",
        says: "x.yaml:2:47: `keyhash` is not one of the possible values; did you mean `keyHash`?",
    },
    Bad {
        what: "an unknown strategy",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {g: {topics: order_topic, strategy: averagly}}
",
        says: "x.yaml:2:45: `averagly` is not one of the possible values; did you mean `averagely`?",
    },
    Bad {
        what: "a strategy without its settings",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {g: {topics: order_topic, strategy: byMachineRoom}}
",
        says: "x.yaml:2:45: missing key `rooms`",
    },
    Bad {
        what: "settings for a strategy that has none",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {g: {topics: order_topic, strategy: {averagely: {virtualNodes: 3}}}}
",
        says: "x.yaml:2:46: `averagely` takes no settings",
    },
    Bad {
        what: "a broker without a room",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {g: {topics: order_topic, strategy: {machineRoomNearby: {brokerRooms: {}, clientRooms: {g/0: r}}}}}
",
        says: "x.yaml:2:66: broker `broker-a` has no room",
    },
    Bad {
        what: "a member without a room",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {g: {topics: order_topic, instances: 2, strategy: {machineRoomNearby: {brokerRooms: {broker-a: r}, clientRooms: {g/0: r}}}}}
",
        says: "x.yaml:2:108: `g/1` has no room",
    },
    Bad {
        what: "a topic name that RocketMQ refuses",
        yaml: r"topics: {order topic: {}}
",
        says: "x.yaml:1:10: `order topic` is not a topic name that RocketMQ allows; use letters, digits, `-`, \
               `_`, `%` and `|`",
    },
    Bad {
        what: "a system topic",
        yaml: r"topics: {TBW102: {}}
",
        says: "x.yaml:1:10: `TBW102` is a system topic of RocketMQ",
    },
    Bad {
        what: "a name that leads out of the folder",
        yaml: r"name: ../../etc
topics: {order_topic: {queues: 4}}
",
        says: "x.yaml:1:7: `../../etc` cannot name a report folder; use letters, digits, `-`, `_` and `.`, and \
               do not begin with `.`",
    },
    Bad {
        what: "an empty client id",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {g: {topics: order_topic, instances: [{clientId: ''}]}}
",
        says: "x.yaml:2:58: an empty client id",
    },
];
