//! `rocketmq-sim fuzz`: run scenarios under random failures, seed by seed, and hold every run against the invariants.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::args::FuzzArgs;
use super::error::CliError;
use super::exit::Exit;
use super::files;
use super::terminal::Terminal;
use crate::run::search::{SearchOptions, Searched, Violation, search, shrink};
use crate::scenario::plan::Plan;
use crate::scenario::{Overrides, Scenario};

/// Seeds between two looks at the clock.
const BATCH: u64 = 64;
/// So many violations of a scenario are shrunk and written.
const TOLD: usize = 3;

pub(super) fn run(args: &FuzzArgs, terminal: &mut Terminal) -> Result<Exit, CliError> {
    let paths = files::all(&args.paths)?;
    let share = args.at_most.map(|limit| Duration::from_nanos(limit.as_nanos()) / paths.len().max(1) as u32);
    let mut exit = Exit::Fine;
    for path in &paths {
        let scenario = Fuzzed::read(path, args)?;
        let searched = scenario.search(args, share, terminal)?;
        for violation in searched.violations.iter().take(TOLD) {
            exit = Exit::Failed;
            scenario.tell(violation, args, terminal)?;
        }
    }
    Ok(exit)
}

/// A scenario that is searched.
struct Fuzzed<'a> {
    path: &'a Path,
    name: String,
    text: String,
    overrides: Overrides,
}

impl<'a> Fuzzed<'a> {
    /// A scenario without failures of its own gets those of `--chaos`, if it was given, or of the default, up to 40 s before
    /// its end.
    fn read(path: &'a Path, args: &FuzzArgs) -> Result<Self, CliError> {
        let (name, text) = files::text(path)?;
        let mut file = Self { path, name, text, overrides: args.overrides.overrides() };
        let scenario = file.scenario(None)?;
        if !args.as_is && (args.chaos.is_some() || !scenario.has_chaos()) {
            let chaos = match &args.chaos {
                Some(chaos) => chaos.clone(),
                None => default_chaos(&scenario.plan),
            };
            file.overrides.set.push(format!("chaos={chaos}"));
            file.scenario(None)?;
        }
        Ok(file)
    }

    fn scenario(&self, seed: Option<u64>) -> Result<Scenario, CliError> {
        let overrides = Overrides { seed: seed.or(self.overrides.seed), ..self.overrides.clone() };
        Scenario::read(&self.name, &self.text, &overrides).map_err(CliError::Scenario)
    }

    /// Runs seed after seed until all are done or the time is up.
    #[allow(clippy::disallowed_methods, reason = "only the end of the search and its report read the wall clock")]
    fn search(&self, args: &FuzzArgs, limit: Option<Duration>, terminal: &mut Terminal) -> Result<Searched, CliError> {
        let begun = Instant::now();
        let first = match args.first_seed {
            Some(seed) => seed,
            None => self.scenario(None)?.plan.seed,
        };
        let seeds: Vec<u64> = (0..args.seeds).map(|offset| first.wrapping_add(offset)).collect();
        let mut all = Searched::default();
        for batch in seeds.chunks(BATCH as usize) {
            if limit.is_some_and(|limit| begun.elapsed() >= limit) {
                break;
            }
            let found =
                search(batch, SearchOptions::default(), |seed| self.scenario(Some(seed)).map(|read| read.plan))?;
            all = all.and(found);
        }
        let took = begun.elapsed().as_secs_f64();
        writeln!(
            terminal.out,
            "{}: {} runs with {} actions and {} events in {took:.1} s; {} broke an invariant",
            self.path.display(),
            all.runs,
            all.actions,
            all.events,
            all.violations.len()
        )?;
        Ok(all)
    }

    /// Shrinks what was found, writes it as a scenario and says how to repeat it.
    fn tell(&self, violation: &Violation, args: &FuzzArgs, terminal: &mut Terminal) -> Result<(), CliError> {
        let (plan, error) = shrink(&violation.plan, &violation.error, SearchOptions::default());
        let file = self.write(violation.seed, &plan, args)?;
        let sets: String = self.overrides.set.iter().map(|set| format!(" --set '{set}'")).collect();
        let before = violation.plan.timeline.len();
        writeln!(terminal.out, "  seed {}: {}", violation.seed, violation.error)?;
        writeln!(
            terminal.out,
            "    again:    rocketmq-sim fuzz {} --first-seed {} --seeds 1{sets}",
            self.path.display(),
            violation.seed
        )?;
        writeln!(terminal.out, "    shortest: {} of {before} actions: {error}", plan.timeline.len())?;
        writeln!(terminal.out, "    written:  {0} (rocketmq-sim fuzz --as-is --seeds 1 {0})", file.display())?;
        Ok(())
    }

    fn write(&self, seed: u64, plan: &Plan, args: &FuzzArgs) -> Result<PathBuf, CliError> {
        let scenario = self.scenario(Some(seed))?;
        let text = scenario.with_timeline(&plan.timeline, plan.duration);
        fs::create_dir_all(&args.out).map_err(|error| CliError::io("make", &args.out, &error))?;
        let file = args.out.join(format!("{}-{seed}.yaml", plan.name));
        fs::write(&file, text).map_err(|error| CliError::io("write", &file, &error))?;
        Ok(file)
    }
}

/// All kinds of failures, about ten in a run, over by 40 s before its end.
fn default_chaos(plan: &Plan) -> String {
    let seconds = plan.duration.as_millis() / 1000;
    let until = seconds.saturating_sub(40).max(seconds / 2).max(1);
    let from = (until / 10).min(10);
    let rate = |share: u64| format!("{:.3}/m", share as f64 * 60.0 / until.max(1) as f64);
    let (often, seldom) = (rate(2), rate(1));
    format!(
        "{{from: {from}s, until: {until}s, outage: {{exponential: {}s}}, rates: {{killBroker: {often}, freezeBroker: {seldom}, \
         hostLoss: {seldom}, killNameserver: {seldom}, killConsumer: {often}, freezeConsumer: {seldom}, partition: {often}, \
         slowLink: {seldom}, resetConnections: {seldom}, slowFlush: {seldom}, brokerLoad: {seldom}}}}}",
        (until / 10).max(1)
    )
}
