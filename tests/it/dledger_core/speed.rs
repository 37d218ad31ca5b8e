//! A million entries through a group of five; `cargo test --release … -- --ignored --nocapture` prints how long it takes.

use rocketmq_sim::kernel::time::{SimDuration, SimTime};
use rocketmq_sim::replica::dledger::DLedgerConfig;

use super::net::{Net, Setup};

fn replicate(count: u64) -> Net {
    let mut net = Net::with_leader(Setup::new(5, 1), DLedgerConfig::default());
    net.tracing = false;
    let leader = net.leader().unwrap();
    let start = net.now;
    for payload in 0..count {
        net.run_until(start + SimDuration::from_micros(10) * payload);
        net.append(leader, payload).unwrap();
    }
    net.run_for(SimDuration::from_secs(3));
    assert_eq!(net.leader(), Some(leader));
    for server in net.running() {
        assert_eq!((server.log().end(), server.log().committed()), (count as i64 - 1, count as i64 - 1));
    }
    net.checker.assert_fine();
    net
}

#[test]
fn entries_travel_in_ranges() {
    let net = replicate(20_000);
    assert!(net.events < 10_000, "{} events for 20 000 entries to 4 peers", net.events);
    assert!(net.now < SimTime::from_secs(10));
}

#[test]
#[ignore = "a measurement"]
fn a_million_entries_in_a_group_of_five() {
    #[allow(clippy::disallowed_methods, reason = "a measurement")]
    let clock = std::time::Instant::now();
    let net = replicate(1_000_000);
    println!("{:?} for {} events", clock.elapsed(), net.events);
}
