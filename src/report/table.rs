//! Tables as data, and as aligned plain text.

use unicode_width::UnicodeWidthStr;

use super::human;

/// Where a column's text stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Align {
    /// Words.
    #[default]
    Left,
    /// Numbers.
    Right,
}

/// What a text means, for whoever colours it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Nothing special.
    #[default]
    Plain,
    /// As it should be.
    Good,
    /// Worth a look.
    Warn,
    /// As it should not be.
    Bad,
    /// Of less interest.
    Faint,
    /// A heading.
    Strong,
}

/// A cell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// Its text.
    pub text: String,
    /// Its meaning.
    pub tone: Tone,
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self { text, tone: Tone::Plain }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl Cell {
    /// A cell with a meaning.
    #[must_use]
    pub fn toned(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: text.into(), tone }
    }

    /// Plain when the number is zero, else toned.
    #[must_use]
    pub fn unless_zero(text: impl Into<String>, zero: bool, tone: Tone) -> Self {
        Self { text: text.into(), tone: if zero { Tone::Plain } else { tone } }
    }
}

/// A table of texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// What it is about.
    pub title: String,
    /// Headings and alignment.
    pub columns: Vec<(String, Align)>,
    /// Rows of as many cells as there are columns.
    pub rows: Vec<Vec<Cell>>,
    /// A sentence below it.
    pub note: Option<String>,
}

impl Table {
    /// An empty table; a heading that begins with `>` is a right-aligned column.
    #[must_use]
    pub fn new(title: impl Into<String>, columns: &[&str]) -> Self {
        Self {
            title: title.into(),
            columns: columns
                .iter()
                .map(|name| match name.strip_prefix('>') {
                    Some(name) => (name.to_owned(), Align::Right),
                    None => ((*name).to_owned(), Align::Left),
                })
                .collect(),
            rows: Vec::new(),
            note: None,
        }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<Cell>) {
        debug_assert_eq!(cells.len(), self.columns.len(), "a row has a cell for each column");
        self.rows.push(cells);
    }

    /// The table with `max` rows at most, and a note that says how many were left out.
    #[must_use]
    pub fn cut(mut self, max: usize, noun: &str) -> Self {
        let left = self.rows.len().saturating_sub(max);
        if left > 0 {
            self.rows.truncate(max);
            let cut = format!("… and {} more {noun}; summary.json has them all.", human::count(left as u64));
            self.note = Some(match self.note.take() {
                Some(note) => format!("{cut} {note}"),
                None => cut,
            });
        }
        self
    }

    /// Aligned text, two spaces between columns, each line indented by two; columns wider than `widest` are shortened.
    #[must_use]
    pub fn render(&self, paint: impl Fn(Tone, &str) -> String, widest: usize) -> String {
        let shorten = |text: &str| human::shorten(text, widest).into_owned();
        let head: Vec<String> = self.columns.iter().map(|(name, _)| shorten(name)).collect();
        let body: Vec<Vec<String>> =
            self.rows.iter().map(|row| row.iter().map(|cell| shorten(&cell.text)).collect()).collect();
        let widths: Vec<usize> = (0..head.len())
            .map(|column| {
                body.iter()
                    .map(|row| row.get(column).map_or(0, |text| text.width()))
                    .chain([head[column].width()])
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        let mut text = String::new();
        let mut line = |cells: &[String], tones: &dyn Fn(usize) -> Tone| {
            let mut out = String::from(" ");
            for (column, cell) in cells.iter().enumerate() {
                let pad = " ".repeat(widths[column] - cell.width());
                let painted = if cell.is_empty() { String::new() } else { paint(tones(column), cell) };
                out.push(' ');
                match self.columns[column].1 {
                    Align::Left => out.push_str(&format!("{painted}{pad} ")),
                    Align::Right => out.push_str(&format!("{pad}{painted} ")),
                }
            }
            text.push_str(out.trim_end());
            text.push('\n');
        };
        line(&head, &|_| Tone::Faint);
        for (row, cells) in body.iter().enumerate() {
            line(cells, &|column| self.rows[row][column].tone);
        }
        if let Some(note) = &self.note {
            text.push_str(&format!("  {}\n", paint(Tone::Faint, note)));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_whatever_the_width_of_their_characters() {
        let mut table = Table::new("t", &["name", ">count"]);
        table.row(vec!["订单".into(), "7".into()]);
        table.row(vec!["order_consumer".into(), "12,345".into()]);
        let text = table.render(|_, text| text.to_owned(), 40);
        assert_eq!(text, "  name             count\n  订单                 7\n  order_consumer  12,345\n");
    }

    #[test]
    fn a_cut_table_says_how_many_rows_are_missing() {
        let mut table = Table::new("t", &["n"]);
        for n in 0..5 {
            table.row(vec![n.to_string().into()]);
        }
        let table = table.cut(2, "queues");
        assert_eq!(table.rows.len(), 2);
        assert_eq!(table.note.as_deref(), Some("… and 3 more queues; summary.json has them all."));
    }
}
