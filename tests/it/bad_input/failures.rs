//! Actions on servers, links and disks that cannot be.

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
        "a node that is none",
        "timeline:\n- {at: 9s, kill: broker-b}",
        "x.yaml:5:18: undefined node `broker-b`; did you mean `broker-a`?"
    ),
    bad!(
        "a slave that is none",
        "cluster: {slaves: 1}\ntimeline:\n- {at: 9s, kill: {node: broker-a/2}}",
        "x.yaml:6:25: undefined instance `broker-a/2`; its processes are broker-a, broker-a/1"
    ),
    bad!(
        "a kill of the dead",
        "timeline:\n- {at: 9s, kill: broker-a}\n- {at: 10s, kill: broker-a}",
        "x.yaml:6:13: broker-a does not run at 10s"
    ),
    bad!("a start of the living", "timeline:\n- {at: 9s, start: broker-a}", "x.yaml:5:12: broker-a already runs at 9s"),
    bad!(
        "a stop of the frozen",
        "timeline:\n- {at: 9s, freeze: broker-a}\n- {at: 10s, stop: broker-a}",
        "x.yaml:6:13: broker-a is frozen at 10s and cannot shut down; kill it or thaw it first"
    ),
    bad!("one node twice", "timeline:\n- {at: 9s, kill: [broker-a, brokers]}", "x.yaml:5:12: broker-a is named twice"),
    bad!(
        "a new host for a broker",
        "timeline:\n- {at: 9s, kill: {of: broker-a, for: 1s, freshHost: true}}",
        "x.yaml:5:42: broker-a is no consumer"
    ),
    bad!(
        "an empty disk of a consumer",
        "timeline:\n- {at: 9s, kill: {of: g/0, for: 1s, emptyDisk: true}}",
        "x.yaml:5:37: g/0 is no broker"
    ),
    bad!(
        "an empty disk for ever",
        "timeline:\n- {at: 9s, kill: {of: broker-a, emptyDisk: true}}",
        "x.yaml:5:33: nothing starts again here; add `for`, or say it where the instance is started"
    ),
    bad!(
        "a client id of a broker",
        "timeline:\n- {at: 8s, kill: broker-a}\n- {at: 9s, start: {of: broker-a, clientId: x}}",
        "x.yaml:6:34: broker-a is no consumer"
    ),
    bad!(
        "a restart that never ends",
        "timeline:\n- {at: 9s, restart: {of: broker-a, after: 1h}}",
        "x.yaml:5:43: the end of the restart at 1h9s comes after the end of the run at 3m; make \
         `duration` longer or the time earlier"
    ),
    bad!(
        "a lost host for no time",
        "timeline:\n- {at: 9s, loseHost: {of: broker-a, for: 0s}}",
        "x.yaml:5:42: for no time at all"
    ),
    bad!(
        "a fate of a disk",
        "timeline:\n- {at: 9s, loseHost: {of: broker-a, disk: gone}}",
        "x.yaml:5:43: `gone` is not one of the possible values; known: kept, lost"
    ),
    bad!(
        "a link with one side",
        "timeline:\n- {at: 9s, partition: {between: [g]}}",
        "x.yaml:5:24: `between` needs two sets of nodes, got 1; write it like `between: [[broker-a, \
         broker-b], others]`"
    ),
    bad!(
        "a link without sides",
        "timeline:\n- {at: 9s, partition: {for: 3s}}",
        "x.yaml:5:12: a link without its two ends; add `between: [[broker-a], nameservers]`, or \
         `from` and `to`"
    ),
    bad!(
        "a link from somewhere",
        "timeline:\n- {at: 9s, partition: {from: g}}",
        "x.yaml:5:12: a link with one end; give both `from` and `to`"
    ),
    bad!(
        "a link said twice",
        "timeline:\n- {at: 9s, partition: {between: [g, p], from: g}}",
        "x.yaml:5:41: both `between` and `from` are given"
    ),
    bad!(
        "a link to itself",
        "timeline:\n- {at: 9s, partition: {between: [g/0, [brokers, g]]}}",
        "x.yaml:5:39: g/0 is on both sides"
    ),
    bad!(
        "a link of all the others",
        "timeline:\n- {at: 9s, partition: {between: [others, others]}}",
        "x.yaml:5:42: both sides are the others of each other"
    ),
    bad!(
        "a link one way twice",
        "timeline:\n- {at: 9s, partition: {from: g, to: p, oneWay: true}}",
        "x.yaml:5:40: `from` and `to` already are one way; remove `oneWay`"
    ),
    bad!(
        "an end that is none",
        "timeline:\n- {at: 9s, partition: {between: [g, [brokers, nobody]]}}",
        "x.yaml:5:47: undefined node `nobody`; known: broker-a, broker-a/0, g/0, g/1, nameserver-a, \
         p/0, broker-a/*, brokers, consumers, g, g/*, nameservers, p, p/*, producers"
    ),
    bad!(
        "a slow link that is not",
        "timeline:\n- {at: 9s, slowLink: {between: [g, p]}}",
        "x.yaml:5:12: a slow link that is not slow; add `latency`, `loss` or `bandwidth`"
    ),
    bad!(
        "a link on which all is lost",
        "timeline:\n- {at: 9s, slowLink: {between: [g, p], loss: 1}}",
        "x.yaml:5:46: `loss` must be between 0 and 1, got 1; a link on which everything is lost is a \
         `partition`"
    ),
    bad!(
        "a heal of what is whole",
        "timeline:\n- {at: 9s, heal: all}",
        "x.yaml:5:18: there is nothing to heal at 9s; the links are as they should be"
    ),
    bad!(
        "a heal of what has no name",
        "timeline:\n- {at: 9s, partition: {between: [g, p], name: cut}}\n- {at: 10s, heal: cat}",
        "x.yaml:6:19: no link is named `cat` at 10s; did you mean `cut`?"
    ),
    bad!(
        "a name for two links",
        "timeline:\n- {at: 9s, partition: {between: [g, p], name: c}}\n- {at: 10s, partition: \
         {between: [g, p], name: c}}",
        "x.yaml:6:48: `c` already names a link at 10s; heal it first, or take another name"
    ),
    bad!(
        "a slow disk of a consumer",
        "timeline:\n- {at: 9s, slowFlush: {broker: g/0, time: 1s}}",
        "x.yaml:5:32: g/0 is no broker"
    ),
    bad!(
        "a slow disk without a time",
        "timeline:\n- {at: 9s, slowFlush: {broker: broker-a}}",
        "x.yaml:5:12: missing key `time`; say how long it takes, or `over: true` for as configured"
    ),
    bad!(
        "a load that is over and not",
        "timeline:\n- {at: 9s, brokerLoad: {broker: broker-a, send: 1s, over: true}}",
        "x.yaml:5:43: it is over, so `send` says nothing"
    ),
    bad!(
        "a disk without a size",
        "timeline:\n- {at: 9s, diskUsed: {broker: broker-a, size: 1GiB}}",
        "x.yaml:5:47: broker-a has no disk of 1GiB; say its `diskSize` under `cluster`"
    ),
    bad!(
        "a clock off by nothing that is a time",
        "timeline:\n- {at: 9s, clock: {broker: broker-a, offset: soon}}",
        "x.yaml:5:46: expected a number at `soon`"
    ),
    bad!(
        "a permission of no broker",
        "timeline:\n- {at: 9s, wipeWritePerm: broker-z}",
        "x.yaml:5:27: undefined broker `broker-z`; did you mean `broker-a`?"
    ),
    bad!(
        "a rolling restart of nobody",
        "timeline:\n- {at: 9s, rollingRestart: {every: 9s}}",
        "x.yaml:5:12: nobody is named; add `group: order_consumer` or `nodes: brokers`"
    ),
    bad!(
        "a rolling restart without a pace",
        "timeline:\n- {at: 9s, rollingRestart: {group: g}}",
        "x.yaml:5:12: missing key `every`; or say the `pause` between two steps"
    ),
    bad!(
        "a surge and no availability",
        "timeline:\n- {at: 9s, rollingRestart: {group: g, every: 9s, surge: 1, unavailable: 1}}",
        "x.yaml:5:60: `unavailable` beside `surge`; new members replace the old ones; remove one of them"
    ),
    bad!(
        "a surge of brokers",
        "timeline:\n- {at: 9s, rollingRestart: {nodes: brokers, every: 9s, surge: 1}}",
        "x.yaml:5:56: `surge` is for groups of consumers"
    ),
    bad!(
        "a scale beside an autoscaler",
        "autoscalers: {a: {group: g, targetLag: 9, max: 4}}\ntimeline:\n- {at: 9s, scale: {group: g, \
         instances: 3}}",
        "x.yaml:6:27: the autoscaler `a` decides who runs in g; only its first `min` members can be \
         named in the timeline"
    ),
    bad!(
        "a kill of what is scaled",
        "autoscalers: {a: {group: g, targetLag: 9, max: 4}}\ntimeline:\n- {at: 9s, kill: g/1}",
        "x.yaml:6:12: g/1 is started and stopped by the autoscaler `a`"
    ),
];
