//! A recipe as the text of a scenario file, and what it allows to be broken.

use std::fmt::Write;

use super::recipe::{END, Group, Producer, QUIET_FROM, Recipe, Step};

/// A scenario and what was done in it that excuses something.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub(crate) yaml: String,
    /// Per group of the recipe.
    pub(crate) lives: Vec<Life>,
    /// Some readable queues were taken away.
    pub(crate) shrunk: bool,
}

/// What happened to a group.
#[derive(Clone, Debug, Default)]
pub(crate) struct Life {
    pub(crate) resets: u32,
    pub(crate) frozen: bool,
    pub(crate) shared_id: bool,
    pub(crate) differs: bool,
    states: Vec<State>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Running,
    Down,
    Frozen,
}

/// What a group can subscribe; the tags `Aa` and `BB` have the same hash.
const WANTS: [&str; 6] = [
    "'*'",
    "Aa",
    "Aa || C",
    "{sql: \"region = 'EU' OR price > 6\"}",
    "{sql: \"price BETWEEN 2 AND 7 AND TAGS IS NOT NULL\"}",
    "{sql: \"NOT (region IN ('EU', 'US')) OR vip = TRUE\"}",
];

/// Writes a recipe as a scenario.
pub(crate) fn make(recipe: &Recipe) -> Made {
    let mut maker = Maker { recipe, yaml: String::new(), lives: Vec::new(), shrunk: false };
    maker.cluster();
    maker.yaml.push_str("producers:\n");
    for (index, producer) in recipe.producers.iter().enumerate() {
        maker.producer(index, *producer);
    }
    maker.yaml.push_str("groups:\n");
    for (index, group) in recipe.groups.iter().enumerate() {
        maker.group(index, group);
    }
    maker.yaml.push_str("timeline:\n");
    for step in &recipe.actions {
        maker.step(*step);
    }
    maker.wake();
    Made { yaml: maker.yaml, lives: maker.lives, shrunk: maker.shrunk }
}

struct Maker<'a> {
    recipe: &'a Recipe,
    yaml: String,
    lives: Vec<Life>,
    shrunk: bool,
}

