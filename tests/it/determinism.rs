//! The same plan gives the same bytes, whatever runs beside it.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use rayon::prelude::*;
use rocketmq_sim::kernel::dist::Distribution;
use rocketmq_sim::run::outcome::{Fact, FactRecord, Outcome, Plan};
use rocketmq_sim::run::{RunOptions, simulate};
use rocketmq_sim::scenario::plan::BrokerPlan;
use rocketmq_sim::{report, scenario};

use crate::random_plan::{Made, make, recipes};

fn run(plan: &Arc<Plan>) -> Outcome {
    simulate(plan, &mut RunOptions { trace_messages: true, ..RunOptions::default() }).expect("conserved")
}

/// The same few random plans at every call.
fn plans(count: usize) -> Vec<Made> {
    let mut runner = TestRunner::deterministic();
    (0..count).map(|_| make(&recipes().new_tree(&mut runner).expect("a recipe").current())).collect()
}

#[test]
fn the_same_plan_gives_the_same_digest_and_the_same_report_twice() {
    for made in plans(6) {
        let (one, two) = (run(&made.plan), run(&made.plan));
        assert_eq!(one.digest, two.digest);
        assert_eq!(one.facts, two.facts);
        let (one, two) = (report::files(&one, ""), report::files(&two, ""));
        assert!(one == two, "the files differ");
    }
}

#[test]
fn other_seeds_give_other_runs() {
    let made = &plans(1)[0];
    let digests: Vec<u64> = (0..4)
        .map(|seed| {
            let mut plan = Plan::clone(&made.plan);
            plan.seed = seed;
            run(&Arc::new(plan)).digest
        })
        .collect();
    let mut distinct = digests.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), digests.len());
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let made = plans(8);
    let digests = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| made.par_iter().map(|made| run(&made.plan).digest).collect::<Vec<u64>>())
    };
    let alone = digests(1);
    assert_eq!(alone, digests(2));
    assert_eq!(alone, digests(4));
}

/// What producers and consumers did with messages, without the numbers of brokers.
fn messages(outcome: &Outcome) -> Vec<FactRecord> {
    let of_messages = |record: &&FactRecord| {
        matches!(record.fact, Fact::Sent { .. } | Fact::Stored { .. } | Fact::Consumed { .. } | Fact::Duplicate { .. })
    };
    outcome.facts.iter().filter(of_messages).cloned().collect()
}

#[test]
fn a_consumer_and_a_broker_that_take_no_part_shift_nobody_elses_draws() {
    let mut compared = 0;
    for made in plans(6) {
        let mut plan = Plan::clone(&made.plan);
        plan.network.client_broker = Distribution::Exponential { mean: 900_000 };
        let before = messages(&run(&Arc::new(plan.clone())));
        let mut idle = plan.instances[0].clone();
        idle.name = "group_0/idle".into();
        idle.start = None;
        plan.instances.push(idle);
        let mut broker: BrokerPlan = plan.brokers[0].clone();
        broker.name = "z-broker".into();
        broker.config.auto_create_topic_enable = false;
        plan.brokers.push(broker);
        let after = messages(&run(&Arc::new(plan)));
        assert!(before == after, "{} and {} facts", before.len(), after.len());
        compared += before.len();
    }
    assert!(compared > 10_000, "{compared}");
}

/// Digests of the shipped scenarios stand in `tests/data/digests.txt`, so that debug and release builds, other machines and
/// later changes are held against them. `UPDATE_DIGESTS=1` writes them anew.
#[test]
fn shipped_scenarios_have_the_digests_on_record() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<_> = std::fs::read_dir(root.join("scenarios"))
        .expect("scenarios")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    files.sort();
    let lines: Vec<String> = files
        .par_iter()
        .map(|path| {
            let text = std::fs::read_to_string(path).expect("readable");
            let file = path.file_name().expect("a name").to_string_lossy().into_owned();
            let plan = scenario::load(&file, &text, &scenario::Overrides::default())
                .unwrap_or_else(|error| panic!("{file}: {error:?}"));
            let outcome = simulate(&Arc::new(plan), &mut RunOptions::default()).expect("conserved");
            format!("{file} {:016x}", outcome.digest)
        })
        .collect();
    let found = lines.iter().fold(String::new(), |mut text, line| {
        writeln!(text, "{line}").expect("a string takes everything");
        text
    });
    let record = root.join("tests/data/digests.txt");
    if std::env::var_os("UPDATE_DIGESTS").is_some() {
        std::fs::write(&record, found).expect("writable");
        return;
    }
    let expected = std::fs::read_to_string(&record).expect("digests on record");
    assert_eq!(found, expected, "run with UPDATE_DIGESTS=1 if the change is meant");
}
