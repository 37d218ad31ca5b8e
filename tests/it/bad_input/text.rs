//! What is not the YAML of a scenario at all.

use super::Bad;

pub(super) const CASES: &[Bad] = &[
    Bad {
        what: "an empty file",
        yaml: r"",
        says: "x.yaml: the file is empty; a scenario needs at least `topics:`; see docs/scenarios.md",
    },
    Bad {
        what: "a file of comments only",
        yaml: r"# nothing
",
        says: "x.yaml:1:1: the file is empty; a scenario needs at least `topics:`; see docs/scenarios.md",
    },
    Bad {
        what: "a list",
        yaml: r"- a
- b
",
        says: "x.yaml:1:1: a scenario is a mapping of keys to values; begin with `title:`, `topics:`, \
               `producers:`, `groups:`",
    },
    Bad {
        what: "a single word",
        yaml: r"hello
",
        says: "x.yaml:1:1: a scenario is a mapping of keys to values; begin with `title:`, `topics:`, \
               `producers:`, `groups:`",
    },
    Bad {
        what: "an unclosed bracket",
        yaml: r"topics: [a
",
        says: "x.yaml:1:9: not valid YAML: unclosed bracket '['",
    },
    Bad {
        what: "an unclosed quote",
        yaml: r"title: 'x
",
        says: "x.yaml:2:1: not valid YAML: invalid indentation in multiline quoted scalar",
    },
    Bad {
        what: "a key in a wrong place",
        yaml: r"a: b: c
",
        says: "x.yaml:1:5: not valid YAML: mapping values are not allowed in this context",
    },
    Bad {
        what: "broken indentation",
        yaml: r"topics:
  t: {}
 u: {}
",
        says: "x.yaml:3:2: not valid YAML: while parsing a block mapping, did not find expected key",
    },
    Bad {
        what: "an unknown key at the top",
        yaml: r"topicz: {}
",
        says: "x.yaml:1:1: unknown key `topicz`; did you mean `topics`?",
    },
    Bad {
        what: "an unknown key deep down",
        yaml: r"topics: {order_topic: {queues: 4}}
groups:
  order_consumer:
    topics: order_topic
    consumeThreadMn: 3
",
        says: "x.yaml:5:5: unknown key `consumeThreadMn`; did you mean `consumeThreadMin`?",
    },
    Bad {
        what: "an unknown key that resembles nothing",
        yaml: r"weather: sunny
",
        says: "x.yaml:1:1: unknown key `weather`; known: name, title, description, sources, seed, duration, \
               until, sampleInterval, fallible, cluster, topics, producers, groups, zones, autoscalers, timeline, \
               chaos, expect",
    },
    Bad {
        what: "an unknown action",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {order_consumer: {topics: order_topic, instances: 2}}
timeline:
- at: 10s
  scal: {group: order_consumer, instances: 3}
",
        says: "x.yaml:5:3: unknown key `scal`; did you mean `scale`?",
    },
    Bad {
        what: "an unknown check",
        yaml: r"topics: {order_topic: {queues: 4}}
groups: {order_consumer: {topics: order_topic, instances: 2}}
expect:
- oneOwner: order_consumer
",
        says: "x.yaml:4:3: unknown key `oneOwner`; did you mean `exactlyOneOwner`?",
    },
    Bad {
        what: "a key given twice",
        yaml: r"title: a
title: b
",
        says: "x.yaml:2:1: duplicate key `title`; a mapping says each key once; remove one of them",
    },
    Bad {
        what: "a topic given twice",
        yaml: r"topics:
  t: {queues: 4}
  t: {queues: 8}
",
        says: "x.yaml:3:3: duplicate key `t`; a mapping says each key once; remove one of them",
    },
    Bad {
        what: "two documents",
        yaml: r"title: a
---
title: b
",
        says: "x.yaml:3:1: a second YAML document begins here; a file is one scenario; put the other one into \
               its own file",
    },
    Bad {
        what: "an alias without anchor",
        yaml: r"title: *nobody
",
        says: "x.yaml:1:8: this alias has no anchor; write the anchor (`&name`) before its first alias \
               (`*name`), or quote a text that begins with `*`",
    },
    Bad {
        what: "an alias inside its own anchor",
        yaml: r"topics: &a {t: *a}
",
        says: "x.yaml:1:16: an alias inside its own anchor would never end",
    },
    Bad {
        what: "a tag that is no type",
        yaml: r"title: !!int abc
topics: {order_topic: {queues: 4}}
",
        says: "x.yaml:1:14: not valid YAML: this is not a whole number",
    },
];
