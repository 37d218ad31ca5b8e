//! Tables that a person reads: measured against simulated, quantity by quantity.

use super::measured::Range;

/// How a quantity stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Verdict {
    /// The measured runs lie inside the simulated range, the simulated median inside the measured range.
    Fits,
    /// An assumption of the scenario, taken from these very runs: no prediction.
    Assumed,
    /// It does not fit, and why that is known.
    Known(&'static str),
    /// The model says nothing about it, and why.
    NotModelled(&'static str),
    /// It does not fit.
    Misfit,
}

impl Verdict {
    fn words(self) -> String {
        match self {
            Self::Fits => "fits".to_owned(),
            Self::Assumed => "assumed".to_owned(),
            Self::Known(reason) => format!("differs: {reason}"),
            Self::NotModelled(reason) => format!("-: {reason}"),
            Self::Misfit => "DOES NOT FIT".to_owned(),
        }
    }
}

/// A line of the table of bands.
pub(super) struct Line {
    pub(super) quantity: String,
    pub(super) measured: Range,
    pub(super) simulated: Option<Range>,
    pub(super) verdict: Verdict,
}

/// Prints the table of bands of one experiment.
pub(super) fn print_bands(name: &str, seeds: u64, lines: &[Line]) {
    let mut text = format!("\n{name}: bands under {seeds} seeds (least / median / greatest)\n");
    for line in lines {
        let simulated = line.simulated.map_or_else(|| "-".to_owned(), words);
        text += &format!(
            "  {:<48} measured {:<32} simulated {:<32} {}\n",
            line.quantity,
            words(line.measured),
            simulated,
            line.verdict.words()
        );
    }
    println!("{text}");
}

fn words(range: Range) -> String {
    format!("{} / {} / {}", short(range.min), short(range.median), short(range.max))
}

/// Whole numbers as such, others with one digit.
pub(super) fn short(value: f64) -> String {
    if (value - value.round()).abs() < 0.05 { format!("{value:.0}") } else { format!("{value:.1}") }
}
