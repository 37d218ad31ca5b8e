//! Replicas, failures, chaos and autoscalers that cannot be.

use super::Bad;

macro_rules! bad {
    ($what:literal, $rest:literal, $says:literal) => {
        Bad {
            what: $what,
            yaml: concat!(
                "topics: {t: {}}\nproducers: {p: {topic: t}}\ngroups: {g: {topics: t, instances: 2}}\n",
                $rest,
                "\n"
            ),
            says: $says,
        }
    };
}

pub(super) const CASES: &[Bad] = &[
    bad!("a slave with a name", "cluster: {brokers: {a: {slaves: {x: {}}}}}", "?"),
    bad!("the master among the slaves", "cluster: {slaves: {0: {}}}", "?"),
    bad!("a slave with a role", "cluster: {slaves: {1: {brokerRole: SYNC_MASTER}}}", "?"),
    bad!("a role that is none", "cluster: {brokerRole: SLAVE}", "?"),
    bad!("too many slaves", "cluster: {slaves: 4000000000}", "?"),
    bad!("a Raft group with slaves", "cluster: {brokers: {a: {slaves: 1, dledger: {}}}}", "?"),
    bad!("both for all brokers", "cluster: {slaves: 1, dledger: {}}", "?"),
    bad!("a role in a Raft group", "cluster: {brokers: {a: {brokerRole: SYNC_MASTER, dledger: {}}}}", "?"),
    bad!("members of no number", "cluster: {dledger: {members: 0}}", "?"),
    bad!("a member with another name", "cluster: {dledger: {members: {n0: {}, n2: {}}}}", "?"),
    bad!("a leader who is no member", "cluster: {dledger: {preferredLeader: n3}}", "?"),
    bad!("a vote interval upside down", "cluster: {dledger: {maxVoteIntervalMs: 100}}", "?"),
    bad!("a flush in no time", "cluster: {syncFlushTimeout: 0}", "?"),
    bad!("a disk that is too full", "cluster: {diskSize: 1GiB, diskUsed: 2GiB}", "?"),
    bad!("a ratio beyond its bounds", "cluster: {diskSpaceWarningLevelRatio: 99}", "?"),
    bad!("a bandwidth without a time", "cluster: {haBandwidth: 10MiB}", "?"),
    bad!("a nameserver that is none", "cluster: {brokers: {a: {nameservers: ns}}}", "?"),
    bad!("a nameserver named twice", "cluster: {brokers: {a: {nameservers: [nameserver-a, nameserver-a]}}}", "?"),
    bad!("no nameserver", "cluster: {brokers: {a: {nameservers: []}}}", "?"),
    bad!("an order topic that is none", "cluster: {nameservers: {n: {orderTopics: {u: {broker-a: 4}}}}}", "?"),
    bad!("an order topic on no broker", "cluster: {nameservers: {n: {orderTopics: {t: {broker-b: 4}}}}}", "?"),
    bad!("a broker with a slash", "cluster: {brokers: {a/1: {}}}", "?"),
    bad!("a node that is none", "timeline:\n- {at: 9s, kill: broker-b}", "?"),
    bad!("a slave that is none", "cluster: {slaves: 1}\ntimeline:\n- {at: 9s, kill: {node: broker-a/2}}", "?"),
    bad!("a kill of the dead", "timeline:\n- {at: 9s, kill: broker-a}\n- {at: 10s, kill: broker-a}", "?"),
    bad!("a start of the living", "timeline:\n- {at: 9s, start: broker-a}", "?"),
    bad!("a stop of the frozen", "timeline:\n- {at: 9s, freeze: broker-a}\n- {at: 10s, stop: broker-a}", "?"),
    bad!("one node twice", "timeline:\n- {at: 9s, kill: [broker-a, brokers]}", "?"),
    bad!("a new host for a broker", "timeline:\n- {at: 9s, kill: {of: broker-a, for: 1s, freshHost: true}}", "?"),
    bad!("an empty disk of a consumer", "timeline:\n- {at: 9s, kill: {of: g/0, for: 1s, emptyDisk: true}}", "?"),
    bad!("an empty disk for ever", "timeline:\n- {at: 9s, kill: {of: broker-a, emptyDisk: true}}", "?"),
    bad!(
        "a client id of a broker",
        "timeline:\n- {at: 8s, kill: broker-a}\n- {at: 9s, start: {of: broker-a, clientId: x}}",
        "?"
    ),
    bad!("a restart that never ends", "timeline:\n- {at: 9s, restart: {of: broker-a, after: 1h}}", "?"),
    bad!("a lost host for no time", "timeline:\n- {at: 9s, loseHost: {of: broker-a, for: 0s}}", "?"),
    bad!("a fate of a disk", "timeline:\n- {at: 9s, loseHost: {of: broker-a, disk: gone}}", "?"),
    bad!("a link with one side", "timeline:\n- {at: 9s, partition: {between: [g]}}", "?"),
    bad!("a link without sides", "timeline:\n- {at: 9s, partition: {for: 3s}}", "?"),
    bad!("a link from somewhere", "timeline:\n- {at: 9s, partition: {from: g}}", "?"),
    bad!("a link said twice", "timeline:\n- {at: 9s, partition: {between: [g, p], from: g}}", "?"),
    bad!("a link to itself", "timeline:\n- {at: 9s, partition: {between: [g/0, [brokers, g]]}}", "?"),
    bad!("a link of all the others", "timeline:\n- {at: 9s, partition: {between: [others, others]}}", "?"),
    bad!("a link one way twice", "timeline:\n- {at: 9s, partition: {from: g, to: p, oneWay: true}}", "?"),
    bad!("an end that is none", "timeline:\n- {at: 9s, partition: {between: [g, [brokers, nobody]]}}", "?"),
    bad!("a slow link that is not", "timeline:\n- {at: 9s, slowLink: {between: [g, p]}}", "?"),
    bad!("a link on which all is lost", "timeline:\n- {at: 9s, slowLink: {between: [g, p], loss: 1}}", "?"),
    bad!("a heal of what is whole", "timeline:\n- {at: 9s, heal: all}", "?"),
    bad!(
        "a heal of what has no name",
        "timeline:\n- {at: 9s, partition: {between: [g, p], name: cut}}\n- {at: 10s, heal: cat}",
        "?"
    ),
    bad!(
        "a name for two links",
        "timeline:\n- {at: 9s, partition: {between: [g, p], name: c}}\n- {at: 10s, partition: {between: [g, p], name: c}}",
        "?"
    ),
    bad!("a slow disk of a consumer", "timeline:\n- {at: 9s, slowFlush: {broker: g/0, time: 1s}}", "?"),
    bad!("a slow disk without a time", "timeline:\n- {at: 9s, slowFlush: {broker: broker-a}}", "?"),
    bad!(
        "a load that is over and not",
        "timeline:\n- {at: 9s, brokerLoad: {broker: broker-a, send: 1s, over: true}}",
        "?"
    ),
    bad!("a disk without a size", "timeline:\n- {at: 9s, diskUsed: {broker: broker-a, size: 1GiB}}", "?"),
    bad!(
        "a clock off by nothing that is a time",
        "timeline:\n- {at: 9s, clock: {broker: broker-a, offset: soon}}",
        "?"
    ),
    bad!("a permission of no broker", "timeline:\n- {at: 9s, wipeWritePerm: broker-z}", "?"),
    bad!("a rolling restart of nobody", "timeline:\n- {at: 9s, rollingRestart: {every: 9s}}", "?"),
    bad!("a rolling restart without a pace", "timeline:\n- {at: 9s, rollingRestart: {group: g}}", "?"),
    bad!(
        "a surge and no availability",
        "timeline:\n- {at: 9s, rollingRestart: {group: g, every: 9s, surge: 1, unavailable: 1}}",
        "?"
    ),
    bad!("a surge of brokers", "timeline:\n- {at: 9s, rollingRestart: {nodes: brokers, every: 9s, surge: 1}}", "?"),
    bad!("a zone that is a node", "zones: {brokers: [broker-a]}", "?"),
    bad!("a zone of nobody", "zones: {z: [broker-z]}", "?"),
    bad!("chaos of nothing", "chaos: {until: 1m}", "?"),
    bad!("chaos without an end", "chaos: {rates: {killBroker: 1/m}}", "?"),
    bad!("chaos upside down", "chaos: {from: 1m, until: 1m, rates: {killBroker: 1/m}}", "?"),
    bad!("chaos beyond the end", "chaos: {until: 1h, rates: {killBroker: 1/m}}", "?"),
    bad!("chaos of an unknown kind", "chaos: {until: 1m, rates: {killBrokers: 1/m}}", "?"),
    bad!("chaos without measure", "chaos: {until: 1m, rates: {killBroker: 9999999/s}}", "?"),
    bad!("chaos for nobody", "chaos: {until: 1m, targets: z, rates: {killBroker: 1/m}}", "?"),
    bad!("an autoscaler upside down", "autoscalers: {a: {group: g, targetLag: 9, min: 3, max: 2}}", "?"),
    bad!("an autoscaler of too few", "autoscalers: {a: {group: g, targetLag: 9, min: 3, max: 4}}", "?"),
    bad!("an autoscaler of nobody", "autoscalers: {a: {group: h, targetLag: 9, max: 4}}", "?"),
    bad!(
        "two autoscalers of a group",
        "autoscalers: {a: {group: g, targetLag: 9, max: 4}, b: {group: g, targetLag: 9, max: 4}}",
        "?"
    ),
    bad!(
        "a scale beside an autoscaler",
        "autoscalers: {a: {group: g, targetLag: 9, max: 4}}\ntimeline:\n- {at: 9s, scale: {group: g, instances: 3}}",
        "?"
    ),
    bad!(
        "a kill of what is scaled",
        "autoscalers: {a: {group: g, targetLag: 9, max: 4}}\ntimeline:\n- {at: 9s, kill: g/1}",
        "?"
    ),
    bad!("nothing that fails, by oath", "fallible: false\ncluster: {slaves: 1}", "?"),
    bad!("a bound that is none", "expect:\n- {sendOutage: {topic: t}}", "?"),
    bad!("an outage of no topic", "expect:\n- {sendOutage: {topic: u, atMost: 1s}}", "?"),
    bad!("a broker that leads nothing", "expect:\n- {leaderlessTime: {broker: broker-a/1, atMost: 1s}}", "?"),
    Bad { what: "queues of a topic to come", yaml: "topics: {t: {autoCreate: true, queues: 4}}\n", says: "?" },
    Bad {
        what: "a topic that nobody creates",
        yaml: "topics: {t: {autoCreate: true}}\ncluster: {autoCreateTopicEnable: false}\n",
        says: "?",
    },
    Bad {
        what: "a transaction that waits for nothing",
        yaml: "topics: {t: {}}\nproducers: {p: {topic: t, mode: async, transaction: {}}}\n",
        says: "?",
    },
];
