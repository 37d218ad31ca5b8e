//! Names in YAML and in comments.

use std::fmt;

/// Words that YAML takes for something else than a text.
const WORDS: [&str; 10] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan"];

/// A name as a YAML scalar, also within a flow: plain where that cannot be mistaken, else in double quotes.
pub(super) fn scalar(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
        && !WORDS.contains(&name.to_ascii_lowercase().as_str());
    // JSON's escapes are YAML's too.
    if plain { name.to_owned() } else { serde_json::Value::from(name).to_string() }
}

/// A text within a comment: on one line, without control characters, not endless.
pub(super) fn plain(text: &str) -> String {
    let mut shown: String = text.chars().take(130).map(|c| if c.is_control() { '?' } else { c }).collect();
    if shown.len() < text.len() && text.chars().count() > 130 {
        shown.push('…');
    }
    // Line separators that are no control characters, and a byte order mark.
    shown.replace(['\u{2028}', '\u{2029}', '\u{feff}'], "?")
}

/// Some names of a list that may be long.
pub(super) fn some_of<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    const MOST: usize = 12;
    let count = names.len();
    let mut text = names.take(MOST).map(plain).collect::<Vec<_>>().join(", ");
    if count > MOST {
        text.push_str(&format!(" and {} more", count - MOST));
    }
    text
}

/// Lines of a scenario.
#[derive(Debug, Default)]
pub(super) struct Lines {
    pub(super) text: String,
}

impl Lines {
    /// A line of YAML; whatever comes from files is quoted already.
    pub(super) fn line(&mut self, line: impl fmt::Display) {
        self.text.push_str(&format!("{line}\n"));
    }

    /// A comment, broken into lines between words.
    pub(super) fn comment(&mut self, indent: usize, text: &str) {
        const WIDTH: usize = 110;
        let hanging = if text.starts_with("- ") { "  " } else { "" };
        let mut line = String::new();
        for word in plain_words(text) {
            if !line.is_empty() && indent + line.chars().count() + word.chars().count() > WIDTH {
                self.line(format_args!("{:indent$}#{line}", ""));
                line.clear();
                line.push_str(hanging);
            }
            line.push(' ');
            line.push_str(&word);
        }
        self.line(format_args!("{:indent$}#{line}", ""));
    }
}

fn plain_words(text: &str) -> impl Iterator<Item = String> {
    text.split(' ').filter(|word| !word.is_empty()).map(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_harmless_names_stay_plain() {
        assert_eq!(scalar("Order-Topic_1"), "Order-Topic_1");
        for odd in ["%RETRY%g", "a|b", "true", "No", "12", "1e5", "-", "_x", "~", "NaN"] {
            assert_eq!(scalar(odd), format!("\"{odd}\""));
        }
        assert_eq!(scalar("a\"b\\\n"), "\"a\\\"b\\\\\\n\"");
    }

    #[test]
    fn comments_stay_comments() {
        let mut lines = Lines::default();
        lines.comment(2, &format!("a\nb: c\r{}", "\u{85}\u{2028}d ".repeat(60)));
        assert!(lines.text.lines().count() > 1);
        assert!(lines.text.lines().all(|line| line.starts_with("  #")), "{}", lines.text);
        assert!(!lines.text.contains(['\r', '\u{85}', '\u{2028}']));
    }
}