impl Maker<'_> {
    fn line(&mut self, text: &str) {
        self.yaml.push_str(text);
        self.yaml.push('\n');
    }

    fn cluster(&mut self) {
        let recipe = self.recipe;
        let levels = ["1s 2s 3s", "1s 1s 2s 2s 4s", "2s"][usize::from(recipe.levels)];
        let (interval, young, most) = [("5s", "2s", 3), ("7s", "6s", 2), ("3s", "1s", 15)][usize::from(recipe.checks)];
        let latency = ["500us", "{exponential: 2ms}", "{uniform: {min: 0ms, max: 40ms}}"][usize::from(recipe.latency)];
        let file = if recipe.seed.is_multiple_of(3) { "64KiB" } else { "1GiB" };
        write!(
            self.yaml,
            "seed: {}\nduration: {END}s\nsampleInterval: 2900ms\ncluster:\n  brokers: {}\n  enablePropertyFilter: true\n  \
             messageDelayLevel: {levels}\n  transactionCheckInterval: {interval}\n  transactionTimeOut: {young}\n  \
             transactionCheckMax: {most}\n  mappedFileSizeCommitLog: {file}\n  network: {{clientToBroker: {latency}}}\ntopics:\n",
            recipe.seed, recipe.brokers
        )
        .unwrap();
        for (index, topic) in recipe.topics.iter().enumerate() {
            let preload = match topic.preload {
                0 => String::new(),
                n => format!(", preload: {{perQueue: {n}}}"),
            };
            self.line(&format!("  t{index}: {{queues: {}{preload}}}", topic.queues));
        }
    }

    fn producer(&mut self, index: usize, producer: Producer) {
        let topic = usize::from(producer.topic) % self.recipe.topics.len();
        let mut text = format!("  p{index}: {{topic: t{topic}, rate: {}/s, bodySize: 300B", producer.rate);
        if !self.recipe.wild {
            write!(text, ", stop: {QUIET_FROM}s").unwrap();
        }
        if producer.keyed {
            text.push_str(", keys: {count: 8}, selector: keyHash");
        }
        text.push_str(
            ["", ", tags: {Aa: 2, BB: 1, C: 1, none: 1}", ", tags: Aa", ", tags: [BB, D]"][usize::from(producer.tags)],
        );
        text.push_str(
            [
                "",
                ", properties: {region: {EU: 2, US: 1, missing: 0.2}, price: {from: 0, to: 9}}",
                ", properties: {vip: [true, false], price: {values: {'3': 1, x: 1}, missing: 0.3}}",
            ][usize::from(producer.properties)],
        );
        match producer.delays {
            3 => text.push_str(", delayLevel: {0: 0.6, 1: 0.2, 3: 0.2}"),
            4 => text.push_str(", delayLevel: 2"),
            5 => text.push_str(", delayLevel: {0: 0.5, 18: 0.5}"),
            _ => {}
        }
        match producer.transaction {
            4 => text.push_str(", transaction: {}"),
            5 => text.push_str(", transaction: {outcome: {commit: 0.6, rollback: 0.2, unknown: 0.2}, lostEnd: 0.1}"),
            6 => text.push_str(
                ", transaction: {localTime: {empirical: [[2ms, 0.99], [4s, 0.01]]}, outcome: {commit: 1, rollback: 1}, lostEnd: 0.3, \
                 checkTime: {uniform: {min: 1ms, max: 100ms}}}",
            ),
            7 => text.push_str(
                ", transaction: {outcome: {unknown: 1}, lostEnd: 0.2, \
                 checkOutcome: {commit: 0.3, rollback: 0.2, unknown: 0.5}}",
            ),
            _ => {}
        }
        self.line(&(text + "}"));
    }

    fn topics_of(&self, group: &Group, wants: u8) -> String {
        let wants = WANTS[usize::from(wants)];
        let chosen: Vec<String> = self
            .subscribed(group)
            .into_iter()
            // A second topic with another expression.
            .enumerate()
            .map(|(place, topic)| format!("t{topic}: {}", if place == 0 { wants } else { "Aa || BB || D" }))
            .collect();
        format!("{{{}}}", chosen.join(", "))
    }

    fn subscribed(&self, group: &Group) -> Vec<usize> {
        let all = 0..self.recipe.topics.len();
        let some: Vec<usize> = all.filter(|topic| group.topics >> topic & 1 == 1).collect();
        if some.is_empty() { vec![0] } else { some }
    }

    fn group(&mut self, index: usize, group: &Group) {
        let mut life = Life { states: vec![State::Running; usize::from(group.members)], ..Life::default() };
        let topics = self.topics_of(group, group.wants);
        let mut text = format!("  g{index}:\n    topics: {topics}\n");
        let mut members: Vec<String> = vec!["{}".into(); usize::from(group.members)];
        if let Some(other) = group.differs.filter(|other| group.members > 1 && *other != group.wants) {
            life.differs = true;
            members[usize::from(group.members) - 1] = format!("{{topics: {}}}", self.topics_of(group, other));
        } else if group.quirk == 11 && group.members > 1 {
            life.shared_id = true;
            for member in members.iter_mut().take(2) {
                *member = "{clientId: twin@1}".into();
            }
        }
        writeln!(text, "    instances: [{}]", members.join(", ")).unwrap();
        if group.broadcasting {
            text.push_str("    messageModel: BROADCASTING\n");
        }
        if group.orderly {
            text.push_str("    consumeMode: ORDERLY\n    suspendCurrentQueueTimeMillis: 100\n");
        }
        let from = ["FIRST_OFFSET", "LAST_OFFSET", "FIRST_OFFSET", "TIMESTAMP"][usize::from(group.from)];
        writeln!(text, "    consumeFromWhere: CONSUME_FROM_{from}\n    consumeTimestamp: 8s").unwrap();
        writeln!(text, "    storedOffset: {}", ["beginning", "end"][usize::from(group.from & 1)]).unwrap();
        if group.from == 1 {
            text.truncate(text.len() - "    storedOffset: end\n".len());
        }
        let service = ["1ms", "{exponential: 4ms}", "12ms", "{uniform: {min: 0ms, max: 20ms}}", "0ms"];
        writeln!(text, "    serviceTime: {}", service[usize::from(group.service)]).unwrap();
        let threads = if group.orderly { 20 } else { 2 * group.threads };
        writeln!(text, "    consumeThreadMin: {threads}").unwrap();
        writeln!(text, "    consumeMessageBatchMaxSize: {}", [1, 1, 2, 5][usize::from(group.batch)]).unwrap();
        // Twins both give back what both are given: each attempt doubles the copies.
        if group.most_attempts < 4 || group.quirk == 11 {
            writeln!(text, "    maxReconsumeTimes: {}", group.most_attempts.min(3)).unwrap();
        }
        text.push_str(quirk(group.quirk));
        text.push_str(&listener(group, self.recipe.wild));
        self.yaml.push_str(&text);
        self.lives.push(life);
    }

    fn step(&mut self, step: Step) {
        let at = step.at_ms;
        let group = usize::from(step.who) % self.lives.len();
        let member = usize::from(step.who / 8) % self.lives[group].states.len();
        let who = format!("g{group}/{member}");
        let life = &mut self.lives[group];
        let state = life.states[member];
        let text = match (step.kind, state) {
            (0 | 1, State::Running) => {
                life.states[member] = State::Down;
                format!("{}: {who}", if step.kind == 0 { "stop" } else { "kill" })
            }
            (0..=3, State::Down) => {
                life.states[member] = State::Running;
                format!("start: {{instance: {who}, freshHost: {}}}", step.how.is_multiple_of(4))
            }
            (2 | 3, State::Running) => {
                life.states[member] = State::Frozen;
                life.frozen = true;
                format!("freeze: {who}")
            }
            (0 | 2, State::Frozen) => {
                life.states[member] = State::Running;
                format!("thaw: {who}")
            }
            (1 | 3, State::Frozen) => {
                life.states[member] = State::Down;
                format!("kill: {who}")
            }
            (4, _) if !life.states.contains(&State::Frozen) => {
                let wanted = usize::from(step.how) % (life.states.len() + 1);
                scale(&mut life.states, wanted);
                format!("scale: {{group: g{group}, instances: {wanted}}}")
            }
            (5 | 6, _) => {
                life.resets += 1;
                let to = ["beginning", "end", "0s", "2s"][usize::from(step.how % 4)];
                let topic = self.subscribed(&self.recipe.groups[group])[0];
                format!("resetOffset: {{group: g{group}, topic: t{topic}, to: {to}, force: {}}}", step.how & 8 == 0)
            }
            (7, _) => {
                let producer = usize::from(step.who) % self.recipe.producers.len();
                format!("setRate: {{producer: p{producer}, rate: {}/s}}", step.how % 20)
            }
            (8, _) => format!("setServiceTime: {{group: g{group}, serviceTime: {}ms}}", step.how % 20),
            (9, _) => {
                let topic = usize::from(step.who) % self.recipe.topics.len();
                let queues = if step.how.is_multiple_of(4) { 1 + step.how / 4 % 4 } else { 6 };
                self.shrunk |= queues < 6;
                format!("setQueues: {{topic: t{topic}, queues: {queues}}}")
            }
            _ => return,
        };
        self.line(&format!("  - {{at: {at}ms, {text}}}"));
    }

    /// Before the quiet, everybody runs.
    fn wake(&mut self) {
        let mut text = String::new();
        for (group, life) in self.lives.iter().enumerate().filter(|_| !self.recipe.wild) {
            for (member, state) in life.states.iter().enumerate() {
                let action = match state {
                    State::Running => continue,
                    State::Down => "start",
                    State::Frozen => "thaw",
                };
                writeln!(text, "  - {{at: {QUIET_FROM}s, {action}: g{group}/{member}}}").unwrap();
            }
        }
        self.yaml.push_str(&text);
        if self.yaml.ends_with("timeline:\n") {
            self.yaml.truncate(self.yaml.len() - "timeline:\n".len());
        }
    }
}

