//! The strategies against outcomes recorded from RocketMQ's own classes.

use std::path::{Path, PathBuf};

use rocketmq_sim::cli::allocate::cases::run_cases;

/// The folder of the vectors: the repository's own, or the one that `ORACLE_DIR` names.
#[allow(clippy::disallowed_methods, reason = "chooses the vectors of a test, not a result")]
fn oracle_dir() -> PathBuf {
    match std::env::var("ORACLE_DIR") {
        Ok(dir) => PathBuf::from(dir),
        Err(_) => Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/oracle"),
    }
}

#[test]
fn strategies_answer_as_the_recorded_java_classes() {
    let path = oracle_dir().join("allocation.jsonl");
    if !path.exists() {
        println!("skipped: {} is absent", path.display());
        return;
    }
    let bytes = std::fs::read(&path).unwrap();
    let report = run_cases(&path.display().to_string(), &bytes).unwrap();
    let failed: Vec<String> = report.failed.iter().take(20).map(|case| format!("{case:#?}")).collect();
    assert!(failed.is_empty(), "{} passed, {} failed:\n{}", report.passed, report.failed.len(), failed.join("\n"));
    println!("{} passed", report.passed);
}
