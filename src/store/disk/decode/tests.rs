use std::sync::OnceLock;

use proptest::prelude::*;

use super::super::fixture::{config, store};
use super::super::memory::MemoryFiles;
use super::super::recover::open_store;
use super::super::writer::Ending;
use super::*;

/// Every part, as text; and what was wrong.
fn listing(files: &MemoryFiles) -> (Vec<String>, Option<StoreError>) {
    let mut lines = Vec::new();
    let mut sink = |place: Place<'_>, listed: Listed<'_>| {
        lines.push(format!("{} {} {listed:?}", place.file, place.position));
        Ok(())
    };
    let parts =
        [decode_log, |files: &dyn StoreSource, sink: &mut Sink<'_>| decode_queues(files, true, sink), decode_index];
    let listed = parts.iter().try_for_each(|part| part(files, &mut sink));
    let error = match listed.and_then(|()| decode_checkpoint(files, &mut sink)) {
        Ok(()) => None,
        Err(DecodeError::Store(error)) => Some(error),
        Err(DecodeError::Sink(error)) => panic!("{error}"),
    };
    (lines, error)
}

fn damage(change: impl FnOnce(&mut MemoryFiles)) -> String {
    let mut files = store(Ending::default());
    change(&mut files);
    listing(&files).1.map_or_else(|| "nothing".to_owned(), |error| error.to_string())
}

fn file<'a>(files: &'a mut MemoryFiles, path: &str) -> &'a mut Vec<u8> {
    files.0.get_mut(path).unwrap()
}

const FIRST: &str = "commitlog/00000000000000000000";
const LAST: &str = "commitlog/00000000000000003072";
const QUEUE: &str = "consumequeue/T/0/00000000000000000060";

#[test]
fn a_sound_store_is_listed_to_its_end() {
    let (lines, error) = listing(&store(Ending::default()));
    assert!(error.is_none(), "{error:?}");
    let count = |what: &str| lines.iter().filter(|line| line.contains(what)).count();
    let counts = ["Record(", "Blank {", "QueueEntry {", "Index {", "Checkpoint("].map(count);
    assert_eq!(counts, [20, 3, 20, 6, 1]);
}

#[test]
fn damage_is_named_with_file_and_byte() {
    type Change = fn(&mut MemoryFiles);
    let cases: [(Change, &str); 14] = [
        (
            |files| file(files, FIRST)[160 + 4] = 0,
            "commitlog/00000000000000000000: byte 160: illegal magic code 0x00A320A7",
        ),
        (|files| file(files, FIRST)[160 + 90] ^= 1, "commitlog/00000000000000000000: byte 160: the body's CRC is"),
        (
            |files| file(files, FIRST)[160 + 35] ^= 1,
            "byte 160: the record says that its physical offset is 161, but it lies at 160",
        ),
        (|files| file(files, FIRST)[963] ^= 1, "byte 960: a blank of 65 bytes, but 64 are left in the file"),
        (|files| file(files, FIRST).truncate(1000), "byte 960: a blank of 64 bytes, but 40 are left in the file"),
        (|files| file(files, FIRST)[320..].fill(0), "byte 320: nothing is written here, but another file follows"),
        (
            |files| file(files, FIRST)[320..480].fill(0),
            "byte 320: nothing is written here, but there is data at byte 483",
        ),
        (
            |files| file(files, LAST).truncate(100),
            "commitlog/00000000000000003072: byte 0: a record of 160 bytes, but only 100",
        ),
        (
            |files| file(files, LAST).truncate(320),
            "commitlog/00000000000000003072: byte 320: the file ends without a blank",
        ),
        (
            |files| drop(files.0.remove("commitlog/00000000000000001024")),
            "byte 0: the file starts at offset 2048, but the one before ends at 1024",
        ),
        (
            |files| file(files, QUEUE)[7] ^= 1,
            "consumequeue/T/0/00000000000000000060: byte 0: the entry points at physical offset",
        ),
        (
            |files| file(files, QUEUE)[20..40].fill(0),
            "consumequeue/T/0/00000000000000000060: byte 20: nothing is written here, but",
        ),
        (
            |files| file(files, QUEUE).truncate(30),
            "consumequeue/T/0/00000000000000000060: byte 20: an entry of 20 bytes, but only 10",
        ),
        (|files| file(files, "checkpoint").truncate(3), "checkpoint: byte 3: the file has 3 bytes instead of 4096"),
    ];
    for (change, expected) in cases {
        let got = damage(change);
        assert!(got.contains(expected), "expected {expected}\n     got {got}");
    }
}

