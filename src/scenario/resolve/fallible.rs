//! Whether something beside consumers can fail in a plan.

use crate::node::config::{ReplicationConfig, SendMode};
use crate::scenario::plan::{Action, Plan};

/// What makes servers or links of a plan fail, or calls to them end in more than one way; in words.
pub(super) fn reason(plan: &Plan) -> Option<String> {
    let fails = |action: &Action| {
        matches!(
            action,
            Action::Node { .. }
                | Action::Link { .. }
                | Action::ResetConnections { .. }
                | Action::SetFlushTime { .. }
                | Action::SetSendHandling { .. }
                | Action::PageCacheBusy { .. }
                | Action::SetDiskUsed { .. }
                | Action::SetClock { .. }
                | Action::SetWritePerm { .. }
        )
    };
    if let Some(action) = plan.timeline.iter().find(|timed| fails(&timed.action)) {
        return Some(format!("of the action `{}`", action.label));
    }
    if let Some(replica) = plan.replicas.first() {
        return Some(format!("of the replica {}", replica.label));
    }
    let usual = ReplicationConfig::default();
    if let Some(broker) = plan.brokers.iter().find(|broker| broker.config.replication != usual) {
        return Some(format!("of the replication, disk or load settings of {}", broker.name));
    }
    if let Some(topic) = plan.topics.iter().find(|topic| topic.auto_create) {
        return Some(format!("{} is created by a first send", topic.name));
    }
    let usual = |producer: &&crate::scenario::plan::ProducerPlan| {
        let config = &producer.config;
        config.mode != SendMode::Sync
            || config.send_latency_fault_enable
            || config.retry_another_broker_when_not_store_ok
    };
    if let Some(producer) = plan.producers.iter().find(usual) {
        return Some(format!("of how {} sends", producer.producer));
    }
    let all = plan.nameservers.len();
    let views = plan.brokers.iter().map(|broker| (&broker.name, broker.nameservers.len()));
    let views = views.chain(plan.producers.iter().map(|producer| (&producer.name, producer.nameservers.len())));
    let mut views = views.chain(plan.instances.iter().map(|instance| (&instance.name, instance.nameservers.len())));
    if let Some((name, _)) = views.find(|(_, known)| *known != all) {
        return Some(format!("{name} does not know all nameservers"));
    }
    let ordered = plan.nameservers.iter().find(|nameserver| !nameserver.order_topics.is_empty());
    ordered.map(|nameserver| format!("of the order topics of {}", nameserver.name))
}
