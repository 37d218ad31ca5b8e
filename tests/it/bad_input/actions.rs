//! Actions and expectations that cannot happen or hold.

use super::Bad;

pub(super) const CASES: &[Bad] = &[
    Bad {
        what: "an action at a negative time",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {order_consumer: {topics: order_topic, instances: 2}}
timeline:
- {at: -10s, stop: order_consumer/1}
",
        says: "x.yaml:4:8: a duration cannot be negative",
    },
    Bad {
        what: "an action after the end",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {order_consumer: {topics: order_topic, instances: 2}}
duration: 60s
timeline:
- at: 90s
  stop: order_consumer/1
",
        says: "x.yaml:5:7: an action at 1m30s comes after the end of the run at 1m; make `duration` longer or \
               the time earlier",
    },
    Bad {
        what: "an action at the end",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {order_consumer: {topics: order_topic, instances: 2}}
duration: 60s
timeline:
- {at: 60s, stop: order_consumer/1}
",
        says: "x.yaml:5:8: an action at 1m comes after the end of the run at 1m; make `duration` longer or the \
               time earlier",
    },
    Bad {
        what: "a rolling restart past the end",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {order_consumer: {topics: order_topic, instances: 2}}
duration: 60s
timeline:
- {at: 10s, rollingRestart: {group: order_consumer, every: 60s}}
",
        says: "x.yaml:5:60: the end of the restart at 1m10s comes after the end of the run at 1m; make \
               `duration` longer or the time earlier",
    },
    Bad {
        what: "an expectation after the end",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {order_consumer: {topics: order_topic, instances: 2}}
duration: 60s
expect:
- {at: 61s, exactlyOneOwner: order_consumer}
",
        says: "x.yaml:5:8: 1m1s comes after the end of the run at 1m; make `duration` longer or the time earlier",
    },
    Bad {
        what: "an entry without a time",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {order_consumer: {topics: order_topic, instances: 2}}
timeline:
- stop: order_consumer/1
",
        says: "x.yaml:4:3: missing key `at`",
    },
    Bad {
        what: "an entry without an action",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {order_consumer: {topics: order_topic, instances: 2}}
timeline:
- at: 10s
",
        says: "x.yaml:4:7: an entry without an action; add one like `kill: broker-a`; \
               docs/scenarios.md lists them",
    },
    Bad {
        what: "an entry with two actions",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {order_consumer: {topics: order_topic, instances: 2}}
timeline:
- {at: 10s, stop: order_consumer/1, start: order_consumer/1}
",
        says: "x.yaml:4:13: a second action in the same entry; give it an entry of its own, with the same `at`",
    },
    Bad {
        what: "an expectation without a check",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {order_consumer: {topics: order_topic, instances: 2}}
expect:
- at: 10s
",
        says: "x.yaml:4:3: an expectation without a check; add one like `exactlyOneOwner: order_consumer`; \
               docs/scenarios.md lists them",
    },
    Bad {
        what: "an expectation with two checks",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {order_consumer: {topics: order_topic, instances: 2}}
expect:
- {exactlyOneOwner: order_consumer, idleConsumers: {group: order_consumer, exactly: 0}}
",
        says: "x.yaml:4:37: a second check in the same expectation; give it an entry of its own",
    },
    Bad {
        what: "a check that always holds",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {order_consumer: {topics: order_topic, instances: 2}}
expect:
- duplicates: {group: order_consumer}
",
        says: "x.yaml:4:3: a check without a bound holds always; add `atLeast` or `atMost`",
    },
    Bad {
        what: "a check that never holds",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {order_consumer: {topics: order_topic, instances: 2}}
expect:
- duplicates: {group: order_consumer, atLeast: 5, atMost: 4}
",
        says: "x.yaml:4:48: `atLeast` is greater than `atMost`, so it can never hold",
    },
    Bad {
        what: "starting what runs",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {order_consumer: {topics: order_topic, instances: 2}}
timeline:
- {at: 10s, start: order_consumer/1}
",
        says: "x.yaml:4:13: order_consumer/1 already runs at 10s",
    },
    Bad {
        what: "stopping what was stopped",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {order_consumer: {topics: order_topic, instances: 2}}
timeline:
- {at: 10s, stop: order_consumer/1}
- {at: 20s, stop: order_consumer/1}
",
        says: "x.yaml:5:13: order_consumer/1 does not run at 20s",
    },
    Bad {
        what: "thawing what is not frozen",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {order_consumer: {topics: order_topic, instances: 2}}
timeline:
- {at: 10s, thaw: order_consumer/1}
",
        says: "x.yaml:4:13: order_consumer/1 is not frozen at 10s",
    },
    Bad {
        what: "stopping what is frozen",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {order_consumer: {topics: order_topic, instances: 2}}
timeline:
- {at: 10s, freeze: order_consumer/1}
- {at: 20s, stop: order_consumer/1}
",
        says: "x.yaml:5:13: order_consumer/1 is frozen at 20s and cannot shut down; kill it or thaw it first",
    },
    Bad {
        what: "freezing twice",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {order_consumer: {topics: order_topic, instances: 2}}
timeline:
- {at: 10s, freeze: {instance: order_consumer/1, for: 30s}}
- {at: 20s, freeze: order_consumer/1}
",
        says: "x.yaml:5:13: order_consumer/1 is already frozen at 20s",
    },
    Bad {
        what: "killing what is thawed later",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {order_consumer: {topics: order_topic, instances: 2}}
timeline:
- {at: 10s, freeze: {instance: order_consumer/1, for: 30s}}
- {at: 20s, kill: order_consumer/1}
",
        says: "x.yaml:4:13: order_consumer/1 is not frozen at 40s",
    },
    Bad {
        what: "stopping before the start",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {g: {topics: order_topic, start: 30s}}
timeline:
- {at: 10s, stop: g/0}
",
        says: "x.yaml:4:13: g/0 does not run at 10s",
    },
];
