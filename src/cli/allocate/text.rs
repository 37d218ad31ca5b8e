//! The answer as tables for people.

use std::fmt::Write as _;

use super::cases::CaseReport;
use super::division::{Change, Comparison, Divided, Division};
use super::situation::Situation;

/// Ranges of queues and lines of moves beyond which a list is cut.
const LIST_LIMIT: usize = 40;
/// Widest bar, in characters; up to this many queues one character is one queue.
const BAR_WIDTH: usize = 32;
/// Widest side-by-side table before queue lists give way to numbers.
const SIDE_BY_SIDE_WIDTH: usize = 150;

/// The whole answer for a situation.
pub(super) fn comparison(situation: &Situation, comparison: &Comparison) -> String {
    let mut text = String::new();
    let brokers: Vec<&str> = brokers(situation);
    let queues = count(situation.queues.len(), "queue");
    let place = match brokers.as_slice() {
        [one] => format!("on {one}"),
        few if few.len() <= 8 => format!("on {}", few.join(", ")),
        many => format!("on {} brokers", many.len()),
    };
    line(&mut text, &format!("Topic {}: {queues} {place}", situation.topic));
    for warning in &situation.warnings {
        line(&mut text, &format!("warning: {warning}"));
    }
    if comparison.several {
        side_by_side(&mut text, situation, comparison);
    } else {
        comparison.strategies.iter().for_each(|divided| one_strategy(&mut text, situation, divided));
    }
    text
}

fn one_strategy(text: &mut String, situation: &Situation, divided: &Divided) {
    line(text, &format!("Strategy {} ({}): {}", divided.entry.key, divided.name, divided.entry.summary));
    division(text, situation, divided, &divided.before);
    if let Some((after, change)) = &divided.after {
        division(text, situation, divided, after);
        moves(text, situation, &divided.before, after, change);
    }
}

fn division(text: &mut String, situation: &Situation, divided: &Divided, division: &Division) {
    line(text, &format!("\n{}", count(consumers(division), "consumer")));
    let rooms = divided.entry.key == "machine_room_nearby";
    let most = division.rows.iter().map(|row| row.queues.len()).max().unwrap_or(0);
    let mut table = Table::new(&[("consumer", false), ("room", false), ("queues", true), ("", false), ("", false)]);
    for row in &division.rows {
        let holders = if row.holders > 1 { format!(" (held by {})", row.holders) } else { String::new() };
        table.row([
            format!("{}{holders}", row.client),
            situation.client_rooms.get(&row.client).filter(|_| rooms).cloned().unwrap_or_default(),
            row.queues.len().to_string(),
            bar(row.queues.len(), most),
            queue_list(situation, &row.queues),
        ]);
    }
    if !rooms {
        table.drop_column(1);
    }
    table.write(text);
    line(text, &format!("  {}", fairness(division)));
    for (what, queues) in [("nobody has", division.unassigned()), ("several consumers have", division.contested())] {
        if !queues.is_empty() {
            line(text, &format!("  {what} {}: {}", count(queues.len(), "queue"), queue_list(situation, &queues)));
        }
    }
}

fn consumers(division: &Division) -> usize {
    division.rows.iter().map(|row| row.holders).sum()
}

fn fairness(division: &Division) -> String {
    let idle = division.idle();
    let idle = match idle.len() {
        0 => "no idle consumer".to_owned(),
        few if few <= 8 => format!("idle: {}", idle.join(", ")),
        many => count(many, "idle consumer"),
    };
    match division.max_over_mean().zip(division.jain()) {
        Some((max_over_mean, jain)) => {
            format!("fairness: max/mean {max_over_mean:.2}, Jain's index {jain:.3}; {idle}")
        }
        None => format!("nobody has a queue; {idle}"),
    }
}

