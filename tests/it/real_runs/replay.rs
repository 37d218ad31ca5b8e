//! Run by run with the phases that were recorded before the action.
//!
//! The recorded phases decide everything but what nobody recorded: when a broker's scan and hold check fall, and who wins a
//! race of milliseconds. Those are drawn, so a replay predicts a few candidates; the measured value must be within the noise
//! of one of them, and the table says how many of the draws agree.

use rayon::prelude::*;
use serde_json::Value;

use super::measured::{Measured, Range, value_at};
use super::table::short;
use super::trial::{Kind, Quantities};

/// Draws of what was not recorded: many where it decides about branches.
const fn draws(kind: Kind) -> u64 {
    if matches!(kind, Kind::Freeze) { 64 } else { 8 }
}

/// What is not within the noise although everything else is: (experiment, run, quantity). 344 ms passed between the request
/// and the first notice, unseen in the other 39 joins and shutdowns, while the machine's probe saw no stall.
const KNOWN: [(&str, &str, &str); 2] =
    [("shutdown_4to3_avg", "b9", "first_notified_ms"), ("shutdown_4to3_avg", "b9", "others_first_assigned_ms")];

/// A predicted quantity and the machine noise allowed, ms (0 for counts), without the run's longest stall.
struct Prediction {
    quantity: String,
    noise_ms: f64,
}

/// Replays every run of an experiment; what is not within the noise is told in words.
pub(super) fn compare(measured: &Measured) -> Vec<String> {
    let Some(kind) = Kind::of(measured) else { return Vec::new() };
    let mut complaints = Vec::new();
    for run in measured.runs() {
        let name = match &run["run"] {
            Value::String(name) => name.clone(),
            other => other.to_string(),
        };
        let draws: Vec<Quantities> = (0..draws(kind))
            .into_par_iter()
            .filter_map(|seed| Some(kind.run(kind.replay(measured, run, seed)?)))
            .collect();
        if draws.is_empty() {
            continue;
        }
        println!("{} run {name}, replayed with its phases", measured.name);
        for prediction in predictions(kind, run) {
            complaints.extend(check(&measured.name, &name, run, &prediction, &draws));
        }
    }
    complaints
}

fn check(
    of_experiment: &str,
    name: &str,
    run: &Value,
    prediction: &Prediction,
    draws: &[Quantities],
) -> Option<String> {
    let Prediction { quantity, noise_ms } = prediction;
    let real = value_at(&run["summary"], quantity)?;
    let values: Vec<f64> =
        draws.iter().flatten().filter(|(name, _)| name == quantity).map(|(_, value)| *value).collect();
    let stall = run["summary"]["max_stall_ms"].as_f64().unwrap_or_default();
    let noise = if *noise_ms > 0.0 { noise_ms + stall } else { 0.0 };
    let agree = values.iter().filter(|value| (*value - real).abs() <= noise).count();
    let range = Range::of(values)?;
    let line = format!(
        "  {quantity:<40} measured {:<10} predicted {} / {} / {}, noise {}: {agree} of {} draws agree",
        short(real),
        short(range.min),
        short(range.median),
        short(range.max),
        short(noise),
        draws.len(),
    );
    println!("{line}{}", if agree == 0 { "  DOES NOT FIT" } else { "" });
    let known = KNOWN.iter().any(|known| *known == (of_experiment, name, quantity.as_str()));
    (agree == 0 && !known).then(|| format!("replay of {name}:{line}"))
}

/// What a replay predicts of each kind, with its noise.
fn predictions(kind: Kind, run: &Value) -> Vec<Prediction> {
    let list: &[(&str, f64)] = match kind {
        // A warm client and broker answer within some tens of milliseconds (`notice to last change` 3/28/215 ms busy).
        Kind::Join | Kind::Shutdown | Kind::Kill => &[
            ("first_notified_ms", 70.0),
            ("others_first_revoked_ms", 70.0),
            ("others_first_assigned_ms", 70.0),
            ("others_last_change_ms", 120.0),
            ("first_takeover_ms", 120.0),
            ("last_takeover_ms", 120.0),
            ("queues_assigned_total", 0.0),
            ("queues_revoked_total", 0.0),
        ],
        // Takeover follows timers of 10, 20 and 120 s; rebalance threads drift by some hundred milliseconds.
        Kind::Freeze => &[
            ("last_heartbeat_before_freeze_ms", 150.0),
            ("first_takeover_ms", 1000.0),
            ("last_takeover_ms", 1000.0),
            ("notifications_to_others_before_thaw", 0.0),
        ],
        // Route polls are fixed-rate timers; rebalances wait 20 s after the last one's end.
        Kind::Expansion => &[
            ("producer_route_new_ms", 150.0),
            ("consumers_last_route_ms", 150.0),
            ("first_new_queue_owned_ms", 300.0),
            ("all_new_queues_owned_ms", 300.0),
            ("assignment_stable_ms", 300.0),
            ("queues_assigned_total", 0.0),
            ("queues_revoked_total", 0.0),
        ],
        Kind::ColdStart | Kind::SharedClientId | Kind::LongPolling => &[],
    };
    let mut predictions: Vec<Prediction> = list
        .iter()
        .map(|(quantity, noise_ms)| Prediction { quantity: (*quantity).to_owned(), noise_ms: *noise_ms })
        .collect();
    if let Some(owners) = run["summary"]["final_assignment"].as_object() {
        let quantity = |name: &String| format!("final_assignment:{name}");
        predictions.extend(owners.keys().map(|name| Prediction { quantity: quantity(name), noise_ms: 0.0 }));
    }
    if let Some(routes) = run["summary"]["consumer_route_new_ms"].as_object() {
        let quantity = |name: &String| format!("consumer_route_new_ms:{name}");
        predictions.extend(routes.keys().map(|name| Prediction { quantity: quantity(name), noise_ms: 150.0 }));
    }
    predictions
}