/// The highest running member stops, the lowest stopped one starts.
fn scale(states: &mut [State], wanted: usize) {
    let running = |states: &[State]| states.iter().filter(|state| **state == State::Running).count();
    while running(states) > wanted {
        let highest = states.iter().rposition(|state| *state == State::Running).unwrap();
        states[highest] = State::Down;
    }
    while running(states) < wanted {
        let lowest = states.iter().position(|state| *state == State::Down).unwrap();
        states[lowest] = State::Running;
    }
}

/// One setting out of the ordinary.
const fn quirk(number: u8) -> &'static str {
    match number {
        1 => "    ackIndex: true\n",
        2 => "    pullBatchSize: 3\n    pullInterval: 20ms\n",
        3 => "    pullThresholdForQueue: 5\n",
        4 => "    consumeConcurrentlyMaxSpan: 10\n",
        5 => "    retryQueueNums: 3\n",
        6 => "    delayLevelWhenNextConsume: 1\n",
        7 => "    delayLevelWhenNextConsume: -1\n",
        8 => "    strategy: consistentHash\n",
        9 => "    persistConsumerOffsetInterval: 1s\n",
        10 => "    restartIdentity: pod\n",
        _ => "",
    }
}

/// The listener's rules; unless everything is allowed none of them stops an endlessly retrying queue for good.
fn listener(group: &Group, wild: bool) -> String {
    // A broadcasting group has nowhere to give a message back to.
    let endless = group.orderly && (group.most_attempts == 4 || group.broadcasting) && !wild;
    let rules = match group.listener {
        0..=2 => return String::new(),
        3 => "      - {probability: 0.1, fail: true}\n",
        4 if endless => "      - {ofMessages: 0.05, attemptsBelow: 2, fail: true}\n",
        4 => "      - {ofMessages: 0.05, fail: true}\n",
        5 => "      - {from: 10s, until: 25s, fail: true}\n      - {tags: C, attemptsBelow: 2, fail: true}\n",
        6 => "      - {probability: 0.01, serviceTime: 7s}\n      - {probability: 0.05, fail: true}\n",
        _ => {
            "      - {keys: key-3, attemptsBelow: 3, fail: true}\n      - {ofMessages: 0.01, attemptsBelow: 4, serviceTime: 4s, fail: true}\n"
        }
    };
    let timeout = if group.listener >= 6 { "    consumeTimeout: 3s\n" } else { "" };
    // Slow calls hold up a whole queue of an orderly group.
    let rules = if group.orderly { rules.replace("7s", "500ms").replace("4s", "400ms") } else { rules.to_owned() };
    format!("{timeout}    listener:\n{rules}")
}