fn moves(text: &mut String, situation: &Situation, before: &Division, after: &Division, change: &Change) {
    let least = change.least.map_or(String::new(), |least| format!("; even shares need {least} at least"));
    line(
        text,
        &format!(
            "\nFrom {} to {}: {} of {} queues move{least}",
            consumers(before),
            count(consumers(after), "consumer"),
            change.moved.len(),
            situation.queues.len(),
        ),
    );
    let owner = |division: &Division, queue: u32| match division.owner_ids(queue) {
        ids if ids.is_empty() => "nobody".to_owned(),
        ids if ids.len() <= 4 => ids.join(" + "),
        ids => format!("{} consumers", ids.len()),
    };
    let mut runs: Vec<(Vec<u32>, String, String)> = Vec::new();
    for &queue in &change.moved {
        let (from, to) = (owner(before, queue), owner(after, queue));
        match runs.last_mut() {
            Some((queues, last_from, last_to)) if *last_from == from && *last_to == to => queues.push(queue),
            _ => runs.push((vec![queue], from, to)),
        }
    }
    let mut table = Table::new(&[("queues", false), ("from", false), ("to", false)]);
    for (queues, from, to) in runs.iter().take(LIST_LIMIT) {
        table.row([queue_list(situation, queues), from.clone(), to.clone()]);
    }
    if !runs.is_empty() {
        table.write(text);
    }
    if runs.len() > LIST_LIMIT {
        line(text, &format!("  … and {} more lines", runs.len() - LIST_LIMIT));
    }
}

fn side_by_side(text: &mut String, situation: &Situation, comparison: &Comparison) {
    let strategies = &comparison.strategies;
    if let Some(first) = strategies.first() {
        shares(text, situation, strategies, |divided| Some(&divided.before), &first.before);
        if let Some((after, _)) = &first.after {
            shares(text, situation, strategies, |divided| divided.after.as_ref().map(|(after, _)| after), after);
        }
    }
    line(text, if strategies.iter().any(|divided| divided.after.is_some()) { "\nAfter the change" } else { "" });
    let mut columns = vec![("strategy", false), ("least", true), ("most", true), ("max/mean", true), ("Jain", true)];
    columns.extend([("idle", true), ("nobody's", true), ("contested", true), ("moved", true), ("even needs", true)]);
    let mut table = Table::new(&columns);
    for divided in strategies {
        let division = divided.last();
        let sizes = || division.rows.iter().map(|row| row.queues.len());
        let ratio =
            |value: Option<f64>, digits: usize| value.map_or("–".to_owned(), |value| format!("{value:.digits$}"));
        let change = divided.after.as_ref().map(|(_, change)| change);
        table.row([
            divided.entry.key.to_owned(),
            sizes().min().unwrap_or(0).to_string(),
            sizes().max().unwrap_or(0).to_string(),
            ratio(division.max_over_mean(), 2),
            ratio(division.jain(), 3),
            division.idle().len().to_string(),
            division.unassigned().len().to_string(),
            division.contested().len().to_string(),
            change.map_or(String::new(), |change| change.moved.len().to_string()),
            change.map_or(String::new(), |change| change.least.map_or("–".to_owned(), |least| least.to_string())),
        ]);
    }
    if situation.after.is_none() {
        table.drop_column(9);
        table.drop_column(8);
    }
    table.write(text);
    if situation.after.is_some() {
        line(text, "  even needs: the fewest moves to even shares (± 1); what leaves shares uneven may move fewer");
    }
    for (key, reason) in &comparison.left_out {
        line(text, &format!("  not shown: {key} {reason}"));
    }
}

/// One table of who gets what, a column per strategy. All strategies have the same rows: the distinct client ids.
fn shares<'a>(
    text: &mut String,
    situation: &Situation,
    strategies: &'a [Divided],
    pick: impl Fn(&'a Divided) -> Option<&'a Division>,
    rows: &Division,
) {
    line(text, &format!("\n{}", count(consumers(rows), "consumer")));
    let columns: Vec<(&str, bool)> = std::iter::once(("consumer", false))
        .chain(strategies.iter().map(|divided| (divided.entry.key, false)))
        .collect();
    let build = |lists: bool| {
        let mut table = Table::new(&columns);
        for (index, row) in rows.rows.iter().enumerate() {
            let cell = |divided| {
                let queues = pick(divided).map_or(&[][..], |division| division.rows[index].queues.as_slice());
                match (queues.is_empty(), lists) {
                    (true, _) => "–".to_owned(),
                    (false, true) => format!("{}: {}", queues.len(), queue_list(situation, queues)),
                    (false, false) => queues.len().to_string(),
                }
            };
            table.row(std::iter::once(row.client.clone()).chain(strategies.iter().map(cell)));
        }
        table
    };
    let lists = build(true);
    if lists.width() <= SIDE_BY_SIDE_WIDTH { lists } else { build(false) }.write(text);
}

