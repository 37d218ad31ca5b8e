//! `rocketmq-sim store decode`: lists what a store holds until something is damaged.

use std::io::{self, Write};
use std::path::Path;

use super::super::error::CliError;
use super::super::exit::Exit;
use super::super::terminal::Terminal;
use super::args::{DecodeArgs, Part};
use super::lines::{self, Line, Style};
use crate::store::delay::DelayLevels;
use crate::store::disk::decode::{
    DecodeError, Sink, decode_checkpoint, decode_index, decode_log, decode_log_prefix, decode_queue_prefix,
    decode_queues, find_sizes,
};
use crate::store::disk::error::StoreError;
use crate::store::disk::file_name::offset_of;
use crate::store::disk::folder::{Folder, SeekFile};
use crate::store::disk::recover::{RecoverConfig, open_store};
use crate::store::disk::source::StoreSource;

const ALL: [Part; 6] = [Part::Log, Part::Queues, Part::Index, Part::Checkpoint, Part::Config, Part::Bounds];

pub(super) fn run(args: &DecodeArgs, terminal: &mut Terminal) -> Result<Exit, CliError> {
    let levels = DelayLevels::parse(&args.message_delay_level);
    if !levels.is_well_formed() {
        let message = format!("invalid value '{}' for '--message-delay-level'", args.message_delay_level);
        return Err(CliError::input_help(message, "items like 10s, 5m, 2h or 1d, separated by one space"));
    }
    let style = Style { bodies: args.bodies, levels };
    let decoded = match &args.dir {
        Some(dir) => decode_dir(dir, args, &style, &mut terminal.out),
        None => decode_files(args, &style, &mut terminal.out),
    };
    match decoded {
        Ok(()) => Ok(Exit::Fine),
        Err(Stop::Command(error)) => Err(error),
        Err(Stop::Damage(message)) => {
            // Behind everything before the damage, and on one line, for who searches for the file's name.
            terminal.out.flush()?;
            let _ = writeln!(terminal.err, "error: {message}");
            Ok(Exit::Usage)
        }
    }
}

/// Why a listing stops.
enum Stop {
    /// Damage, with its place.
    Damage(String),
    /// Anything else.
    Command(CliError),
}

impl From<CliError> for Stop {
    fn from(error: CliError) -> Self {
        Self::Command(error)
    }
}

/// `prefix` is what the files' names are relative to.
fn stop(prefix: &str, error: DecodeError) -> Stop {
    match error {
        DecodeError::Store(error) => Stop::Damage(format!("{prefix}{error}")),
        DecodeError::Sink(error) => Stop::Command(CliError::Output(error)),
    }
}

fn write_line(out: &mut dyn Write, line: &Line<'_>) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

/// Runs a listing; each thing found becomes a line.
fn list(
    style: &Style,
    out: &mut dyn Write,
    listing: impl FnOnce(&mut Sink<'_>) -> Result<(), DecodeError>,
) -> Result<(), DecodeError> {
    listing(&mut |place, listed| style.with_line(place, listed, |line| write_line(out, line)))
}

/// The files are named as given; a file that has an offset for a name starts there.
fn decode_files(args: &DecodeArgs, style: &Style, out: &mut dyn Write) -> Result<(), Stop> {
    for path in &args.commitlog {
        let file = SeekFile::open(path).map_err(|error| CliError::io("read", path, &error))?;
        let from = path.file_name().and_then(|name| name.to_str()).and_then(offset_of).unwrap_or(0);
        let name = path.display().to_string();
        list(style, out, |sink| decode_log_prefix(&name, Box::new(file), from, sink))
            .map_err(|error| stop("", error))?;
    }
    for path in &args.consumequeue {
        let file = SeekFile::open(path).map_err(|error| CliError::io("read", path, &error))?;
        let name = path.display().to_string();
        list(style, out, |sink| decode_queue_prefix(&name, Box::new(file), sink)).map_err(|error| stop("", error))?;
    }
    Ok(())
}

fn decode_dir(dir: &Path, args: &DecodeArgs, style: &Style, out: &mut dyn Write) -> Result<(), Stop> {
    if !dir.is_dir() {
        return Err(CliError::input(format!("cannot read {}: no such folder", dir.display())).into());
    }
    let store = Folder::new(dir);
    if !["commitlog", "consumequeue", "index", "checkpoint", "config"].iter().any(|part| dir.join(part).exists()) {
        let help = "a store directory holds commitlog, consumequeue, index and config";
        return Err(CliError::input_help(format!("{} is no store", dir.display()), help).into());
    }
    let parts = if args.only.is_empty() { &ALL[..] } else { &args.only };
    for part in ALL.iter().filter(|part| parts.contains(part)) {
        let listed = match part {
            Part::Log => list(style, out, |sink| decode_log(&store, sink)),
            Part::Queues => list(style, out, |sink| decode_queues(&store, true, sink)),
            Part::Index => list(style, out, |sink| decode_index(&store, sink)),
            Part::Checkpoint => list(style, out, |sink| decode_checkpoint(&store, sink))
                .and_then(|()| abort(&store, out).map_err(DecodeError::from)),
            Part::Config => config(&store, out),
            Part::Bounds => bounds(&store, style, out),
        };
        listed.map_err(|error| stop(&format!("{}/", dir.display()), error))?;
    }
    Ok(())
}

fn abort(store: &Folder, out: &mut dyn Write) -> io::Result<()> {
    if store.exists("abort") { write_line(out, &Line::Abort { file: "abort" }) } else { Ok(()) }
}

/// The files of the configuration, by name.
fn config(store: &Folder, out: &mut dyn Write) -> Result<(), DecodeError> {
    let entries = store.list("config").map_err(|error| StoreError::new("config", 0, error))?;
    for entry in entries.iter().filter(|entry| !entry.is_dir) {
        write_line(out, &Line::Config { file: &format!("config/{}", entry.name) })?;
    }
    Ok(())
}

/// What a broker makes of the store, its file sizes being those that are found.
fn bounds(store: &Folder, style: &Style, out: &mut dyn Write) -> Result<(), DecodeError> {
    let defaults = RecoverConfig::default();
    let sizes = find_sizes(store)?;
    let config = RecoverConfig {
        commit_log_file_size: sizes.commit_log.unwrap_or(defaults.commit_log_file_size),
        consume_queue_file_size: sizes.consume_queue.unwrap_or(defaults.consume_queue_file_size),
        levels: style.levels.clone(),
        ..defaults
    };
    let Some(recovered) = open_store(store, &config)? else { return Ok(()) };
    write_line(out, &lines::log_bounds(&recovered))?;
    for bounds in recovered.queues() {
        write_line(out, &lines::queue_bounds(&bounds))?;
    }
    Ok(())
}