#[test]
fn an_entry_behind_the_end_of_the_log_dangles() {
    let got = damage(|files| file(files, LAST)[160..].fill(0));
    assert!(
        got.contains("consumequeue/T/1/00000000000000000180: byte 0: the entry points at physical offset 3232"),
        "{got}"
    );
}

/// One change of one file.
#[derive(Clone, Debug)]
enum Harm {
    Flip(usize, u8),
    Zero(usize, usize),
    Cut(usize),
    Number(usize, u64),
    Remove,
}

fn harm() -> impl Strategy<Value = Harm> {
    prop_oneof![
        (any::<usize>(), 1..=255_u8).prop_map(|(at, mask)| Harm::Flip(at, mask)),
        (any::<usize>(), 1..200_usize).prop_map(|(at, len)| Harm::Zero(at, len)),
        any::<usize>().prop_map(Harm::Cut),
        (any::<usize>(), prop_oneof![any::<u64>(), Just(u64::MAX), Just(i64::MAX as u64), Just(0x7FFF_FFFF_0000_0000)])
            .prop_map(|(at, number)| Harm::Number(at, number)),
        Just(Harm::Remove),
    ]
}

fn apply(files: &mut MemoryFiles, path: &str, harm: &Harm) {
    let bytes = file(files, path);
    let len = bytes.len().max(1);
    let spread = |at: usize, count: usize| (at % len).min(bytes.len())..(at % len + count).min(bytes.len());
    match *harm {
        Harm::Flip(at, mask) => {
            let range = spread(at, 1);
            bytes[range].iter_mut().for_each(|byte| *byte ^= mask);
        }
        Harm::Zero(at, count) => {
            let range = spread(at, count);
            bytes[range].fill(0);
        }
        Harm::Number(at, number) => {
            let range = spread(at, 8);
            let count = range.len();
            bytes[range].copy_from_slice(&number.to_be_bytes()[..count]);
        }
        Harm::Cut(at) => bytes.truncate(at % len),
        Harm::Remove => drop(files.0.remove(path)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(800))]

    /// Whatever happens to files, nothing panics, and the log is listed up to the first change at least.
    #[test]
    fn damage_anywhere_is_survived(
        harms in prop::collection::vec((any::<prop::sample::Index>(), harm()), 1..4),
        killed: bool,
    ) {
        static STORES: [OnceLock<MemoryFiles>; 2] = [const { OnceLock::new() }; 2];
        let made = STORES[usize::from(killed)].get_or_init(|| store(Ending { killed, checkpoint: None }));
        let mut files = made.clone();
        let sound = listing(&files).0;
        let mut touched = Vec::new();
        for (which, harm) in &harms {
            let paths: Vec<String> = files.0.keys().cloned().collect();
            let path = which.get(&paths);
            touched.push(path.clone());
            apply(&mut files, path, harm);
        }
        let (lines, error) = listing(&files);
        if touched.iter().all(|path| !path.starts_with("commitlog")) {
            let log = sound.iter().take_while(|line| line.starts_with("commitlog")).count();
            prop_assert_eq!(&lines[..log], &sound[..log], "{:?}", error);
        }
        if let Some(store) = open_store(&files, &config()).unwrap() {
            prop_assert!(store.log_max_offset() >= store.log_min_offset());
            prop_assert!(store.queues().all(|queue| queue.max_offset >= 0 && queue.min_offset >= 0));
            prop_assert!(store.next_put("T", 0, 100).physical_offset >= store.log_max_offset());
        }
    }
}