fn brokers(situation: &Situation) -> Vec<&str> {
    let mut brokers: Vec<&str> = situation.queues.iter().map(|(broker, _)| broker.as_str()).collect();
    brokers.dedup();
    brokers
}

/// Queues in order, neighbours as ranges: `q0–q5, q9`, with the broker before its queues where there are several.
pub(super) fn queue_list(situation: &Situation, positions: &[u32]) -> String {
    let mut sorted = positions.to_vec();
    sorted.sort_unstable();
    let mut ranges: Vec<(&str, u32, u32)> = Vec::new();
    for position in sorted {
        let (broker, id) = &situation.queues[position as usize];
        match ranges.last_mut() {
            Some((last, _, to)) if last == broker && *to + 1 == *id => *to = *id,
            _ => ranges.push((broker, *id, *id)),
        }
    }
    let mut list = String::new();
    let mut named = None;
    for (broker, from, to) in ranges.iter().take(LIST_LIMIT) {
        if !list.is_empty() {
            list.push_str(", ");
        }
        if situation.several_brokers() && named != Some(broker) {
            list.push_str(broker);
            list.push(' ');
            named = Some(broker);
        }
        let range = if from == to { format!("q{from}") } else { format!("q{from}–q{to}") };
        list.push_str(&range);
    }
    if ranges.len() > LIST_LIMIT {
        list.push_str(", …");
    }
    list
}

fn bar(queues: usize, most: usize) -> String {
    let length = if most <= BAR_WIDTH { queues } else { (queues * BAR_WIDTH).div_ceil(most) };
    "█".repeat(length)
}

/// The judgement of golden vectors.
pub(super) fn cases(report: &CaseReport) -> String {
    let mut text = String::new();
    for case in &report.failed {
        line(&mut text, &format!("FAILED {} (line {})", case.id, case.line));
        for mismatch in &case.mismatches {
            let caller =
                mismatch.caller.as_ref().map_or("every caller".to_owned(), |caller| format!("caller {caller}"));
            line(&mut text, &format!("  {caller}"));
            line(&mut text, &format!("    expected {}", mismatch.expected));
            line(&mut text, &format!("    got      {}", mismatch.got));
        }
    }
    line(&mut text, &format!("{} passed, {} failed", report.passed, report.failed.len()));
    text
}

fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

fn line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("writing to a string does not fail");
}

/// Aligned columns, indented by two.
struct Table {
    right: Vec<bool>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Columns by header, and whether they align to the right.
    fn new(columns: &[(&str, bool)]) -> Self {
        let header = columns.iter().map(|(header, _)| (*header).to_owned()).collect();
        Self { right: columns.iter().map(|(_, right)| *right).collect(), rows: vec![header] }
    }

    fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    fn drop_column(&mut self, column: usize) {
        self.right.remove(column);
        self.rows.iter_mut().for_each(|row| drop(row.remove(column)));
    }

    fn widths(&self) -> Vec<usize> {
        let width = |column: usize| self.rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        (0..self.right.len()).map(width).collect()
    }

    fn width(&self) -> usize {
        self.widths().iter().map(|width| width + 2).sum()
    }

    fn write(&self, text: &mut String) {
        let widths = self.widths();
        for row in &self.rows {
            let mut out = String::new();
            for (column, cell) in row.iter().enumerate() {
                let width = widths[column];
                let padded = if self.right[column] { format!("  {cell:>width$}") } else { format!("  {cell:<width$}") };
                out.push_str(&padded);
            }
            line(text, out.trim_end());
        }
    }
}
