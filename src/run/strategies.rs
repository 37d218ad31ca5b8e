//! From a plan's strategies to the ones that allocate.

use std::collections::BTreeMap;

use crate::consume::allocate::{
    AllocateMessageQueueStrategy, Averagely, AveragelyByCircle, ByConfig, ByMachineRoom, ConsistentHash,
    MachineRoomNearby, MachineRoomRevision,
};
use crate::node::allocation::{Allocations, GroupStrategy, Names};
use crate::scenario::plan::{Plan, StrategyPlan};

pub(super) fn allocations(plan: &Plan) -> Allocations {
    let names = Names {
        topics: plan.topics.iter().map(|topic| topic.name.clone()).collect(),
        brokers: plan.brokers.iter().map(|broker| broker.name.clone()).collect(),
        clients: plan.client_ids.clone(),
    };
    let group = |strategy: &StrategyPlan| {
        let configured = match strategy {
            StrategyPlan::ByConfig { queues } => queues.clone(),
            _ => Vec::new(),
        };
        GroupStrategy { strategy: build_strategy(strategy), configured }
    };
    Allocations::new(names, plan.groups.iter().map(|plan| group(&plan.strategy)).collect())
}

fn build_strategy(plan: &StrategyPlan) -> Box<dyn AllocateMessageQueueStrategy> {
    match plan {
        StrategyPlan::Averagely => Box::new(Averagely),
        StrategyPlan::AveragelyByCircle => Box::new(AveragelyByCircle),
        StrategyPlan::ByConfig { queues } => Box::new(ByConfig::new(Some(queues.len() as u32))),
        StrategyPlan::ByMachineRoom { rooms } => {
            Box::new(ByMachineRoom::new(Some(rooms.clone()), MachineRoomRevision::default()))
        }
        StrategyPlan::ConsistentHash { virtual_nodes } => {
            let nodes = i32::try_from(*virtual_nodes).unwrap_or(i32::MAX);
            Box::new(ConsistentHash::new(nodes).expect("virtual nodes are not negative"))
        }
        StrategyPlan::MachineRoomNearby { inner, broker_rooms, client_rooms } => {
            let rooms = |pairs: &[(String, String)]| -> BTreeMap<String, String> { pairs.iter().cloned().collect() };
            Box::new(MachineRoomNearby::new(build_strategy(inner), rooms(broker_rooms), rooms(client_rooms)))
        }
    }
}
