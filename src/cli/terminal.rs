//! Standard output and error, and whether they may be coloured.

use std::io::{self, BufWriter, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};
use miette::{GraphicalReportHandler, GraphicalTheme};

/// The two streams of the process.
pub(super) struct Terminal {
    /// Answers.
    pub(super) out: Box<dyn Write>,
    /// Whatever is not the answer.
    pub(super) err: Box<dyn Write>,
    /// Whether answers may carry colour: on a terminal, unless `NO_COLOR` is set.
    pub(super) colour: bool,
    err_colour: bool,
    /// Whether somebody looks at standard error.
    pub(super) watched: bool,
}

/// Columns of a diagnostic.
const WIDTH: usize = 100;

impl Terminal {
    pub(super) fn of_process() -> Self {
        Self {
            colour: AutoStream::choice(&io::stdout()) != ColorChoice::Never,
            err_colour: AutoStream::choice(&io::stderr()) != ColorChoice::Never,
            watched: io::stderr().is_terminal(),
            out: Box::new(BufWriter::new(io::stdout())),
            err: Box::new(io::stderr()),
        }
    }

    /// Shows a diagnostic on standard error.
    pub(super) fn diagnose(&mut self, report: miette::Report) {
        let theme = if self.err_colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
        let handler = GraphicalReportHandler::new_themed(theme).with_width(WIDTH).with_links(false);
        let mut text = String::new();
        // Writing into a string does not fail; and when standard error is gone, nobody can be told.
        if handler.render_report(&mut text, report.as_ref()).is_err() {
            text = format!("{report}\n");
        }
        if !text.ends_with('\n') {
            text.push('\n');
        }
        let _ = self.err.write_all(text.as_bytes());
    }
}
