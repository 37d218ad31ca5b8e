//! What is wrong with a scenario, and where: one message, one place, one piece of advice.

use std::fmt;

use miette::{Diagnostic, LabeledSpan, NamedSource, Severity, SourceCode};

/// A stretch of text in the scenario file or in one of the overrides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// Number of the text: 0 = the file, n = the n-th override.
    pub(crate) text: usize,
    /// Byte offset of its beginning.
    pub(crate) start: usize,
    /// Bytes.
    pub(crate) len: usize,
}

/// Something wrong, not yet joined with the text it is wrong in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) place: Place,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

impl Fault {
    pub(crate) fn new(place: Place, message: impl Into<String>) -> Self {
        Self { place, message: message.into(), help: None }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }
}

/// The texts that places point into: the file first, then the overrides.
#[derive(Clone, Debug, Default)]
pub(crate) struct Texts(pub(crate) Vec<(String, String)>);

impl Texts {
    fn spot(&self, fault: Fault) -> Spot {
        let (name, text) = self.0.get(fault.place.text).cloned().unwrap_or_default();
        let start = fault.place.start.min(text.len());
        let len = fault.place.len.min(text.len() - start);
        let before = text.get(..start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        let in_file = fault.place.text == 0;
        Spot { file: name, text, start, len, line, column, in_file, message: fault.message, help: fault.help }
    }

    pub(crate) fn error(&self, fault: Fault) -> ScenarioError {
        ScenarioError(Box::new(self.spot(fault)))
    }

    pub(crate) fn warning(&self, fault: Fault) -> Warning {
        Warning(Box::new(self.spot(fault)))
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Spot {
    file: String,
    text: String,
    start: usize,
    len: usize,
    line: usize,
    column: usize,
    in_file: bool,
    message: String,
    help: Option<String>,
}

impl Spot {
    fn one_line(&self) -> String {
        let place = if self.in_file && !self.text.is_empty() {
            format!("{}:{}:{}", self.file, self.line, self.column)
        } else {
            self.file.clone()
        };
        match &self.help {
            Some(help) => format!("{place}: {}; {help}", self.message),
            None => format!("{place}: {}", self.message),
        }
    }

    fn source(&self) -> NamedSource<String> {
        NamedSource::new(&self.file, self.text.clone())
    }
}

/// Why a text is not a scenario that can be run. As a [`Diagnostic`] it shows the place in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScenarioError(Box<Spot>);

/// Something in a valid scenario that is probably not meant, or that will hurt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning(Box<Spot>);

macro_rules! diagnostic {
    ($name:ident, $severity:expr) => {
        impl $name {
            /// Everything on one line: `file:line:column: message; advice`.
            #[must_use]
            pub fn one_line(&self) -> String {
                self.0.one_line()
            }

            /// What is wrong, without place and advice.
            #[must_use]
            pub fn message(&self) -> &str {
                &self.0.message
            }

            /// Line and column of the place, both from 1.
            #[must_use]
            pub fn line_and_column(&self) -> (usize, usize) {
                (self.0.line, self.0.column)
            }

            /// The same with its source text at hand, for miette's handlers.
            #[must_use]
            pub fn report(self) -> miette::Report {
                miette::Report::new(Shown { source: self.0.source(), spot: self.0, severity: $severity })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0.message)
            }
        }

        impl std::error::Error for $name {}
    };
}

diagnostic!(ScenarioError, Severity::Error);
diagnostic!(Warning, Severity::Warning);

#[derive(Debug)]
struct Shown {
    source: NamedSource<String>,
    spot: Box<Spot>,
    severity: Severity,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.spot.message)
    }
}

impl std::error::Error for Shown {}

impl Diagnostic for Shown {
    fn severity(&self) -> Option<Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.spot.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        (!self.spot.text.is_empty()).then_some(&self.source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let label = LabeledSpan::new_with_span(Some("here".to_owned()), (self.spot.start, self.spot.len));
        Some(Box::new(std::iter::once(label)))
    }
}

/// `did you mean …` for a word that is none of the known ones; the known ones when nothing is near.
pub(crate) fn suggest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let known: Vec<&str> = known.into_iter().collect();
    match nearest(word, known.iter().copied()) {
        Some(name) => Some(format!("did you mean `{name}`?")),
        None if known.is_empty() || known.len() > 20 => None,
        None => Some(format!("known: {}", known.join(", "))),
    }
}

/// The known word that `word` is probably a slip of.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = 1 + word.chars().count() / 3;
    let known: Vec<&str> = known.into_iter().collect();
    let best = known.iter().map(|name| (distance(word, name), *name)).min();
    let part = |name: &str| {
        let (name, word) = (name.to_lowercase(), word.to_lowercase());
        word.len().min(name.len()) >= 4 && (name.contains(&word) || word.contains(&name))
    };
    let near = best.filter(|(distance, _)| *distance <= limit).map(|(_, name)| name);
    near.or_else(|| known.into_iter().find(|name| part(name)))
}

/// Optimal string alignment distance on lower-case characters: insert, delete, replace, swap neighbours.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.to_lowercase().chars().collect();
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let swap = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                let cost = usize::from(a[i - 1] != b[j - 1]);
                let best = (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(rows[i - 1][j - 1] + cost);
                if swap { best.min(rows[i - 2][j - 2] + 1) } else { best }
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_word_is_suggested_and_a_far_one_lists_what_is_known() {
        assert_eq!(suggest("topicz", ["topics", "groups"]).as_deref(), Some("did you mean `topics`?"));
        assert_eq!(suggest("tpoics", ["topics", "groups"]).as_deref(), Some("did you mean `topics`?"));
        assert_eq!(suggest("weather", ["topics", "groups"]).as_deref(), Some("known: topics, groups"));
        assert_eq!(suggest("weather", []), None);
    }

    #[test]
    fn lines_and_columns_count_characters_from_one() {
        let texts = Texts(vec![("f.yaml".into(), "é: 1\nü: 2\n".into())]);
        let error = texts.error(Fault::new(Place { text: 0, start: 10, len: 1 }, "no").help("yes"));
        assert_eq!(error.one_line(), "f.yaml:2:4: no; yes");
    }
}
