//! Timelines measured on a real RocketMQ 4.9.8, replayed in the simulator.
//!
//! Every experiment is run two ways. *Bands*: under many seeds with random timer phases; the measured runs must lie inside
//! the simulated range and the simulated median inside the measured range. *Replays*: run by run with the timer phases that
//! were recorded before the action; each predicted time must be within the stated machine noise of the measured one.
//! Protocol time comes out of the model; machine time is stated in [`machine`] with the data it was taken from.
#![allow(clippy::unwrap_used, reason = "a malformed measurement should fail the test")]

mod bands;
mod cluster;
mod expansion;
mod freeze;
mod latency;
mod machine;
mod measured;
mod members;
mod replay;
mod retries;
mod seen;
mod start;
mod table;
mod trial;

use measured::{Measured, folder};

/// Seeds of the bands.
const SEEDS: u64 = 100;

/// The experiments that the repository keeps; others in the folder that `ORACLE_DIR` names are compared too.
const KEPT: [&str; 9] = [
    "scaleout_3to4_avg",
    "scaleout_3to4_circle",
    "shutdown_4to3_avg",
    "shutdown_4to3_circle",
    "freeze_consumer_sigstop",
    "queue_expansion_8to16",
    "cold_start_simultaneous",
    "same_client_id",
    "long_poll_latency",
];

fn compare(name: &str) {
    let Some(measured) = Measured::read(name) else { return };
    let mut complaints = bands::compare(&measured, SEEDS);
    complaints.extend(replay::compare(&measured));
    assert!(complaints.is_empty(), "{name}: does not fit\n{}", complaints.join("\n"));
}

#[test]
fn a_fourth_member_under_averagely_as_measured() {
    compare(KEPT[0]);
}

#[test]
fn a_fourth_member_under_averagely_by_circle_as_measured() {
    compare(KEPT[1]);
}

#[test]
fn a_graceful_shutdown_under_averagely_as_measured() {
    compare(KEPT[2]);
}

#[test]
fn a_graceful_shutdown_under_averagely_by_circle_as_measured() {
    compare(KEPT[3]);
}

#[test]
fn a_frozen_and_thawed_member_as_measured() {
    compare(KEPT[4]);
}

#[test]
fn a_topic_that_grows_as_measured() {
    compare(KEPT[5]);
}

#[test]
fn a_cold_start_of_all_members_as_measured() {
    compare(KEPT[6]);
}

#[test]
fn a_shared_client_id_as_measured() {
    compare(KEPT[7]);
}

#[test]
fn the_latency_of_long_polling_as_measured() {
    compare(KEPT[8]);
}

#[test]
fn every_other_measured_experiment_that_is_recognised() {
    let Ok(entries) = std::fs::read_dir(folder()) else {
        println!("skipped: {} is absent", folder().display());
        return;
    };
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix(".json").map(str::to_owned))
        .filter(|name| !KEPT.contains(&name.as_str()))
        .collect();
    names.sort();
    for name in names {
        compare(&name);
    }
}
