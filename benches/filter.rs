//! What it costs to judge a message: tags by the code of the queue entry, SQL92 by properties, looked up by name and by
//! slot.
//!
//! `cargo bench --bench filter`; without `--bench` (as `cargo test --benches` starts it) a tiny run.

use std::collections::BTreeMap;
use std::hint::black_box;

use rocketmq_sim::filter::Expression;
use rocketmq_sim::filter::tag::tags_code;

/// Rounds; the best one counts, for what else runs on the machine only ever adds time. Each is short, so that some are not
/// interrupted.
const ROUNDS: usize = 1_000;
/// Messages, used round and round; a power of two.
const MESSAGES: usize = 1 << 12;

/// A message as the filters see it.
struct Message {
    code: i64,
    properties: BTreeMap<String, String>,
}

fn messages() -> Vec<Message> {
    let message = |number: usize| {
        // Scattered, so that the outcome is not to be foreseen by the processor.
        let draw = number.wrapping_mul(0x9E37_79B9) >> 7;
        let properties = [
            ("region", ["eu-west", "eu-north", "us-east", "asia"][draw % 4].to_owned()),
            ("amount", (draw % 1_000).to_string()),
            ("rate", format!("{}.{}", draw % 9, draw % 10)),
        ];
        Message {
            code: tags_code(Some(["TagA", "TagB", "TagC", "TagD"][draw % 4])),
            properties: properties.map(|(name, value)| (name.to_owned(), value)).into(),
        }
    };
    (0..MESSAGES).map(message).collect()
}

/// Nanoseconds per message, and how many of a hundred passed.
#[allow(clippy::disallowed_methods, reason = "a bench measures wall time")]
fn measure<T>(messages: &[T], rounds: usize, judge: impl Fn(&T) -> bool) -> (f64, usize) {
    let mut best = f64::INFINITY;
    let mut passed = 0;
    for _ in 0..rounds {
        let begin = std::time::Instant::now();
        passed = messages.iter().filter(|message| judge(black_box(message))).count();
        best = best.min(begin.elapsed().as_nanos() as f64 / messages.len() as f64);
    }
    (best, passed * 100 / messages.len())
}

fn main() {
    let rounds = if std::env::args().any(|word| word == "--bench") { ROUNDS } else { 1 };
    let messages = messages();
    let print = |what: &str, (nanos, percent): (f64, usize)| println!("{what:<44} {nanos:6.1} ns  {percent:3} % pass");
    for (what, text) in [("tag *", "*"), ("tags A || B", "TagA || TagB")] {
        let filter = Expression::tag(text).expect("a valid subscription");
        print(what, measure(&messages, rounds, |message| filter.code_passes(message.code)));
    }
    for (what, text) in [
        ("sql, one name and string", "region = 'eu-west'"),
        ("sql, three properties", "region = 'eu-west' AND amount > 100 AND rate < 7.5"),
        (
            "sql, three properties, all looked at",
            "amount >= 0 AND rate < 100.5 AND region IN ('asia', 'eu-west', 'eu-north')",
        ),
        ("sql, between, or, is null", "(amount BETWEEN 100 AND 900 OR region <> 'asia') AND rate IS NOT NULL"),
    ] {
        let filter = Expression::sql(text).expect("a valid expression");
        print(
            &format!("{what}, by name"),
            measure(&messages, rounds, |message| filter.properties_pass(&message.properties)),
        );
        let slots: Vec<Vec<Option<&str>>> = messages
            .iter()
            .map(|message| filter.names().iter().map(|name| message.properties.get(name).map(String::as_str)).collect())
            .collect();
        print(&format!("{what}, by slot"), measure(&slots, rounds, |values| filter.slots_pass(values)));
    }
}
