//! Tags, properties, delays and transactions that cannot be.

use super::Bad;

pub(super) const CASES: &[Bad] = &[
    Bad {
        what: "a negative weight",
        yaml: r"topics: {t: {}}
producers: {p: {topic: t, tags: {a: -1, b: 2}}}
",
        says: "x.yaml:2:37: a weight is a number of 0 or more, got -1",
    },
    Bad {
        what: "no weight at all",
        yaml: r"topics: {t: {}}
producers: {p: {topic: t, tags: {a: 0}}}
",
        says: "x.yaml:2:27: no value has a weight above 0",
    },
    Bad {
        what: "no tags",
        yaml: r"topics: {t: {}}
producers: {p: {topic: t, tags: []}}
",
        says: "x.yaml:2:27: no value has a weight above 0",
    },
    Bad {
        what: "a tag that no subscription can name",
        yaml: r"topics: {t: {}}
producers: {p: {topic: t, tags: [a, b||c]}}
",
        says: "x.yaml:2:37: the tag `b||c` contains `||`; no subscription could name it",
    },
    Bad {
        what: "a weight in words",
        yaml: r"topics: {t: {}}
producers: {p: {topic: t, tags: {a: many}}}
",
        says: "x.yaml:2:37: expected a number, got `many`",
    },
    Bad {
        what: "a property that RocketMQ sets",
        yaml: r"topics: {t: {}}
producers: {p: {topic: t, properties: {TAGS: a}}}
",
        says: "x.yaml:2:40: `TAGS` is a property that RocketMQ sets itself; write `tags:`",
    },
    Bad {
        what: "a property without values",
        yaml: r"topics: {t: {}}
producers: {p: {topic: t, properties: {a: []}}}
",
        says: "x.yaml:2:40: a property without values",
    },
    Bad {
        what: "an empty property value",
        yaml: r#"topics: {t: {}}
producers: {p: {topic: t, properties: {a: [b, ""]}}}
"#,
        says: "x.yaml:2:47: a property value that is empty",
    },
    Bad {
        what: "half a range",
        yaml: r"topics: {t: {}}
producers: {p: {topic: t, properties: {a: {from: 3}}}}
",
        says: "x.yaml:2:40: a range needs `to` beside `from`",
    },
    Bad {
        what: "a range upside down",
        yaml: r"topics: {t: {}}
producers: {p: {topic: t, properties: {a: {from: 3, to: 1}}}}
",
        says: "x.yaml:2:50: the range from 3 to 1 is upside down",
    },
    Bad {
        what: "a range and values",
        yaml: r"topics: {t: {}}
producers: {p: {topic: t, properties: {a: {from: 1, to: 3, b: 1}}}}
",
        says: "x.yaml:2:40: a range and other values; write one of them",
    },
    Bad {
        what: "messages that all lack the property",
        yaml: r"topics: {t: {}}
producers: {p: {topic: t, properties: {a: {b: 1, missing: 1}}}}
",
        says: "x.yaml:2:59: `missing` must be 0 or more and below 1, got 1",
    },
    Bad {
        what: "too many combinations",
        yaml: r"topics: {t: {}}
producers:
  p: {topic: t, tags: [x, y], properties: {a: {from: 0, to: 1023}, b: {from: 1, to: 513}}}
",
        says: "x.yaml:3:68: more than 1048576 combinations of a tag and property values; give the properties fewer \
               different values",
    },
    Bad {
        what: "a range beyond all bounds",
        yaml: r"topics: {t: {}}
producers: {p: {topic: t, properties: {a: {from: -9000000000000000000, to: 9000000000000000000}}}}
",
        says: "x.yaml:2:40: more than 1048576 combinations of a tag and property values; give the properties fewer \
               different values",
    },
    Bad {
        what: "a great range for each of many instances",
        yaml: r"topics: {t: {}}
producers: {p: {topic: t, instances: 1000, properties: {a: {from: 0, to: 9999}}}}
",
        says: "x.yaml:2:57: more than 4194304 property values over all instances; give the properties fewer different \
               values",
    },
    Bad {
        what: "a delay level in words",
        yaml: r"topics: {t: {}}
producers: {p: {topic: t, delayLevel: 10s}}
",
        says: "x.yaml:2:39: `10s` is not a delay level; levels are 0 (none) to 255",
    },
    Bad {
        what: "a negative delay level",
        yaml: r"topics: {t: {}}
producers: {p: {topic: t, delayLevel: {-1: 1}}}
",
        says: "x.yaml:2:40: `-1` is not a delay level; levels are 0 (none) to 255",
    },
    Bad {
        what: "an unknown key of a transaction",
        yaml: r"topics: {t: {}}
producers: {p: {topic: t, transaction: {localtime: 1ms}}}
",
        says: "x.yaml:2:41: unknown key `localtime`; did you mean `localTime`?",
    },
    Bad {
        what: "an unknown outcome",
        yaml: r"topics: {t: {}}
producers: {p: {topic: t, transaction: {outcome: {comit: 1}}}}
",
        says: "x.yaml:2:51: unknown key `comit`; did you mean `commit`?",
    },
    Bad {
        what: "outcomes without weight",
        yaml: r"topics: {t: {}}
producers: {p: {topic: t, transaction: {outcome: {commit: 0}}}}
",
        says: "x.yaml:2:41: no outcome has a weight above 0; write {commit: 0.9, unknown: 0.1}",
    },
    Bad {
        what: "more lost than sent",
        yaml: r"topics: {t: {}}
producers: {p: {topic: t, transaction: {lostEnd: 1.5}}}
",
        says: "x.yaml:2:50: `lostEnd` must be 0 to 1, got 1.5",
    },
    Bad {
        what: "a delay with a bad unit",
        yaml: r"topics: {t: {}}
cluster: {messageDelayLevel: '1s 5x 10s'}
",
        says: "x.yaml:2:34: `5x` is no delay; write numbers with the unit s, m, h or d, separated by one space: `1s 5s 10s`",
    },
    Bad {
        what: "two spaces between delays",
        yaml: r"topics: {t: {}}
cluster: {brokers: {b: {messageDelayLevel: 1s  5s}}}
",
        says: "x.yaml:2:47: a delay is missing; write numbers with the unit s, m, h or d, separated by one space: `1s 5s 10s`",
    },
    Bad {
        what: "no delays",
        yaml: r"topics: {t: {}}
cluster: {messageDelayLevel: ''}
",
        says: "x.yaml:2:31: a delay is missing; write numbers with the unit s, m, h or d, separated by one space: `1s 5s 10s`",
    },
    Bad {
        what: "too many checks",
        yaml: r"topics: {t: {}}
cluster: {transactionCheckMax: 300}
",
        says: "x.yaml:2:32: `300` is too large; at most 255",
    },
    Bad {
        what: "checks without a pause",
        yaml: r"topics: {t: {}}
cluster: {transactionCheckInterval: 0}
",
        says: "x.yaml:2:37: `transactionCheckInterval` must be at least 1ms, got 0s",
    },
    Bad {
        what: "a topic of the system",
        yaml: r"topics: {SCHEDULE_TOPIC_XXXX: {}}
",
        says: "x.yaml:1:10: `SCHEDULE_TOPIC_XXXX` is a system topic of RocketMQ",
    },
    Bad {
        what: "a producer of a topic of the system",
        yaml: r"topics: {t: {}}
producers: {p: {topic: SCHEDULE_TOPIC_XXXX, delayLevel: 1}}
",
        says: "x.yaml:2:24: undefined topic `SCHEDULE_TOPIC_XXXX`; known: t",
    },
];
