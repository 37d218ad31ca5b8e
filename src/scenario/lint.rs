//! What a valid scenario probably does not mean.

use super::diagnose::Fault;
use super::plan::Plan;
use super::raw::Root;
use super::tree::Node;

/// Every warning, in the order of the file's sections.
pub(crate) fn lint(_plan: &Plan, _root: &Root, _tree: &Node) -> Vec<Fault> {
    Vec::new()
}
