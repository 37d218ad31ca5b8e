//! Names that are not defined.

use super::Bad;

pub(super) const CASES: &[Bad] = &[
    Bad {
        what: "an undefined topic of a producer",
        yaml: r"topics: {order_topic: {queues: 4}}
producers:
  p: {topic: order_topci}
",
        says: "x.yaml:3:14: undefined topic `order_topci`; did you mean `order_topic`?",
    },
    Bad {
        what: "an undefined topic of a group",
        yaml: r"topics: {order_topic: {queues: 4}}
groups:
  g: {topics: [order_topic, payment]}
",
        says: "x.yaml:3:29: undefined topic `payment`; known: order_topic",
    },
    Bad {
        what: "an undefined group of an action",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {order_consumer: {topics: order_topic, instances: 2}}
timeline:
- {at: 10s, scale: {group: order_consumr, instances: 3}}
",
        says: "x.yaml:4:28: undefined group `order_consumr`; did you mean `order_consumer`?",
    },
    Bad {
        what: "an undefined instance",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {order_consumer: {topics: order_topic, instances: 2}}
timeline:
- {at: 10s, stop: order_consumer/2}
",
        says: "x.yaml:4:19: undefined instance `order_consumer/2`; order_consumer has the instances \
               `order_consumer/0` to `order_consumer/1`",
    },
    Bad {
        what: "an instance of an undefined group",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {order_consumer: {topics: order_topic, instances: 2}}
timeline:
- {at: 10s, stop: order_consumr/1}
",
        says: "x.yaml:4:19: undefined instance `order_consumr/1`; did you mean `order_consumer/1`?",
    },
    Bad {
        what: "an undefined broker",
        yaml: r"topics: {order_topic: {queues: 4, brokers: [broker-b]}}
",
        says: "x.yaml:1:45: undefined broker `broker-b`; did you mean `broker-a`?",
    },
    Bad {
        what: "an undefined producer",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {order_consumer: {topics: order_topic, instances: 2}}
producers: {order_producer: {topic: order_topic}}
timeline:
- {at: 10s, setRate: {producer: order_producr, rate: 5/s}}
",
        says: "x.yaml:5:33: undefined producer `order_producr`; did you mean `order_producer`?",
    },
    Bad {
        what: "an undefined group of a check",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {order_consumer: {topics: order_topic, instances: 2}}
expect:
- exactlyOneOwner: order_cons
",
        says: "x.yaml:4:20: undefined group `order_cons`; did you mean `order_consumer`?",
    },
    Bad {
        what: "an undefined instance of an allocation",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {order_consumer: {topics: order_topic, instances: 2}}
expect:
- allocation: {group: order_consumer, owners: {order_consumer/7: q0}}
",
        says: "x.yaml:4:48: undefined instance `order_consumer/7`; order_consumer has the instances \
               `order_consumer/0` to `order_consumer/1`",
    },
    Bad {
        what: "an undefined queue",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {order_consumer: {topics: order_topic, instances: 2}}
expect:
- allocation: {group: order_consumer, owners: {order_consumer/0: q0-q4}}
",
        says: "x.yaml:4:66: there is no queue 4; order_topic has the queues 0 to 3 on broker-a",
    },
    Bad {
        what: "queues that are none",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {order_consumer: {topics: order_topic, instances: 2}}
expect:
- allocation: {group: order_consumer, owners: {order_consumer/0: first}}
",
        says: "x.yaml:4:66: `first` does not name queues; write q0, q0-q5, broker-a:0-3 or none",
    },
    Bad {
        what: "queues of an unsaid broker",
        yaml: r"cluster: {brokers: 2}
topics: {order_topic: {queues: 4}}
groups: {order_consumer: {topics: order_topic, instances: 2}}
expect:
- allocation: {group: order_consumer, owners: {order_consumer/0: q0}}
",
        says: "x.yaml:5:66: `q0` does not say which broker's queue it is; several brokers carry the topic; write \
               broker-a:q0",
    },
];
