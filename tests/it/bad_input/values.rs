//! Values with wrong units, of wrong kinds, beyond all bounds.

use super::Bad;

pub(super) const CASES: &[Bad] = &[
    Bad {
        what: "a duration without a unit",
        yaml: r"topics: {order_topic: {queues: 4}}
duration: 180
",
        says: "x.yaml:2:11: missing unit after 180; write ns, us, ms, s, m, h or d",
    },
    Bad {
        what: "a duration in a wrong unit",
        yaml: r"topics: {order_topic: {queues: 4}}
duration: 3min
",
        says: "x.yaml:2:11: unknown unit `min`; write ns, us, ms, s, m, h or d",
    },
    Bad {
        what: "a duration in words",
        yaml: r"topics: {order_topic: {queues: 4}}
duration: long
",
        says: "x.yaml:2:11: expected a number at `long`",
    },
    Bad {
        what: "a negative duration",
        yaml: r"topics: {order_topic: {queues: 4}}
duration: -5s
",
        says: "x.yaml:2:11: a duration cannot be negative",
    },
    Bad {
        what: "a duration of centuries",
        yaml: r"topics: {order_topic: {queues: 4}}
duration: 99999999999d
",
        says: "x.yaml:2:11: longer than 584 years",
    },
    Bad {
        what: "a rate without a unit",
        yaml: r"topics: {order_topic: {queues: 4}}
producers: {p: {topic: order_topic, rate: 2000}}
",
        says: "x.yaml:2:43: missing unit after 2000; write 2000/s",
    },
    Bad {
        what: "a rate in a wrong unit",
        yaml: r"topics: {order_topic: {queues: 4}}
producers: {p: {topic: order_topic, rate: 2000/y}}
",
        says: "x.yaml:2:43: unknown unit `/y`; write /s, /m or /h",
    },
    Bad {
        what: "a rate that is not a number",
        yaml: r"topics: {order_topic: {queues: 4}}
producers: {p: {topic: order_topic, rate: NaN/s}}
",
        says: "x.yaml:2:43: expected a rate like 2000/s or 120/m, got `NaN/s`",
    },
    Bad {
        what: "an infinite rate",
        yaml: r"topics: {order_topic: {queues: 4}}
producers: {p: {topic: order_topic, rate: .inf}}
",
        says: "x.yaml:2:43: expected a rate like 2000/s or 120/m, got `.inf`",
    },
    Bad {
        what: "an enormous rate",
        yaml: r"topics: {order_topic: {queues: 4}}
producers: {p: {topic: order_topic, rate: 99999999999999999999/s}}
",
        says: "x.yaml:2:43: more than 1,000,000,000/s",
    },
    Bad {
        what: "a negative rate",
        yaml: r"topics: {order_topic: {queues: 4}}
producers: {p: {topic: order_topic, rate: -1/s}}
",
        says: "x.yaml:2:43: a rate cannot be negative",
    },
    Bad {
        what: "a size in a wrong unit",
        yaml: r"topics: {order_topic: {queues: 4}}
producers: {p: {topic: order_topic, bodySize: 1kib}}
",
        says: "x.yaml:2:47: unknown unit `kib`; write B, KiB, MiB, GiB, TiB (or KB, MB, GB)",
    },
    Bad {
        what: "a body larger than RocketMQ takes",
        yaml: r"topics: {order_topic: {queues: 4}}
producers: {p: {topic: order_topic, bodySize: 5MiB}}
",
        says: "x.yaml:2:47: a body of 5MiB is too large; RocketMQ refuses bodies over 4MiB (`maxMessageSize`)",
    },
    Bad {
        what: "a negative size",
        yaml: r"topics: {order_topic: {queues: 4}}
producers: {p: {topic: order_topic, bodySize: -1}}
",
        says: "x.yaml:2:47: a size cannot be negative",
    },
    Bad {
        what: "an unknown distribution",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {g: {topics: order_topic, serviceTime: {exponentia: 5ms}}}
",
        says: "x.yaml:2:49: `exponentia` is not one of the possible values; did you mean `exponential`?",
    },
    Bad {
        what: "two distributions at once",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {g: {topics: order_topic, serviceTime: {exponential: 5ms, uniform: {min: 1ms, max: 2ms}}}}
",
        says: "x.yaml:2:35: a second distribution, `uniform`; a value has one",
    },
    Bad {
        what: "a uniform distribution upside down",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {g: {topics: order_topic, serviceTime: {uniform: {min: 9ms, max: 1ms}}}}
",
        says: "x.yaml:2:35: the least value is greater than the greatest; swap min and max",
    },
    Bad {
        what: "a log-normal median of zero",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {g: {topics: order_topic, serviceTime: {lognormal: {median: 0s, p99: 1s}}}}
",
        says: "x.yaml:2:35: a log-normal median is above 0",
    },
    Bad {
        what: "an empty table",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {g: {topics: order_topic, serviceTime: {empirical: []}}}
",
        says: "x.yaml:2:35: an empirical table needs at least one [value, weight]",
    },
    Bad {
        what: "a weight that is not a number",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {g: {topics: order_topic, serviceTime: {empirical: [[1ms, .nan]]}}}
",
        says: "x.yaml:2:67: expected a number, got `.nan`",
    },
    Bad {
        what: "a distribution as a list",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {g: {topics: order_topic, serviceTime: [1ms, 2ms]}}
",
        says: "x.yaml:2:35: expected a value with a unit or a distribution like {exponential: 5ms}, got a list",
    },
];
