//! Replicas, chaos and autoscalers that cannot be.

use super::Bad;

/// A case with a topic, a producer and a group before it.
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
    bad!(
        "a slave with a name",
        "cluster: {brokers: {a: {slaves: {x: {}}}}}",
        "x.yaml:4:34: `x` is no broker id of a slave; slaves are named by their `brokerId`: 1, 2, …; \
         0 is the master"
    ),
    bad!(
        "the master among the slaves",
        "cluster: {slaves: {0: {}}}",
        "x.yaml:4:20: `0` is no broker id of a slave; slaves are named by their `brokerId`: 1, 2, …; \
         0 is the master"
    ),
    bad!(
        "a slave with a role",
        "cluster: {slaves: {1: {brokerRole: SYNC_MASTER}}}",
        "x.yaml:4:24: `brokerRole` of a slave; it is SLAVE"
    ),
    bad!(
        "a role that is none",
        "cluster: {brokerRole: SLAVE}",
        "x.yaml:4:23: `SLAVE` is not one of the possible values; known: ASYNC_MASTER, SYNC_MASTER"
    ),
    bad!(
        "too many slaves",
        "cluster: {slaves: 4000000000}",
        "x.yaml:4:19: the number of slaves must be 0 to 16, got 4000000000"
    ),
    bad!(
        "a Raft group with slaves",
        "cluster: {brokers: {a: {slaves: 1, dledger: {}}}}",
        "x.yaml:4:25: a is a Raft group and has slaves; a Raft group is made of equal members; remove \
         `slaves` or `dledger`"
    ),
    bad!(
        "both for all brokers",
        "cluster: {slaves: 1, dledger: {}}",
        "x.yaml:4:22: brokers with slaves that are Raft groups, too; give `slaves` or `dledger` to \
         single brokers"
    ),
    bad!(
        "a role in a Raft group",
        "cluster: {brokers: {a: {brokerRole: SYNC_MASTER, dledger: {}}}}",
        "x.yaml:4:25: `brokerRole` of a member of a Raft group; remove it"
    ),
    bad!(
        "members of no number",
        "cluster: {dledger: {members: 0}}",
        "x.yaml:4:30: the number of members must be 1 to 16, got 0"
    ),
    bad!(
        "a member with another name",
        "cluster: {dledger: {members: {n0: {}, n2: {}}}}",
        "x.yaml:4:39: `n2` is no member of broker-a; its 2 members are named n0, n1, …"
    ),
    bad!(
        "a leader who is no member",
        "cluster: {dledger: {preferredLeader: n3}}",
        "x.yaml:4:38: broker-a has no member `n3`; did you mean `n0`?"
    ),
    bad!(
        "a vote interval upside down",
        "cluster: {dledger: {maxVoteIntervalMs: 100}}",
        "x.yaml:4:40: `maxVoteIntervalMs` 100ms is not above `minVoteIntervalMs`"
    ),
    bad!(
        "a flush in no time",
        "cluster: {syncFlushTimeout: 0}",
        "x.yaml:4:29: `syncFlushTimeout` must be at least 1ms, got 0s"
    ),
    bad!(
        "a disk that is too full",
        "cluster: {diskSize: 1GiB, diskUsed: 2GiB}",
        "x.yaml:4:37: 2GiB are used of a disk of 1GiB"
    ),
    bad!(
        "a ratio beyond its bounds",
        "cluster: {diskSpaceWarningLevelRatio: 99}",
        "x.yaml:4:39: `diskSpaceWarningLevelRatio` must be 35 to 90, got 99"
    ),
    bad!(
        "a bandwidth without a time",
        "cluster: {haBandwidth: 10MiB}",
        "x.yaml:4:24: expected a bandwidth like 10MiB/s, got `10MiB`"
    ),
    bad!(
        "a nameserver that is none",
        "cluster: {brokers: {a: {nameservers: ns}}}",
        "x.yaml:4:38: undefined nameserver `ns`; known: nameserver-a"
    ),
    bad!(
        "a nameserver named twice",
        "cluster: {brokers: {a: {nameservers: [nameserver-a, nameserver-a]}}}",
        "x.yaml:4:53: `nameserver-a` is named twice"
    ),
    bad!("no nameserver", "cluster: {brokers: {a: {nameservers: []}}}", "x.yaml:4:25: no nameserver is named"),
    bad!(
        "an order topic that is none",
        "cluster: {nameservers: {n: {orderTopics: {u: {broker-a: 4}}}}}",
        "x.yaml:4:43: undefined topic `u`; did you mean `t`?"
    ),
    bad!(
        "an order topic on no broker",
        "cluster: {nameservers: {n: {orderTopics: {t: {broker-b: 4}}}}}",
        "x.yaml:4:47: undefined broker `broker-b`; did you mean `broker-a`?"
    ),
    bad!(
        "a broker with a slash",
        "cluster: {brokers: {a/1: {}}}",
        "x.yaml:4:21: `a/1` cannot be a broker name; use neither blanks nor `:`, `,` or `/`"
    ),
    bad!(
        "a zone that is a node",
        "zones: {brokers: [broker-a]}",
        "x.yaml:4:9: `brokers` cannot be a zone: it already names nodes"
    ),
    bad!(
        "a zone of nobody",
        "zones: {z: [broker-z]}",
        "x.yaml:4:13: undefined node `broker-z`; did you mean `broker-a`?"
    ),
    bad!(
        "chaos of nothing",
        "chaos: {until: 1m}",
        "x.yaml:4:1: nothing ever happens; add rates like `killBroker: 1/m`"
    ),
    bad!("chaos without an end", "chaos: {rates: {killBroker: 1/m}}", "x.yaml:4:1: missing key `until`"),
    bad!(
        "chaos upside down",
        "chaos: {from: 1m, until: 1m, rates: {killBroker: 1/m}}",
        "x.yaml:4:15: chaos from 1m until 1m is no time at all"
    ),
    bad!(
        "chaos beyond the end",
        "chaos: {until: 1h, rates: {killBroker: 1/m}}",
        "x.yaml:4:16: the quiet end at 1h comes after the end of the run at 3m; make `duration` \
         longer or the time earlier"
    ),
    bad!(
        "chaos of an unknown kind",
        "chaos: {until: 1m, rates: {killBrokers: 1/m}}",
        "x.yaml:4:28: unknown key `killBrokers`; did you mean `killBroker`?"
    ),
    bad!(
        "chaos without measure",
        "chaos: {until: 1m, rates: {killBroker: 9999999/s}}",
        "x.yaml:4:20: more than 100000 failures are to be expected"
    ),
    bad!(
        "chaos for nobody",
        "chaos: {until: 1m, targets: z, rates: {killBroker: 1/m}}",
        "x.yaml:4:29: undefined node `z`; did you mean `g`?"
    ),
    bad!(
        "an autoscaler upside down",
        "autoscalers: {a: {group: g, targetLag: 9, min: 3, max: 2}}",
        "x.yaml:4:48: `min` 3 is more than `max` 2"
    ),
    bad!(
        "an autoscaler of too few",
        "autoscalers: {a: {group: g, targetLag: 9, min: 3, max: 4}}",
        "x.yaml:3:36: g begins with 2 members; the autoscaler `a` runs 3 to 4"
    ),
    bad!(
        "an autoscaler of nobody",
        "autoscalers: {a: {group: h, targetLag: 9, max: 4}}",
        "x.yaml:4:26: undefined group `h`; did you mean `g`?"
    ),
    bad!(
        "two autoscalers of a group",
        "autoscalers: {a: {group: g, targetLag: 9, max: 4}, b: {group: g, targetLag: 9, max: 4}}",
        "x.yaml:4:63: g already has the autoscaler `a`"
    ),
    bad!(
        "nothing that fails, by oath",
        "fallible: false\ncluster: {slaves: 1}",
        "x.yaml:4:11: servers or links can fail here, because of the replica broker-a/1; remove `fallible`"
    ),
    bad!(
        "a bound that is none",
        "expect:\n- {sendOutage: {topic: t}}",
        "x.yaml:5:4: a check without a bound holds always; add `atLeast` or `atMost`"
    ),
    bad!(
        "an outage of no topic",
        "expect:\n- {sendOutage: {topic: u, atMost: 1s}}",
        "x.yaml:5:24: undefined topic `u`; did you mean `t`?"
    ),
    bad!(
        "a broker that leads nothing",
        "expect:\n- {leaderlessTime: {broker: broker-a/1, atMost: 1s}}",
        "x.yaml:5:29: undefined broker `broker-a/1`; did you mean `broker-a`?"
    ),
    Bad {
        what: "queues of a topic to come",
        yaml: "topics: {t: {autoCreate: true, queues: 4}}\n",
        says: "x.yaml:1:32: `queues` of a topic that does not exist at the start; producers say its queues \
         by `defaultTopicQueueNums`; remove this or `autoCreate`",
    },
    Bad {
        what: "a topic that nobody creates",
        yaml: "topics: {t: {autoCreate: true}}\ncluster: {autoCreateTopicEnable: false}\n",
        says: "x.yaml:1:26: no broker creates topics; set `autoCreateTopicEnable: true` for a broker",
    },
    Bad {
        what: "a transaction that waits for nothing",
        yaml: "topics: {t: {}}\nproducers: {p: {topic: t, mode: async, transaction: {}}}\n",
        says: "x.yaml:2:33: transactions are sent with `mode: sync` only; remove `mode` or `transaction`",
    },
];
