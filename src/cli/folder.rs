//! A report folder appears whole or not at all: it is written beside its place and then moved there.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::error::CliError;

/// The file by which a folder is known to be a report of ours, which a new report may replace.
pub(super) const MARK: &str = "scenario.resolved.yaml";

/// Removes what is left of an attempt.
struct Attempt {
    path: PathBuf,
}

impl Drop for Attempt {
    fn drop(&mut self) {
        // After the move there is nothing to remove; and a failed removal leaves a hidden folder, not a half report.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Writes `files` (path below the folder, content) as the folder `target`, in place of an older report there.
///
/// # Errors
/// When `target` is something else than a report, or cannot be written; then it is as it was before.
pub(super) fn replace(target: &Path, files: &[(String, Vec<u8>)]) -> Result<(), CliError> {
    may_replace(target)?;
    let name = target.file_name().ok_or_else(|| CliError::input(format!("{} names no folder", target.display())))?;
    let parent = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let failed = |error: &io::Error| CliError::io("write", target, error);
    fs::create_dir_all(parent).map_err(|error| failed(&error))?;
    let fresh = Attempt { path: parent.join(sibling(name, "new")) };
    let old = Attempt { path: parent.join(sibling(name, "old")) };
    write_all(&fresh.path, files).map_err(|error| failed(&error))?;
    if target.exists() {
        fs::rename(target, &old.path).map_err(|error| failed(&error))?;
    }
    if let Err(error) = fs::rename(&fresh.path, target) {
        if old.path.exists() {
            fs::rename(&old.path, target).map_err(|error| failed(&error))?;
        }
        return Err(failed(&error));
    }
    Ok(())
}

/// Refuses a target that is no report, before the time of a run is spent.
pub(super) fn may_replace(target: &Path) -> Result<(), CliError> {
    if !target.exists() {
        return Ok(());
    }
    if !target.is_dir() {
        return Err(CliError::input(format!("{} is a file, not a folder", target.display())));
    }
    let empty = fs::read_dir(target).map_err(|error| CliError::io("read", target, &error))?.next().is_none();
    if empty || target.join(MARK).is_file() {
        return Ok(());
    }
    Err(CliError::input_help(
        format!("{} holds something else than a report", target.display()),
        "choose another folder with --out",
    ))
}

fn sibling(name: &std::ffi::OsStr, suffix: &str) -> OsString {
    let mut sibling = OsString::from(".");
    sibling.push(name);
    sibling.push(format!(".{}.{suffix}", std::process::id()));
    sibling
}

fn write_all(folder: &Path, files: &[(String, Vec<u8>)]) -> io::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir(folder)?;
    for (name, bytes) in files {
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, bytes)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(text: &str) -> Vec<(String, Vec<u8>)> {
        vec![(MARK.to_owned(), text.as_bytes().to_vec()), ("charts/lag.svg".to_owned(), b"<svg/>".to_vec())]
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_report_replaces_an_older_one_and_leaves_nothing_beside_it() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("deep/scale-out");
        replace(&target, &report("one")).unwrap();
        fs::write(target.join("stale.svg"), "old").unwrap();
        replace(&target, &report("two")).unwrap();
        assert_eq!(fs::read_to_string(target.join(MARK)).unwrap(), "two");
        assert_eq!(names(&target), ["charts", MARK]);
        assert_eq!(names(&home.path().join("deep")), ["scale-out"]);
    }

    #[test]
    fn a_folder_that_is_no_report_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("thesis.tex"), "mine").unwrap();
        let error = replace(home.path(), &report("one")).unwrap_err();
        assert!(error.one_line().contains("holds something else than a report"), "{}", error.one_line());
        assert_eq!(names(home.path()), ["thesis.tex"]);
    }

    #[test]
    fn a_report_that_cannot_be_written_leaves_the_older_one_and_no_rest() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("scale-out");
        replace(&target, &report("one")).unwrap();
        let broken = vec![(MARK.to_owned(), b"two".to_vec()), (format!("{MARK}/below"), Vec::new())];
        assert!(replace(&target, &broken).is_err());
        assert_eq!(fs::read_to_string(target.join(MARK)).unwrap(), "one");
        assert_eq!(names(home.path()), ["scale-out"]);
    }
}
