//! Tables of what failures did: outages and their timers, sends, standstills, wrong beliefs.

use super::warn_count;
use crate::kernel::time::SimDuration;
use crate::protocol::address::Address;
use crate::report::chart::belief_words;
use crate::report::counts::words;
use crate::report::human::{bytes, count, duration, moment};
use crate::report::names::Names;
use crate::report::outage::{self, Outage};
use crate::report::table::{Cell, Table, Tone};
use crate::run::outcome::{Belief, ConsumeGap, Counter, Outcome, SendGap};
use crate::store::ids::{BrokerIx, GroupIx, TopicIx};

/// What the saving of half a setting means.
const RULE: &str = "\"Half of it\" is what half the value would have saved at most: of a period half the wait, of a timeout \
                    the half of it, and never more than the bar.";

/// The tables, some of them empty; each has `rows` rows at most.
pub(super) fn tables(outcome: &Outcome, names: &Names<'_>, rows: usize) -> [Table; 6] {
    let outages = outage::outages(outcome);
    [
        overview(outcome, &outages).cut(rows, "outages"),
        timers(names, &outages).cut(rows * 2, "steps"),
        sends(outcome),
        standstills(outcome, names).cut(rows, "standstills"),
        beliefs(outcome, names).cut(rows, "wrong beliefs"),
        replicas(outcome, names).cut(rows, "processes"),
    ]
}

/// A time that should be none.
fn gap(time: SimDuration) -> Cell {
    Cell::toned(if time.is_zero() { "–".to_owned() } else { duration(time) }, super::trouble(time))
}

fn overview(outcome: &Outcome, outages: &[Outage]) -> Table {
    let servers = outcome.plan.fallible;
    let mut columns = vec![">at", "outage", ">back after", "stood still", ">longest", "most of it"];
    if servers {
        columns.extend([">sends failed", ">acknowledged, lost"]);
    }
    columns.push(">duplicates");
    let mut table = Table::new("Outages", &columns);
    for outage in outages {
        let worst = outage.chains.iter().find(|chain| chain.of.is_standstill()).and_then(outage::Chain::worst);
        let worst = worst.map_or_else(String::new, |bar| match &bar.knob {
            Some(knob) => format!("{}: {}", bar.step.word(), knob.name),
            None => bar.step.word().to_owned(),
        });
        let mut row: Vec<Cell> = vec![
            moment(outage.at).into(),
            outage.label.clone().into(),
            outage.back.map_or_else(|| "–".to_owned(), |back| duration(back.since(outage.at))).into(),
            outage.stood_still().unwrap_or_else(|| "nothing".to_owned()).into(),
            gap(outage.longest()),
            worst.into(),
        ];
        if servers {
            let lost = outage.toll.acknowledged_lost;
            row.push(warn_count(outage.toll.sends_failed));
            row.push(Cell::unless_zero(count(lost), lost == 0, Tone::Bad));
        }
        row.push(warn_count(outage.toll.duplicates));
        table.row(row);
    }
    table.note = Some(
        "\"Stood still\" counts queues of groups (those of a consumer that went until others had them) and topics without a \
         successful send. The counts reach to the next outage."
            .to_owned(),
    );
    table
}

fn timers(names: &Names<'_>, outages: &[Outage]) -> Table {
    let mut table = Table::new(
        "Timer budget of each outage",
        &[">at", "what stood still", ">after", ">took", "until", "setting", ">value", ">half of it"],
    );
    for outage in outages {
        for (place, chain) in outage.chains.iter().enumerate() {
            for (step, bar) in chain.bars.iter().enumerate() {
                let first = |text: String| if step == 0 { text } else { String::new() };
                let which = if chain.median { "median: " } else { "" };
                let setting = bar.knob.as_ref();
                table.row(vec![
                    if place == 0 { first(moment(outage.at)) } else { String::new() }.into(),
                    first(format!("{which}{}", outage::subject(names, &chain.of))).into(),
                    format!("+{}", duration(bar.from.since(outage.at))).into(),
                    duration(bar.length()).into(),
                    bar.what.clone().into(),
                    setting.map_or("", |knob| knob.name).into(),
                    setting.map_or_else(String::new, |knob| duration(knob.value)).into(),
                    setting
                        .map_or_else(String::new, |knob| format!("-{}", duration(knob.half_saves(bar.length()))))
                        .into(),
                ]);
            }
        }
    }
    table.note = Some(RULE.to_owned());
    table
}

fn sends(outcome: &Outcome) -> Table {
    let mut table = Table::new("How sends ended", &["what", ">messages"]);
    if !outcome.plan.fallible {
        return table;
    }
    for counter in [
        Counter::SendsOk,
        Counter::SendsNotOk,
        Counter::SendsFailed,
        Counter::FailedButStored,
        Counter::StoredTwice,
        Counter::SendRetries,
        Counter::SendsBusy,
        Counter::Truncated,
        Counter::AcknowledgedLost,
        Counter::StaleDeliveries,
        Counter::PassedOver,
        Counter::Elections,
        Counter::ScaleActions,
    ] {
        let (what, tone) = words(counter);
        let n = outcome.counters.get(counter, None);
        let always = matches!(
            counter,
            Counter::SendsOk | Counter::SendsNotOk | Counter::SendsFailed | Counter::AcknowledgedLost
        );
        if n > 0 || always {
            table.row(vec![what.into(), Cell::unless_zero(count(n), n == 0, tone)]);
        }
    }
    table
}

