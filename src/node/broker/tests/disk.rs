//! A disk that fills.

use super::rig::{RECORD, Rig, at, config};
use crate::node::config::BrokerConfig;
use crate::node::fact::Fact;
use crate::node::replication_config::Role;
use crate::protocol::message::{ResponseCode, SendReply, SendStatus};

/// A disk of 1,000 records, files of 50.
fn rig() -> Rig {
    let disk = config(Role::AsyncMaster, |config| config.disk_size = Some(1_000 * RECORD));
    let mut rig = Rig::alone(BrokerConfig { mapped_file_size_commit_log: 50 * RECORD, ..disk });
    rig.run(at(100));
    rig.send_many(200);
    rig
}

fn levels(rig: &Rig) -> Vec<(u64, u8, bool)> {
    let level = |(at, fact): &(_, Fact)| match fact {
        Fact::DiskLevel { percent, writable, .. } => {
            Some((crate::kernel::time::SimTime::as_millis(*at), *percent, *writable))
        }
        _ => None,
    };
    rig.facts.iter().filter_map(level).collect()
}

#[test]
fn above_90_percent_sends_are_refused_until_a_check_finds_less() {
    let mut rig = rig();
    rig.tell(0, |broker, _, _| broker.set_disk_used(750 * RECORD));
    let still = rig.send(0);
    rig.run(at(1_500));
    assert!(rig.status(still).is_some(), "it has not looked yet");
    let refused = rig.send(0);
    rig.run(at(5_000));
    let no = SendReply::Error(ResponseCode::ServiceNotAvailable);
    assert_eq!(rig.answer(refused), Some((at(1_500), no)));
    rig.tell(0, |broker, _, _| broker.set_disk_used(0));
    rig.run(at(11_001));
    let taken = rig.send(0);
    rig.run(at(11_500));
    assert_eq!(rig.status(taken), Some((at(11_001), SendStatus::SendOk)));
    assert_eq!(levels(&rig), [(1_000, 95, false), (11_000, 20, true)]);
}

#[test]
fn above_85_percent_all_files_but_the_last_go_and_the_queues_begin_later() {
    let mut rig = rig();
    rig.tell(0, |broker, _, _| broker.set_disk_used(660 * RECORD));
    rig.run(at(59_000));
    assert_eq!(rig.brokers[0].store.log_min_offset(), 0, "files are looked for from 60 s on");
    rig.run(at(61_000));
    let broker = &rig.brokers[0];
    assert!(broker.store.log_min_offset() >= 200 * RECORD, "{}", broker.store.log_min_offset());
    assert!(broker.store.min_offset(0) > 90);
    assert!(rig.facts.iter().any(|(_, fact)| matches!(fact, Fact::FilesDeleted { .. })));
    assert_eq!(rig.brokers[0].disk_percent(), Some(66));
}

#[test]
fn between_75_and_85_percent_only_files_past_their_time_go() {
    let mut rig = rig();
    rig.tell(0, |broker, _, _| broker.set_disk_used(600 * RECORD));
    rig.run(at(100_000));
    assert_eq!(rig.brokers[0].store.log_min_offset(), 0);
    assert_eq!(levels(&rig), [(1_000, 80, true)]);
}
