//! Actions of the timeline on everything but consumers: processes, hosts, links, disks, clocks.

use super::world::World;
use crate::scenario::plan::Action;

impl World {
    /// Something happens to servers, hosts or links.
    pub(super) fn act_on_cluster(&mut self, action: &Action) {
        let _ = action;
    }
}
