//! `rocketmq-sim store decode`: lists what a store holds until something is damaged.

use std::io::{self, Write};
use std::path::Path;

use super::super::error::CliError;
use super::super::exit::Exit;
use super::super::terminal::Terminal;
use super::args::{DecodeArgs, Part};
use super::configs::{self, ConfigFault};
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
    let damages = match &args.dir {
        Some(dir) => decode_dir(dir, args, &style, &mut terminal.out)?,
        None => match decode_files(args, &style, &mut terminal.out) {
            Ok(()) => Vec::new(),
            Err(Stop::Damage(message)) => vec![message],
            Err(Stop::Command(error)) => return Err(error),
        },
    };
    // Behind what is listed, each on one line, for who searches for the file's name.
    terminal.out.flush()?;
    for message in &damages {
        let _ = writeln!(terminal.err, "error: {message}");
    }
    Ok(if damages.is_empty() { Exit::Fine } else { Exit::Usage })
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

/// Lists the parts of a store. They stand for themselves: damage ends the listing of its part, the others follow. Returns the
/// damages.
fn decode_dir(dir: &Path, args: &DecodeArgs, style: &Style, out: &mut dyn Write) -> Result<Vec<String>, CliError> {
    if !dir.is_dir() {
        return Err(CliError::input(format!("cannot read {}: no such folder", dir.display())));
    }
    let store = Folder::new(dir);
    if !["commitlog", "consumequeue", "index", "checkpoint", "config"].iter().any(|part| dir.join(part).exists()) {
        let help = "a store directory holds commitlog, consumequeue, index and config";
        return Err(CliError::input_help(format!("{} is no store", dir.display()), help));
    }
    let parts = if args.only.is_empty() { &ALL[..] } else { &args.only };
    let prefix = format!("{}/", dir.display());
    let mut damages = Vec::new();
    for part in ALL.iter().filter(|part| parts.contains(part)) {
        let listed = match part {
            Part::Log => list(style, out, |sink| decode_log(&store, sink)),
            Part::Queues => list(style, out, |sink| decode_queues(&store, true, sink)),
            Part::Index => list(style, out, |sink| decode_index(&store, sink)),
            Part::Checkpoint => list(style, out, |sink| decode_checkpoint(&store, sink))
                .and_then(|()| abort(&store, out).map_err(DecodeError::from)),
            Part::Config => {
                config(dir, &store, out, &mut damages)?;
                Ok(())
            }
            Part::Bounds => bounds(&store, style, out),
        };
        match listed.map_err(|error| stop(&prefix, error)) {
            Ok(()) => {}
            Err(Stop::Damage(message)) => damages.push(message),
            Err(Stop::Command(error)) => return Err(error),
        }
    }
    // What a broker makes of a damaged part names the same place again.
    damages.dedup();
    Ok(damages)
}

fn abort(store: &Folder, out: &mut dyn Write) -> io::Result<()> {
    if store.exists("abort") { write_line(out, &Line::Abort { file: "abort" }) } else { Ok(()) }
}

/// The files of the configuration: what is in those that are known, the names of the others.
fn config(dir: &Path, store: &Folder, out: &mut dyn Write, damages: &mut Vec<String>) -> Result<(), CliError> {
    let entries = match store.list("config") {
        Ok(entries) => entries,
        Err(error) => {
            damages.push(format!("{}/{}", dir.display(), StoreError::new("config", 0, error)));
            return Ok(());
        }
    };
    for entry in entries.iter().filter(|entry| !entry.is_dir) {
        let file = format!("config/{}", entry.name);
        let path = dir.join(&file);
        let too_large = std::fs::metadata(&path).is_ok_and(|data| data.len() > configs::LARGEST);
        let read = if too_large {
            Err(format!("more than {} bytes", configs::LARGEST))
        } else {
            std::fs::read(&path).map_err(|error| error.to_string())
        };
        let listed = match read {
            Err(error) => {
                damages.push(format!("{}: byte 0: {error}", path.display()));
                continue;
            }
            Ok(bytes) => configs::list(&file, &bytes, out),
        };
        match listed {
            Ok(true) => {}
            Ok(false) => write_line(out, &Line::Config { file: &file })?,
            Err(ConfigFault::Output(error)) => return Err(CliError::Output(error)),
            Err(ConfigFault::Content(error)) => damages.push(format!("{}/{error}", dir.display())),
        }
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
