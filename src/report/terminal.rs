//! What a run prints.

use anstyle::{AnsiColor, Effects};
use unicode_width::UnicodeWidthStr;

use super::allocation;
use super::counts;
use super::human::{clean, count, duration, moment};
use super::key;
use super::narrate::{self, Kind, Story};
use super::table::Tone;
use super::tables;
use crate::run::outcome::Outcome;

/// Whether the text may carry colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// Text alone.
    #[default]
    Plain,
    /// With ANSI colour codes.
    Colour,
}

/// Entries of the story beyond this are abbreviated.
const STORIES_MAX: usize = 80;
/// Changes of the allocation shown.
const CHANGES_MAX: usize = 6;
/// Details of an entry; one more is shown than said to be left out.
const DETAILS_MAX: usize = 8;
/// Rows of a table.
const ROWS_MAX: usize = 16;
/// Columns of the terminal that sentences fill.
const WIDTH: usize = 110;

impl Style {
    /// The text in the colour of its meaning.
    #[must_use]
    pub fn paint(self, tone: Tone, text: &str) -> String {
        let plain = anstyle::Style::new();
        let style = match (self, tone) {
            (Self::Plain, _) | (_, Tone::Plain) => return text.to_owned(),
            (_, Tone::Good) => AnsiColor::Green.on_default(),
            (_, Tone::Warn) => AnsiColor::Yellow.on_default(),
            (_, Tone::Bad) => AnsiColor::Red.on_default().effects(Effects::BOLD),
            (_, Tone::Faint) => plain.effects(Effects::DIMMED),
            (_, Tone::Strong) => plain.effects(Effects::BOLD),
        };
        format!("{style}{text}{style:#}")
    }
}

/// The whole report for a terminal.
#[must_use]
pub fn render(outcome: &Outcome, style: Style) -> String {
    let mut text = header(outcome, style);
    heading(&mut text, style, "What happened");
    for story in narrate::abbreviate(narrate::narrate(outcome), STORIES_MAX) {
        entry(&mut text, style, &story);
    }
    let (changes, left) = allocation::changes(outcome, CHANGES_MAX);
    for (index, change) in changes.iter().enumerate() {
        heading(&mut text, style, &format!("Allocation around {}: {}", moment(change.at), change.label));
        for group in &change.groups {
            let table = group.table(outcome, change, ROWS_MAX * 2);
            text.push_str(&format!("  {}\n", style.paint(Tone::Strong, &table.title)));
            text.push_str(&table.render(|tone, text| style.paint(tone, text), 48));
        }
        if left > 0 && index + 2 == changes.len() {
            text.push_str(&format!(
                "\n  {}\n",
                style.paint(Tone::Faint, &format!("… {left} more actions, see the report"))
            ));
        }
    }
    expectations(&mut text, outcome, style);
    for table in tables::summary(outcome, ROWS_MAX) {
        heading(&mut text, style, &table.title);
        text.push_str(&table.render(|tone, text| style.paint(tone, text), 60));
    }
    text
}

/// A line for each expectation, and what was expected and got where it failed.
fn expectations(text: &mut String, outcome: &Outcome, style: Style) {
    if outcome.expectations.is_empty() {
        return;
    }
    heading(text, style, "Expectations");
    for check in &outcome.expectations {
        let word = if check.passed { style.paint(Tone::Good, "holds") } else { style.paint(Tone::Bad, "FAILS") };
        let at = style.paint(Tone::Faint, &format!("at {}", moment(check.at)));
        text.push_str(&format!("  {word}  {}  {at}\n", clean(&check.label)));
        if !check.passed {
            text.push_str(&format!("         expected {}\n", clean(&check.expected)));
            text.push_str(&format!("         got      {}\n", style.paint(Tone::Bad, &clean(&check.got))));
        }
    }
}

fn heading(text: &mut String, style: Style, title: &str) {
    text.push_str(&format!("\n{}\n", style.paint(Tone::Strong, title)));
}

