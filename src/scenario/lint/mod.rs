//! What a valid scenario probably does not mean, or will hurt.

mod failures;
mod groups;
mod load;
mod messages;
mod returns;
mod settings;
mod subscriptions;

use super::diagnose::Fault;
use super::plan::Plan;
use super::raw::Root;
use super::tree::{At, Node};

/// What a rule looks at, and what the rules found.
struct Lints<'a> {
    plan: &'a Plan,
    root: &'a Root,
    tree: &'a Node,
    found: Vec<Fault>,
}

impl Lints<'_> {
    fn warn(&mut self, at: &At, message: impl Into<String>, help: impl Into<String>) {
        self.found.push(Fault::new(self.tree.place_of(at), message).help(help));
    }

    fn warn_key(&mut self, at: &At, message: impl Into<String>, help: impl Into<String>) {
        self.found.push(Fault::new(self.tree.key_place_of(at), message).help(help));
    }
}

/// Every warning, in the order of the text.
pub(crate) fn lint(plan: &Plan, root: &Root, tree: &Node) -> Vec<Fault> {
    let mut lints = Lints { plan, root, tree, found: Vec::new() };
    lints.settings();
    lints.topics();
    lints.groups();
    lints.subscriptions();
    lints.messages();
    lints.returns();
    lints.failures();
    lints.found.sort_by_key(|fault| (fault.place.text, fault.place.start));
    lints.found
}