/// Sum, longest and number of gaps of one place.
#[derive(Default)]
struct Gaps {
    sum: u64,
    longest: SimDuration,
    times: u64,
    failed: u64,
}

impl Gaps {
    fn add(&mut self, length: SimDuration, failed: u64) {
        self.sum = self.sum.saturating_add(length.as_nanos());
        self.longest = self.longest.max(length);
        self.times += 1;
        self.failed += failed;
    }
}

fn standstills(outcome: &Outcome, names: &Names<'_>) -> Table {
    let mut table = Table::new("Standstills", &["what", ">times", ">in all", ">longest", ">failed calls"]);
    let mut rows: Vec<(bool, String, Gaps)> = Vec::new();
    let mut add = |send: bool, what: String, length: SimDuration, failed: u64| {
        let place = rows.iter().position(|(of, name, _)| *of == send && *name == what).unwrap_or_else(|| {
            rows.push((send, what, Gaps::default()));
            rows.len() - 1
        });
        rows[place].2.add(length, failed);
    };
    let mut sends: Vec<&SendGap> = outcome.failures.send_gaps.iter().collect();
    sends.sort_by_key(|gap| (gap.topic, gap.name));
    for gap in sends {
        let on = gap.name.map_or_else(String::new, |name: BrokerIx| format!(" on {}", names.broker(name)));
        let topic: TopicIx = gap.topic;
        add(true, format!("sends to {}{on}", names.topic(topic)), gap.to.since(gap.from), gap.failed);
    }
    let mut queues: Vec<&ConsumeGap> = outcome.failures.consume_gaps.iter().collect();
    queues.sort_by_key(|gap| (gap.group, gap.queue));
    for gap in queues {
        let group: GroupIx = gap.group;
        let what = format!("{} of {}", names.queue(gap.queue), names.group(group));
        add(false, what, gap.to.since(gap.from), 0);
    }
    rows.sort_by_key(|(send, _, gaps)| (!send, std::cmp::Reverse(gaps.longest)));
    for (send, what, gaps) in rows {
        table.row(vec![
            what.into(),
            count(gaps.times).into(),
            duration(SimDuration::from_nanos(gaps.sum)).into(),
            gap(gaps.longest),
            if send { warn_count(gaps.failed) } else { "".into() },
        ]);
    }
    table.note = Some(
        "Times of a second or more without a success: of sends that were called for, of queues with messages."
            .to_owned(),
    );
    table
}

fn beliefs(outcome: &Outcome, names: &Names<'_>) -> Table {
    let mut table = Table::new("The longest wrong beliefs", &["node", "about", ">from", ">for"]);
    let mut longest: Vec<&Belief> = outcome.failures.beliefs.iter().collect();
    longest.sort_by_key(|belief| (std::cmp::Reverse(belief.to.since(belief.from)), belief.from, belief.of));
    // Nodes that were wrong about the same thing for the same time are one row.
    let mut rows: Vec<(&Belief, Vec<Address>)> = Vec::new();
    for belief in longest {
        let key = |of: &Belief| (of.about, of.from, of.to);
        match rows.iter().position(|(other, _)| key(other) == key(belief)) {
            Some(place) => rows[place].1.push(belief.of),
            None if rows.len() < 64 => rows.push((belief, vec![belief.of])),
            None => {}
        }
    }
    for (belief, nodes) in rows {
        table.row(vec![
            names.nodes(&nodes).into(),
            belief_words(names, belief.about).into(),
            moment(belief.from).into(),
            gap(belief.to.since(belief.from)),
        ]);
    }
    table
}

fn replicas(outcome: &Outcome, names: &Names<'_>) -> Table {
    let mut table =
        Table::new("Replicas", &["process", ">took sends for", ">most behind", ">behind at the end", ">last term"]);
    if outcome.plan.replicas.is_empty() {
        return table;
    }
    let series = &outcome.series.failures;
    for place in 0..outcome.plan.brokers.len() + outcome.plan.replicas.len() {
        let process = BrokerIx::new(place);
        let mastered: u64 = outcome
            .failures
            .masters
            .iter()
            .filter(|interval| interval.process == process)
            .map(|interval| interval.to.since(interval.from).as_nanos())
            .sum();
        let lag = series.replication_lag.get(place).map_or(&[][..], Vec::as_slice);
        let term = series.terms.get(place).and_then(|terms| terms.iter().copied().max()).filter(|term| *term > 0);
        table.row(vec![
            names.process(process).into(),
            duration(SimDuration::from_nanos(mastered)).into(),
            bytes(lag.iter().copied().max().unwrap_or(0)).into(),
            bytes(lag.last().copied().unwrap_or(0)).into(),
            term.map_or_else(|| "–".to_owned(), count).into(),
        ]);
    }
    table
}
