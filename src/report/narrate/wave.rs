//! A rebalance wave: the rebalances of one group's members that follow closely on one another.

use crate::kernel::time::SimTime;
use crate::run::outcome::{Fact, RebalanceTrigger};
use crate::store::ids::{GroupIx, InstanceIx, QueueIx, TopicIx};

/// A wave.
pub(super) struct Wave {
    pub(super) group: GroupIx,
    /// Rebalances that changed something, and process queues given up without one (a stop).
    pub(super) turns: Vec<Turn>,
    /// Rebalances in its wake that changed nothing.
    pub(super) unchanged: u64,
}

/// One member's turn.
pub(super) struct Turn {
    pub(super) at: SimTime,
    pub(super) instance: InstanceIx,
    pub(super) topic: TopicIx,
    /// What the member saw, once its rebalance has finished: trigger, members, queues.
    pub(super) saw: Option<(RebalanceTrigger, Option<u32>, u32)>,
    pub(super) gained: Vec<QueueIx>,
    pub(super) lost: Vec<QueueIx>,
}

impl Wave {
    pub(super) fn new(group: GroupIx) -> Self {
        Self { group, turns: Vec::new(), unchanged: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }

    /// The member's unfinished turn on the topic, or a new one.
    fn turn(&mut self, at: SimTime, instance: InstanceIx, topic: TopicIx) -> &mut Turn {
        let open =
            self.turns.iter().rposition(|turn| turn.instance == instance && turn.topic == topic && turn.saw.is_none());
        let index = open.unwrap_or_else(|| {
            self.turns.push(Turn { at, instance, topic, saw: None, gained: Vec::new(), lost: Vec::new() });
            self.turns.len() - 1
        });
        &mut self.turns[index]
    }

    pub(super) fn take(&mut self, at: SimTime, fact: &Fact) {
        match fact {
            Fact::Assigned { instance, topic, queues, .. } => {
                self.turn(at, *instance, *topic).gained.extend_from_slice(queues);
            }
            Fact::Revoked { instance, topic, queues, .. } => {
                self.turn(at, *instance, *topic).lost.extend_from_slice(queues);
            }
            Fact::Rebalanced { instance, topic, trigger, members, queues, .. } => {
                let turn = self.turn(at, *instance, *topic);
                turn.at = at;
                turn.saw = Some((*trigger, *members, *queues));
                turn.gained.sort_unstable();
                turn.lost.sort_unstable();
            }
            _ => {}
        }
    }

    /// Distinct members that took a turn, by id.
    pub(super) fn members(&self) -> Vec<InstanceIx> {
        let mut members: Vec<InstanceIx> = self.turns.iter().map(|turn| turn.instance).collect();
        members.sort_unstable();
        members.dedup();
        members
    }

    /// Distinct queues taken, and distinct queues given up that nobody took within the wave.
    pub(super) fn queues(&self) -> (usize, Vec<QueueIx>) {
        let distinct = |pick: fn(&Turn) -> &Vec<QueueIx>| {
            let mut queues: Vec<QueueIx> = self.turns.iter().flat_map(|turn| pick(turn).iter().copied()).collect();
            queues.sort_unstable();
            queues.dedup();
            queues
        };
        let taken = distinct(|turn| &turn.gained);
        let mut left = distinct(|turn| &turn.lost);
        left.retain(|queue| taken.binary_search(queue).is_err());
        (taken.len(), left)
    }
}
