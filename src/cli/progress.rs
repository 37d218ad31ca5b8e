//! A progress bar on standard error, for runs that take long, and only where somebody looks.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::kernel::time::{SimDuration, SimTime};

/// Runs shorter than this show no bar.
const PATIENCE: Duration = Duration::from_millis(500);

/// The progress of one run.
pub(super) struct Progress {
    begun: Instant,
    bar: Option<ProgressBar>,
    shown: bool,
    name: String,
}

impl Progress {
    /// The progress of a run of `duration`; nothing is drawn unless `watched`.
    #[allow(clippy::disallowed_methods, reason = "only the display reads the wall clock")]
    pub(super) fn new(name: &str, duration: SimDuration, watched: bool) -> Self {
        let bar =
            watched.then(|| ProgressBar::with_draw_target(Some(duration.as_millis()), ProgressDrawTarget::hidden()));
        Self { begun: Instant::now(), bar, shown: false, name: name.to_owned() }
    }

    /// The run has reached `now`.
    pub(super) fn reached(&mut self, now: SimTime) {
        let Some(bar) = &self.bar else { return };
        if !self.shown {
            if self.begun.elapsed() < PATIENCE {
                return;
            }
            self.shown = true;
            let style = ProgressStyle::with_template("{msg} {wide_bar} {percent}% {eta}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_message(self.name.clone());
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        bar.set_position(now.as_millis());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
