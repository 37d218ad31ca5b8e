//! `rocketmq-sim explain`: the biography of a message or of a queue, or the story of an outage.

use std::io::Write;

use serde::Serialize;

use super::allocate::OutputFormat;
use super::args::ExplainArgs;
use super::error::CliError;
use super::exit::Exit;
use super::terminal::Terminal;
use super::{files, report_adapter};
use crate::report::explain::{self, Line};
use crate::report::human::moment;
use crate::report::outage;
use crate::run::Watched;
use crate::scenario::nearest;
use crate::scenario::plan::Plan;
use crate::store::catalog::Origin;
use crate::store::ids::QueueIx;

/// Runs the scenario and tells the life asked for.
pub(super) fn run(args: &ExplainArgs, terminal: &mut Terminal) -> Result<Exit, CliError> {
    let scenario = files::scenario(&args.file, &args.overrides.overrides())?;
    let plan = &scenario.plan;
    if let Some(number) = args.outage {
        return outages(plan, number, args.format, terminal);
    }
    let (title, lines) = match (&args.message, &args.queue) {
        (Some(message), _) => {
            let record = record(plan, message)?;
            let mut outcome = report_adapter::simulate_watching(plan, terminal.watched, Watched::Message(record))?;
            let origin = explain::origin(&outcome, record);
            if origin != record {
                // The id is that of a copy: what came before it is known only now.
                outcome = report_adapter::simulate_watching(plan, terminal.watched, Watched::Message(origin))?;
            }
            let lines = explain::message(&outcome, record).ok_or_else(|| unknown(plan, &outcome, record, message))?;
            (format!("The message {message}"), lines)
        }
        (None, queue) => {
            let text = queue.as_deref().unwrap_or_default();
            let queue = self::queue(plan, text)?;
            let outcome = report_adapter::simulate_watching(plan, terminal.watched, Watched::Queue(queue))?;
            (format!("The queue {text}"), explain::queue(&outcome, queue))
        }
    };
    match args.format {
        OutputFormat::Json => print_json(&lines, terminal)?,
        OutputFormat::Text => print_text(&title, &lines, terminal)?,
    }
    Ok(Exit::Fine)
}

/// The stories of all outages, or of one.
fn outages(
    plan: &Plan,
    number: Option<usize>,
    format: OutputFormat,
    terminal: &mut Terminal,
) -> Result<Exit, CliError> {
    let outcome = report_adapter::simulate(plan, false, false, terminal.watched)?;
    let outages = outage::outages(&outcome);
    let shown = |place: usize| number.is_none_or(|number| place + 1 == number);
    if !(0..outages.len()).any(shown) {
        return Err(match outages.len() {
            0 => input(format!("{}: nothing was hit in the run", plan.name), "--queue tells the life of a queue"),
            n => input(
                format!("{}: there is no outage {}", plan.name, number.unwrap_or_default()),
                &format!("the run has the outages 1 to {n}"),
            ),
        });
    }
    for (place, outage) in outages.iter().enumerate().filter(|(place, _)| shown(*place)) {
        let lines = outage::story(&outcome, outage);
        match format {
            OutputFormat::Json => print_json(&lines, terminal)?,
            OutputFormat::Text => {
                let title = format!("Outage {} of {}: {}", place + 1, outages.len(), outage.label);
                print_text(&title, &lines, terminal)?;
                writeln!(terminal.out)?;
            }
        }
    }
    Ok(Exit::Fine)
}

fn print_text(title: &str, lines: &[Line], terminal: &mut Terminal) -> Result<(), CliError> {
    writeln!(terminal.out, "{title}")?;
    for Line { at, text } in lines {
        writeln!(terminal.out, "{:>14}  {text}", moment(*at))?;
    }
    Ok(())
}

#[derive(Serialize)]
struct JsonLine<'a> {
    at_ns: u64,
    text: &'a str,
}

fn print_json(lines: &[Line], terminal: &mut Terminal) -> Result<(), CliError> {
    for line in lines {
        let line = JsonLine { at_ns: line.at.as_nanos(), text: &line.text };
        let text = serde_json::to_string(&line).map_err(std::io::Error::other)?;
        writeln!(terminal.out, "{text}")?;
    }
    Ok(())
}

/// `topic/broker/queueId/offset`.
fn record(plan: &Plan, text: &str) -> Result<Origin, CliError> {
    let wrong =
        || input(format!("`{text}` names no message"), "write topic/broker/queueId/offset, as events.jsonl does");
    let (queue_text, offset) = text.rsplit_once('/').ok_or_else(wrong)?;
    if queue_text.split('/').count() < 3 {
        return Err(wrong());
    }
    let offset = offset.parse().map_err(|_| wrong())?;
    Ok(Origin { queue: queue(plan, queue_text)?, offset })
}

/// `topic/broker/queueId`.
fn queue(plan: &Plan, text: &str) -> Result<QueueIx, CliError> {
    let parts: Vec<&str> = text.rsplitn(3, '/').collect();
    let [id, broker, topic] = parts.as_slice() else {
        return Err(input(format!("`{text}` names no queue"), "write topic/broker/queueId"));
    };
    let find = |kind: &str, name: &str, names: &mut dyn Iterator<Item = &str>| {
        let names: Vec<&str> = names.collect();
        names.iter().position(|known| *known == name).ok_or_else(|| {
            let help = nearest(name, names.iter().copied()).map_or_else(
                || format!("the {kind}s are {}", names.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            input(format!("there is no {kind} `{name}`"), &help)
        })
    };
    let topic_ix = find("topic", topic, &mut plan.topics.iter().map(|topic| topic.name.as_str()))?;
    let broker_ix = find("broker", broker, &mut plan.brokers.iter().map(|broker| broker.name.as_str()))?;
    let id: u32 =
        id.trim_start_matches('q').parse().map_err(|_| input(format!("`{id}` is no queue id"), "write a number"))?;
    let of_queue = |key: &crate::scenario::plan::QueueKey| key.topic.at() == topic_ix && key.broker.at() == broker_ix;
    let found = plan.queues.iter().position(|key| of_queue(key) && key.queue_id == id);
    found.map(QueueIx::new).ok_or_else(|| {
        let count = plan.queues.iter().filter(|key| of_queue(key)).count();
        let help = match count {
            0 => format!("{broker} does not carry {topic}"),
            _ => format!("{topic} has the queues 0 to {} on {broker}", count - 1),
        };
        input(format!("there is no queue {id}"), &help)
    })
}

fn unknown(plan: &Plan, outcome: &crate::run::outcome::Outcome, record: Origin, text: &str) -> CliError {
    use crate::run::outcome::Fact;
    let offsets = outcome.facts.iter().filter_map(|known| match &known.fact {
        Fact::Stored { queue, offset, .. } if *queue == record.queue => Some(*offset),
        _ => None,
    });
    let help = match (offsets.clone().min(), offsets.max()) {
        (Some(first), Some(last)) => format!("the run stored offsets {first} to {last} there"),
        _ => "the run stored nothing there".to_owned(),
    };
    input(format!("{}: no message {text} was stored in the run", plan.name), &help)
}

fn input(message: String, help: &str) -> CliError {
    CliError::Input { message, help: Some(help.to_owned()) }
}
