//! Subscriptions, listeners, broadcasting groups, resets and counters that cannot be.

use super::Bad;

pub(super) const CASES: &[Bad] = &[
    Bad {
        what: "SQL92 that breaks off",
        yaml: r"topics: {t: {}}
groups: {g: {topics: {t: {sql: a > }}}}
",
        says: "x.yaml:2:35: in SQL92: expected a value, a name or `(`, found the end",
    },
    Bad {
        what: "SQL92 with a wrong word, in quotes",
        yaml: r#"topics: {t: {}}
groups: {g: {topics: {t: {sql: "a BETWEEN 5 TO 9"}}}}
"#,
        says: "x.yaml:2:45: in SQL92: expected AND and the upper bound, found `TO`",
    },
    Bad {
        what: "SQL92 with a wrong word over two lines",
        yaml: r"topics: {t: {}}
groups:
  g:
    topics:
      t:
        sql: >
          a > 5
          AND AND
",
        says: "x.yaml:7:11: in SQL92, at column 11: expected a value, a name or `(`, found `AND`",
    },
    Bad {
        what: "no SQL92",
        yaml: r"topics: {t: {}}
groups: {g: {topics: {t: {sql: ''}}}}
",
        says: "x.yaml:2:33: in SQL92: the expression is empty",
    },
    Bad {
        what: "tags that are separators only",
        yaml: r"topics: {t: {}}
groups: {g: {topics: {t: '||'}}}
",
        says: "x.yaml:2:26: a subscription needs a tag beside the separators `||`; write `*` for every message",
    },
    Bad {
        what: "an unknown kind of expression",
        yaml: r"topics: {t: {}}
groups: {g: {topics: {t: {tag: a}}}}
",
        says: "x.yaml:2:27: unknown key `tag`; did you mean `tags`?",
    },
    Bad {
        what: "an expression of two kinds",
        yaml: r"topics: {t: {}}
groups: {g: {topics: {t: {tags: a, sql: b IS NULL}}}}
",
        says: "x.yaml:2:23: an expression of two kinds; write `tags` or `sql`",
    },
    Bad {
        what: "an undefined topic with an expression",
        yaml: r"topics: {orders: {}}
groups: {g: {topics: {order: a}}}
",
        says: "x.yaml:2:23: undefined topic `order`; did you mean `orders`?",
    },
    Bad {
        what: "dead letters of a group that is not defined",
        yaml: r"topics: {t: {}}
groups: {g: {topics: '%DLQ%gg'}}
",
        says: "x.yaml:2:22: undefined topic `%DLQ%gg`; did you mean `g`?",
    },
    Bad {
        what: "dead letters of a broadcasting group",
        yaml: r"topics: {t: {}}
groups: {g: {topics: '%DLQ%h'}, h: {topics: t, messageModel: BROADCASTING}}
",
        says: "x.yaml:2:22: undefined topic `%DLQ%h`; nothing comes back to h",
    },
    Bad {
        what: "a group's own retry topic",
        yaml: r"topics: {t: {}}
groups: {g: {topics: [t, '%RETRY%g']}}
",
        says: "x.yaml:2:26: `g` consumes its own retry topic by itself; remove it, or write `retryTopic: true`",
    },
    Bad {
        what: "a broadcasting group with a retry topic",
        yaml: r"topics: {t: {}}
groups: {g: {topics: t, messageModel: BROADCASTING, retryTopic: true}}
",
        says: "x.yaml:2:65: a broadcasting group has no retry topic; what fails there is dropped",
    },
    Bad {
        what: "failures without a retry topic",
        yaml: r"topics: {t: {}}
groups: {g: {topics: t, listener: [{fail: true}], retryTopic: false}}
",
        says: "x.yaml:2:63: messages can come back to `g`, so it needs its retry topic",
    },
    Bad {
        what: "an unknown message model",
        yaml: r"topics: {t: {}}
groups: {g: {topics: t, messageModel: BROADCAST}}
",
        says: "x.yaml:2:39: `BROADCAST` is not one of the possible values; did you mean `BROADCASTING`?",
    },
    Bad {
        what: "an unknown consume mode",
        yaml: r"topics: {t: {}}
groups: {g: {topics: t, consumeMode: ordered}}
",
        says: "x.yaml:2:38: `ordered` is not one of the possible values; did you mean `ORDERLY`?",
    },
    Bad {
        what: "a consume timeout without a unit",
        yaml: r"topics: {t: {}}
groups: {g: {topics: t, consumeTimeout: 15}}
",
        says: "x.yaml:2:41: missing unit after 15; write ns, us, ms, s, m, h or d",
    },
    Bad {
        what: "fewer than no attempts",
        yaml: r"topics: {t: {}}
groups: {g: {topics: t, maxReconsumeTimes: -2}}
",
        says: "x.yaml:2:44: `maxReconsumeTimes` must be -1 to 65535, got -2",
    },
    Bad {
        what: "an unknown level for the next attempt",
        yaml: r"topics: {t: {}}
groups: {g: {topics: t, instances: [{delayLevelWhenNextConsume: 256}]}}
",
        says: "x.yaml:2:65: `delayLevelWhenNextConsume` must be -1 to 255, got 256",
    },
    Bad {
        what: "a retry topic without queues",
        yaml: r"topics: {t: {}}
groups: {g: {topics: t, retryQueueNums: 0}}
",
        says: "x.yaml:2:41: `retryQueueNums` must be 1 to 1000, got 0",
    },
    Bad {
        what: "a rule with a key that is none",
        yaml: r"topics: {t: {}}
groups: {g: {topics: t, listener: [{keys: [key-1, customer-7], fail: true}]}}
",
        says: "x.yaml:2:51: `customer-7` is not a key; keys are named key-0, key-1, …",
    },
    Bad {
        what: "a rule with a probability in percent",
        yaml: r"topics: {t: {}}
groups: {g: {topics: t, listener: [{probability: 5, fail: true}]}}
",
        says: "x.yaml:2:50: `probability` must be above 0 and at most 1, got 5",
    },
    Bad {
        what: "a rule with two shares",
        yaml: r"topics: {t: {}}
groups: {g: {topics: t, listener: [{probability: 0.5, ofMessages: 0.5}]}}
",
        says: "x.yaml:2:55: both `probability` and `ofMessages` are given; a share of the calls or a share of the \
               messages; remove one of them",
    },
    Bad {
        what: "a rule that ends before it begins",
        yaml: r"topics: {t: {}}
groups: {g: {topics: t, listener: [{from: 20s, until: 10s, fail: true}]}}
",
        says: "x.yaml:2:55: the rule ends at 10s, before it begins at 20s",
    },
    Bad {
        what: "a rule for no delivery",
        yaml: r"topics: {t: {}}
groups: {g: {topics: t, listener: [{attemptsBelow: 0, fail: true}]}}
",
        says: "x.yaml:2:52: no delivery has fewer than 0 attempts before; the first delivery has 0; write 1 for it alone",
    },
    Bad {
        what: "a listener that is no list",
        yaml: r"topics: {t: {}}
groups: {g: {topics: t, listener: {fail: true}}}
",
        says: "x.yaml:2:25: expected a list, got a mapping",
    },
    Bad {
        what: "an unknown key of a rule",
        yaml: r"topics: {t: {}}
groups: {g: {topics: t, listener: [{fails: true}]}}
",
        says: "x.yaml:2:37: unknown key `fails`; did you mean `fail`?",
    },
    Bad {
        what: "a reset of a group that does not consume the topic",
        yaml: r"topics: {t: {}, u: {}}
groups: {g: {topics: t}}
timeline:
- {at: 10s, resetOffset: {group: g, topic: u, to: end}}
",
        says: "x.yaml:4:44: g does not consume u",
    },
    Bad {
        what: "a reset into the future",
        yaml: r"topics: {t: {}}
groups: {g: {topics: t}}
timeline:
- {at: 10s, resetOffset: {group: g, topic: t, to: 11s}}
",
        says: "x.yaml:4:51: 11s is still to come at 10s; write `end` for what is newest then",
    },
    Bad {
        what: "a reset to nowhere",
        yaml: r"topics: {t: {}}
groups: {g: {topics: t}}
timeline:
- {at: 10s, resetOffset: {group: g, topic: t, to: start}}
",
        says: "x.yaml:4:51: expected a time of the run like 30s, beginning or end, got `start`",
    },
    Bad {
        what: "a fresh host for nobody",
        yaml: r"topics: {t: {}}
groups: {g: {topics: t}}
timeline:
- {at: 10s, kill: {instance: g/0, freshHost: true}}
",
        says: "x.yaml:4:35: nothing starts again here; add `for`, or say it where the instance is started",
    },
    Bad {
        what: "a check of an unknown counter",
        yaml: r"topics: {t: {}}
groups: {g: {topics: t}}
expect:
- {count: {counter: deadLetter, equals: 0}}
",
        says: "x.yaml:4:21: `deadLetter` is not one of the possible values; did you mean `deadLetters`?",
    },
    Bad {
        what: "a counter of the cluster, of a group",
        yaml: r"topics: {t: {}}
groups: {g: {topics: t}}
expect:
- {count: {counter: committed, group: g, equals: 0}}
",
        says: "x.yaml:4:32: committed transactions are counted for the whole cluster only; remove `group`",
    },
    Bad {
        what: "a count without a bound",
        yaml: r"topics: {t: {}}
groups: {g: {topics: t}}
expect:
- {deadLetters: {group: g}}
",
        says: "x.yaml:4:4: a check without a bound holds always; add `atLeast` or `atMost`",
    },
    Bad {
        what: "a count with too many bounds",
        yaml: r"topics: {t: {}}
groups: {g: {topics: t}}
expect:
- {retries: {group: g, atMost: 4, equals: 3}}
",
        says: "x.yaml:4:35: `equals` beside another bound; remove one of them",
    },
    Bad {
        what: "a count of an undefined group",
        yaml: r"topics: {t: {}}
groups: {g: {topics: t}}
expect:
- {lostMessages: {group: h, equals: 3}}
",
        says: "x.yaml:4:26: undefined group `h`; did you mean `g`?",
    },
    Bad {
        what: "a check of a broadcasting group before it starts",
        yaml: r"topics: {t: {}}
groups: {g: {topics: t, messageModel: BROADCASTING, start: 20s}}
expect:
- {at: 10s, exactlyOneOwner: g}
",
        says: "x.yaml:4:30: no member of g runs then",
    },
    Bad {
        what: "a check of an owner that a broadcasting group does not have",
        yaml: r"topics: {t: {}}
groups: {g: {topics: t, messageModel: BROADCASTING}}
expect:
- {allocation: {group: g, owners: {g/0: q0-q3, g/1: q0-q3}}}
",
        says: "x.yaml:4:48: undefined instance `g/1`",
    },
    Bad {
        what: "lateness without a percentile",
        yaml: r"topics: {t: {}}
expect:
- {delayLateness: {atMost: 1s}}
",
        says: "x.yaml:3:4: missing key `percentile`",
    },
];
