//! Scenario files: found, read, and refused with a reason.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::error::CliError;
use crate::scenario::{Overrides, Scenario};

/// Largest scenario file. A written scenario has some kilobytes.
const LARGEST: u64 = 16 << 20;

/// Reads a scenario file; `-` is standard input.
pub(super) fn scenario(path: &Path, overrides: &Overrides) -> Result<Scenario, CliError> {
    let (name, text) = text(path)?;
    Scenario::read(&name, &text, overrides).map_err(CliError::Scenario)
}

/// The name and the text of a scenario file.
pub(super) fn text(path: &Path) -> Result<(String, String), CliError> {
    let (name, bytes) = bytes(path)?;
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let before = String::from_utf8_lossy(&error.as_bytes()[..valid]).into_owned();
            let line = before.matches('\n').count() + 1;
            let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
            let byte = error.as_bytes()[valid];
            return Err(CliError::input_help(
                format!("{name}:{line}:{column}: not UTF-8: byte 0x{byte:02x}"),
                "save the file as UTF-8",
            ));
        }
    };
    // Editors on some systems put a byte order mark at the beginning.
    let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
    Ok((name, text))
}

fn bytes(path: &Path) -> Result<(String, Vec<u8>), CliError> {
    let mut bytes = Vec::new();
    if path.as_os_str() == "-" {
        let read = io::stdin().lock().take(LARGEST + 1).read_to_end(&mut bytes);
        read.map_err(|error| CliError::input(format!("cannot read standard input: {error}")))?;
        return within(("stdin".to_owned(), bytes));
    }
    let name = path.display().to_string();
    if path.is_dir() {
        return Err(CliError::input_help(
            format!("{name} is a folder, not a scenario file"),
            "`rocketmq-sim test` and `check` take folders",
        ));
    }
    let file = File::open(path).map_err(|error| missing(path, &error))?;
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| CliError::io("read", path, &error))?;
    within((name, bytes))
}

fn within(file: (String, Vec<u8>)) -> Result<(String, Vec<u8>), CliError> {
    if file.1.len() as u64 > LARGEST {
        return Err(CliError::input(format!("{} is larger than 16 MiB", file.0)));
    }
    Ok(file)
}

/// A file that is not there, with the scenarios that stand beside it.
fn missing(path: &Path, error: &io::Error) -> CliError {
    if error.kind() != io::ErrorKind::NotFound {
        return CliError::io("read", path, error);
    }
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let message = format!("cannot read {}: no such file", path.display());
    let beside = in_folder(folder).unwrap_or_default();
    let wanted = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let stems: Vec<String> =
        beside.iter().map(|file| file.file_stem().unwrap_or_default().to_string_lossy().into_owned()).collect();
    let near = crate::scenario::nearest(&wanted, stems.iter().map(String::as_str));
    match near.and_then(|near| stems.iter().position(|stem| stem == near)) {
        Some(index) => CliError::input_help(message, format!("did you mean {}?", beside[index].display())),
        None => CliError::input(message),
    }
}

/// The scenario files of a folder, sorted by name. A resolved scenario beside its report is not one of them.
fn in_folder(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let yaml = name.ends_with(".yaml") || name.ends_with(".yml");
        if yaml && !name.starts_with('.') && !name.contains(".resolved.") && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The scenario files that paths name: files as they are, folders by their content.
pub(super) fn all(paths: &[PathBuf]) -> Result<Vec<PathBuf>, CliError> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let found = in_folder(path).map_err(|error| CliError::io("read", path, &error))?;
            if found.is_empty() {
                return Err(CliError::input(format!("no scenario files (*.yaml) in {}", path.display())));
            }
            files.extend(found);
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}
