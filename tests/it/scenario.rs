//! Scenario files: what is shipped, what the resolved form and the overrides promise.

use std::path::{Path, PathBuf};

use rocketmq_sim::scenario::{Overrides, Scenario, load};

fn shipped() -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "yaml"))
        .collect();
    files.sort();
    files.into_iter().map(|path| (path.clone(), std::fs::read_to_string(path).unwrap())).collect()
}

fn read(path: &Path, text: &str) -> Scenario {
    let name = path.file_name().unwrap().to_str().unwrap();
    match Scenario::read(name, text, &Overrides::default()) {
        Ok(scenario) => scenario,
        Err(error) => panic!("{}", error.one_line()),
    }
}

#[test]
fn every_shipped_scenario_resolves_to_the_same_plan_as_its_resolved_form() {
    let files = shipped();
    assert!(!files.is_empty());
    for (path, text) in files {
        let scenario = read(&path, &text);
        let resolved = scenario.resolved_yaml();
        let again = read(&path, &resolved);
        assert_eq!(again.plan, scenario.plan, "{}:\n{resolved}", path.display());
        assert_eq!(again.resolved_yaml(), resolved, "{}", path.display());
    }
}

#[test]
fn every_shipped_scenario_points_editors_at_the_schema_and_says_what_it_teaches() {
    for (path, text) in shipped() {
        let plan = read(&path, &text).plan;
        assert_eq!(text.lines().next(), Some("# yaml-language-server: $schema=schema.json"), "{}", path.display());
        assert_eq!(Some(plan.name.as_str()), path.file_stem().and_then(|stem| stem.to_str()));
        assert!(!plan.title.is_empty() && plan.title != plan.name, "{}", path.display());
        assert!(plan.description.len() > 200, "{}", path.display());
        assert!(!plan.sources.is_empty(), "{}", path.display());
        assert!(!plan.expect.is_empty(), "{}", path.display());
    }
}

#[test]
fn scale_out_lists_four_instances_of_which_three_run_from_the_beginning() {
    let text = include_str!("../../scenarios/scale-out.yaml");
    let plan = load("scale-out.yaml", text, &Overrides::default()).unwrap();
    let running = plan.instances.iter().filter(|instance| instance.start.is_some()).count();
    assert_eq!((plan.instances.len(), running, plan.timeline.len()), (4, 3, 1));
    let ids: Vec<&str> = plan.client_ids.iter().map(String::as_str).filter(|id| id.starts_with("10.")).collect();
    assert_eq!(ids.len(), 4);
    assert!(ids.is_sorted(), "{ids:?}");
}
