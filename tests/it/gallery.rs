//! The gallery: every shipped scenario is played, its expectations hold, and its report is the one in `reports/`, byte for byte.
//!
//! With `UPDATE_GALLERY=1` the reports are written instead of compared; the change is then to be looked at and committed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use rocketmq_sim::report;
use rocketmq_sim::run::{RunOptions, simulate};
use rocketmq_sim::scenario::{Overrides, Scenario};
use std::sync::Arc;

const GALLERY_LIMIT_BYTES: u64 = 20 << 20;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn scenarios() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(root().join("scenarios"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    files.sort();
    assert!(files.len() >= 10, "the shipped scenarios are there");
    files
}

/// Path below `reports/` to content, as the report makes it.
fn fresh(file: &Path) -> BTreeMap<String, Vec<u8>> {
    let text = fs::read_to_string(file).unwrap();
    let scenario = Scenario::read(&file.display().to_string(), &text, &Overrides::default()).unwrap();
    let mut options = RunOptions { check_every_sample: true, ..RunOptions::default() };
    let outcome = simulate(&Arc::new(scenario.plan.clone()), &mut options).unwrap();
    for expectation in &outcome.expectations {
        assert!(expectation.passed, "{}: {expectation:?}", file.display());
    }
    let name = &scenario.plan.name;
    report::files(&outcome, &scenario.resolved_yaml())
        .into_iter()
        .map(|(path, content)| (format!("{name}/{path}"), content))
        .collect()
}

/// Path below `reports/` to content, as it stands in the repository.
fn stored(folder: &Path, below: &str, found: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        let name = format!("{below}{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            stored(&path, &format!("{name}/"), found);
        } else if name.contains('/') {
            found.insert(name, fs::read(&path).unwrap());
        }
    }
}

#[test]
fn every_shipped_scenario_keeps_its_promises_and_its_report() {
    let fresh: BTreeMap<String, Vec<u8>> = scenarios().par_iter().flat_map_iter(|file| fresh(file)).collect();
    let reports = root().join("reports");
    #[expect(clippy::disallowed_methods, reason = "a switch for people, not for the result")]
    let update = std::env::var("UPDATE_GALLERY").is_ok();
    if update {
        for (path, content) in &fresh {
            let path = reports.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
    }
    let mut kept = BTreeMap::new();
    stored(&reports, "", &mut kept);
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&kept), names(&fresh), "the gallery holds the reports of the shipped scenarios");
    let different: Vec<&String> =
        fresh.iter().filter(|(path, content)| kept[*path] != **content).map(|(path, _)| path).collect();
    assert!(different.is_empty(), "differ from the gallery: {different:?}; look, then run with UPDATE_GALLERY=1");
    let bytes: u64 = kept.values().map(|content| content.len() as u64).sum();
    assert!(bytes < GALLERY_LIMIT_BYTES, "the gallery has {bytes} bytes");
}