fn header(outcome: &Outcome, style: Style) -> String {
    let plan = &outcome.plan;
    let mut text = format!("{}\n", style.paint(Tone::Strong, &clean(&plan.title)));
    text.push_str(&style.paint(
        Tone::Faint,
        &format!(
            "{} · {} simulated · seed {} · version {} · digest {:016x}",
            clean(&plan.name),
            duration(outcome.end.since(crate::kernel::time::SimTime::ZERO)),
            plan.seed,
            clean(outcome.version),
            outcome.digest
        ),
    ));
    text.push('\n');
    let numbers = key::numbers(outcome);
    let widest = numbers.iter().map(|number| number.value.width()).max().unwrap_or(0);
    text.push('\n');
    for number in numbers {
        let pad = " ".repeat(widest - number.value.width());
        text.push_str(&format!("  {pad}{}  {}\n", style.paint(number.tone, &number.value), number.label));
    }
    for warning in counts::warnings(outcome) {
        text.push('\n');
        for line in wrap(&warning, WIDTH - 2) {
            text.push_str(&format!("  {}\n", style.paint(Tone::Bad, &line)));
        }
    }
    text
}

fn entry(text: &mut String, style: Style, story: &Story) {
    let (mark, tone) = match story.kind {
        Kind::Action => ("▶", Tone::Strong),
        Kind::Trouble => ("!", Tone::Bad),
        Kind::Rebalance => ("⇄", Tone::Plain),
        Kind::Quiet => ("·", Tone::Faint),
        Kind::View | Kind::Membership | Kind::Message | Kind::Cluster => ("·", Tone::Plain),
    };
    let at = format!("{:>12}", moment(story.at));
    let indent = at.width() + 3;
    let lines = wrap(&story.headline, WIDTH.saturating_sub(indent));
    for (index, line) in lines.iter().enumerate() {
        if index == 0 {
            text.push_str(&format!(
                "{} {} {}\n",
                style.paint(Tone::Faint, &at),
                style.paint(tone, mark),
                style.paint(tone, line)
            ));
        } else {
            text.push_str(&format!("{:indent$}{}\n", "", style.paint(tone, line)));
        }
    }
    let shown = if story.details.len() > DETAILS_MAX + 1 { DETAILS_MAX } else { story.details.len() };
    let left = story.details.len() - shown;
    for detail in &story.details[..shown] {
        let after = format!("+{}", duration(detail.after));
        for (index, line) in wrap(&detail.text, WIDTH.saturating_sub(indent + 11)).iter().enumerate() {
            let lead = if index == 0 { after.as_str() } else { "" };
            let pad = " ".repeat(9usize.saturating_sub(lead.width()));
            text.push_str(&format!("{:indent$}{pad}{}  {line}\n", "", style.paint(Tone::Faint, lead)));
        }
    }
    if left > 0 {
        text.push_str(&format!(
            "{:indent$}           {}\n",
            "",
            style.paint(Tone::Faint, &format!("… and {left} more"))
        ));
    }
}

/// Breaks a sentence at spaces into lines of `width` columns; a longer word has a line of its own.
fn wrap(sentence: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in sentence.split(' ') {
        let Some(line) = lines.last_mut() else { break };
        if line.is_empty() {
            line.push_str(word);
        } else if line.width() + 1 + word.width() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// One line: how many expectations held.
#[must_use]
pub fn verdict(outcome: &Outcome) -> Option<String> {
    if outcome.expectations.is_empty() {
        return None;
    }
    let failed = outcome.expectations.iter().filter(|check| !check.passed).count() as u64;
    Some(format!("{} passed, {} failed", count(outcome.expectations.len() as u64 - failed), count(failed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_style_adds_nothing_and_colour_resets_itself() {
        assert_eq!(Style::Plain.paint(Tone::Bad, "x"), "x");
        assert_eq!(Style::Colour.paint(Tone::Good, "x"), "\u{1b}[32mx\u{1b}[0m");
    }

    #[test]
    fn sentences_wrap_at_spaces() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("extraordinarily long", 5), ["extraordinarily", "long"]);
    }
}
