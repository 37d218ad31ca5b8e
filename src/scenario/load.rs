//! From the text of a scenario to its plan, in one step for callers.

use super::decode::decode;
use super::diagnose::{Fault, Place, ScenarioError, Texts, Warning};
use super::fill::fill;
use super::lint;
use super::overrides;
use super::plan::Plan;
use super::raw::Root;
use super::resolve;
use super::tree::{Node, Value};
use crate::kernel::time::SimDuration;

/// Values that replace those of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Master seed (`--seed`).
    pub seed: Option<u64>,
    /// End of the run (`--until`).
    pub until: Option<SimDuration>,
    /// `path=value` each (`--set`), applied in order: `groups.order_consumer.instances=4`, `timeline.0.at=90s`.
    pub set: Vec<String>,
}

/// A scenario that can be run.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What runs.
    pub plan: Plan,
    filled: Root,
    tree: Node,
    texts: Texts,
}

/// Reads a scenario: `name` is the file's name for messages, `text` its content.
///
/// # Errors
/// The first thing that is wrong, with its place and advice.
pub fn load(name: &str, text: &str, overrides: &Overrides) -> Result<Plan, ScenarioError> {
    Scenario::read(name, text, overrides).map(|scenario| scenario.plan)
}

impl Scenario {
    /// Like [`load`], and keeps what [`Scenario::resolved_yaml`] and [`Scenario::warnings`] need.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place and advice.
    pub fn read(name: &str, text: &str, overrides: &Overrides) -> Result<Self, ScenarioError> {
        let mut texts = Texts(vec![(name.to_owned(), text.to_owned())]);
        let sets = overrides::lines(overrides);
        texts.0.extend(sets.iter().map(|(shown, text)| (shown.clone(), text.clone())));
        Self::read_parts(name, text, &sets).map_err(|fault| texts.error(fault)).map(|(plan, filled, tree)| Self {
            plan,
            filled,
            tree,
            texts,
        })
    }

    fn read_parts(name: &str, text: &str, sets: &[(String, String)]) -> Result<(Plan, Root, Node), Fault> {
        let mut tree = Node::parse(text)?;
        match &tree.value {
            Value::Map(_) => {}
            Value::Null => {
                return Err(Fault::new(Place::default(), "the file is empty")
                    .help("a scenario needs at least `topics:`; see docs/scenarios.md"));
            }
            _ => {
                return Err(Fault::new(tree.shown_place(), "a scenario is a mapping of keys to values")
                    .help("begin with `title:`, `topics:`, `producers:`, `groups:`"));
            }
        }
        for (number, (_, line)) in sets.iter().enumerate() {
            overrides::apply(&mut tree, number + 1, line)?;
        }
        let mut root: Root = decode(&tree)?;
        resolve::check_counts(&root, &tree)?;
        fill(&mut root, name);
        let plan = resolve::resolve(&root, &tree)?;
        if plan.fallible {
            root.fallible = Some(true);
        }
        Ok((plan, root, tree))
    }

    /// Whether it has a `chaos` block.
    #[must_use]
    pub fn has_chaos(&self) -> bool {
        self.filled.chaos.is_some()
    }

    /// The filled file.
    pub(super) fn root(&self) -> &Root {
        &self.filled
    }

    /// The scenario with every default filled in and every override applied: itself a scenario, of the same plan.
    #[must_use]
    pub fn resolved_yaml(&self) -> String {
        let yaml = serde_yaml::to_string(&self.filled).expect("the structs of the file format are always writable");
        format!("# The scenario with every default filled in.\n{yaml}")
    }

    /// What is probably not meant, or will hurt.
    #[must_use]
    pub fn warnings(&self) -> Vec<Warning> {
        let faults = lint::lint(&self.plan, &self.filled, &self.tree);
        faults.into_iter().map(|fault| self.texts.warning(fault)).collect()
    }
}
