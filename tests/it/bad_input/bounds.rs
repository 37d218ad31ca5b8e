//! Values of the right kind that cannot be.

use super::Bad;

pub(super) const CASES: &[Bad] = &[
    Bad {
        what: "zero queues",
        yaml: r"topics: {order_topic: {queues: 0}}
",
        says: "x.yaml:1:32: a topic of zero queues; `queues` must be at least 1",
    },
    Bad {
        what: "negative queues",
        yaml: r"topics: {order_topic: {queues: -4}}
",
        says: "x.yaml:1:32: expected a whole number, 0 or more, got `-4`",
    },
    Bad {
        what: "queues in words",
        yaml: r"topics: {order_topic: {queues: many}}
",
        says: "x.yaml:1:32: expected a whole number, 0 or more, got `many`",
    },
    Bad {
        what: "half a queue",
        yaml: r"topics: {order_topic: {queues: 4.5}}
",
        says: "x.yaml:1:32: expected a whole number, 0 or more, got `4.5`",
    },
    Bad {
        what: "an enormous number of queues",
        yaml: r"topics: {order_topic: {queues: 99999999999999999999}}
",
        says: "x.yaml:1:32: expected a whole number, 0 or more, got a number beyond all bounds",
    },
    Bad {
        what: "too many queues",
        yaml: r"topics: {order_topic: {queues: 4000000000}}
",
        says: "x.yaml:1:32: `queues` must be 1 to 1000000, got 4000000000",
    },
    Bad {
        what: "zero queues by an action",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {order_consumer: {topics: order_topic, instances: 2}}
timeline:
- {at: 10s, setQueues: {topic: order_topic, queues: 0}}
",
        says: "x.yaml:4:53: a topic of zero queues; at least one of `readQueueNums` and `writeQueueNums` must be \
               above 0",
    },
    Bad {
        what: "no topics",
        yaml: r"title: x
",
        says: "x.yaml:1:1: no topics are defined; a scenario needs at least one topic, like `topics: \
               {order_topic: {queues: 4}}`",
    },
    Bad {
        what: "a pool of zero threads",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {g: {topics: order_topic, consumeThreadMin: 0}}
",
        says: "x.yaml:2:53: a pool of zero threads consumes nothing; `consumeThreadMin` must be 1 to 1000",
    },
    Bad {
        what: "a setting outside RocketMQ's bounds",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {g: {topics: order_topic, pullBatchSize: 5000}}
",
        says: "x.yaml:2:50: `pullBatchSize` must be 1 to 1024, got 5000",
    },
    Bad {
        what: "a timer without a period",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {g: {topics: order_topic, heartbeatBrokerInterval: 0}}
",
        says: "x.yaml:2:60: `heartbeatBrokerInterval` must be at least 1ms, got 0s",
    },
    Bad {
        what: "a negative number of instances",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {g: {topics: order_topic, instances: -1}}
",
        says: "x.yaml:2:46: expected a whole number or a list of settings, got `-1`",
    },
    Bad {
        what: "too many instances",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {g: {topics: order_topic, instances: 1000000}}
",
        says: "x.yaml:2:46: the number of instances must be 0 to 10000, got 1000000",
    },
    Bad {
        what: "a group without topics",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {g: {topics: []}}
",
        says: "x.yaml:2:14: a consumer without topics consumes nothing",
    },
    Bad {
        what: "a group that leaves out its topics",
        yaml: r"topics: {order_topic: {queues: 4}}
groups:
  g: {instances: 2}
",
        says: "x.yaml:3:3: missing key `topics`",
    },
    Bad {
        what: "text where a mapping should be",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {g: fast}
",
        says: "x.yaml:2:13: expected a mapping, got `fast`",
    },
    Bad {
        what: "a list where text should be",
        yaml: r"title: [a]
topics: {order_topic: {queues: 4}}
",
        says: "x.yaml:1:1: expected text, got a list",
    },
    Bad {
        what: "a mapping where a list should be",
        yaml: r"topics: {order_topic: {queues: 4}}
timeline: {at: 1s}
",
        says: "x.yaml:2:1: expected a list, got a mapping",
    },
    Bad {
        what: "true where a number should be",
        yaml: r"topics: {order_topic: {queues: 4}}
seed: true
",
        says: "x.yaml:2:7: expected a whole number, 0 or more, got `true`",
    },
    Bad {
        what: "yes where true should be",
        yaml: r"topics: {order_topic: {queues: 4}}
cluster: {autoCreateTopicEnable: yes}
",
        says: "x.yaml:2:34: expected true or false, got `yes`",
    },
    Bad {
        what: "a negative seed",
        yaml: r"topics: {order_topic: {queues: 4}}
seed: -1
",
        says: "x.yaml:2:7: expected a whole number, 0 or more, got `-1`",
    },
    Bad {
        what: "no brokers",
        yaml: r"cluster: {brokers: 0}
topics: {order_topic: {queues: 4}}
",
        says: "x.yaml:1:20: the number of brokers must be 1 to 1000, got 0",
    },
    Bad {
        what: "too many samples",
        yaml: r"topics: {order_topic: {queues: 4}}
duration: 100h
sampleInterval: 1ms
",
        says: "x.yaml:3:17: more than 1000000 samples; make the interval longer or the run shorter",
    },
    Bad {
        what: "an enormous backlog",
        yaml: r"topics: {order_topic: {preload: {perQueue: 18446744073709551615}}}
",
        says: "x.yaml:1:44: more than 100000000 preloaded messages",
    },
    Bad {
        what: "a backlog of too many messages",
        yaml: r"topics: {order_topic: {preload: {perQueue: 900000000000}}}
",
        says: "x.yaml:1:44: more than 100000000 preloaded messages",
    },
];
