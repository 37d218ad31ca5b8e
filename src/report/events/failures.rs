//! Events about what can fail: servers, links, replicas.

use std::fmt::Write as _;

use super::Line;
use crate::node::fact::{CallKind, Disconnection, NodeStop, RaftRoleNow, RoleNow};
use crate::protocol::address::Address;
use crate::protocol::message::CallError;
use crate::run::outcome::{Fact, Outcome};
use crate::store::ids::BrokerIx;

const fn call(what: CallKind) -> &'static str {
    match what {
        CallKind::Route => "route",
        CallKind::Heartbeat => "heartbeat",
        CallKind::Pull => "pull",
        CallKind::Send => "send",
        CallKind::Members => "members",
        CallKind::Offset => "offset",
        CallKind::Lock => "lock",
        CallKind::SendBack => "send_back",
        CallKind::Unregister => "unregister",
        CallKind::Register => "register",
        CallKind::Sync => "sync",
    }
}

impl Line<'_> {
    fn node(&mut self, key: &str, node: Address) -> &mut Self {
        let name = self.names.node(node);
        self.str(key, &name)
    }

    fn process(&mut self, key: &str, process: BrokerIx) -> &mut Self {
        self.node(key, Address::Broker(process))
    }

    fn flag(&mut self, key: &str, value: bool) -> &mut Self {
        let _ = write!(self.text, ",\"{key}\":{value}");
        self
    }

    pub(super) fn failure(&mut self, outcome: &Outcome, fact: &Fact) {
        match *fact {
            Fact::NodeStopped { node, how } => {
                let (how, disk_lost) = match how {
                    NodeStop::Graceful => ("graceful", false),
                    NodeStop::ShuttingDown => ("shutting_down", false),
                    NodeStop::Killed => ("killed", false),
                    NodeStop::Frozen => ("frozen", false),
                    NodeStop::HostLost { disk_lost } => ("host_lost", disk_lost),
                };
                self.event("node_stopped").node("node", node).str("how", how);
                if disk_lost {
                    self.flag("disk_lost", true);
                }
            }
            Fact::NodeStarted { node, kept } => {
                self.event("node_started").node("node", node);
                if let Some(kept) = kept {
                    self.num("log_bytes", kept);
                }
            }
            Fact::NodeThawed { node } => {
                self.event("node_thawed").node("node", node);
            }
            Fact::LinkChanged { rule, on } => {
                self.event("link_changed").num("rule", rule).flag("on", on);
            }
            Fact::Disconnected { client, server, how } => {
                let how = match how {
                    Disconnection::Closed => "closed",
                    Disconnection::Reset => "reset",
                    Disconnection::Idle => "idle",
                    Disconnection::CallTimeout => "call_timeout",
                };
                self.event("disconnected").node("node", client).node("peer", server).str("how", how);
            }
            Fact::CallTimedOut { client, server, what, waited } => {
                self.event("call_timed_out").node("client", client).node("server", server);
                self.str("call", call(what)).num("waited_ns", waited.as_nanos());
            }
            Fact::ConnectFailed { client, server, error } => {
                let error = match error {
                    CallError::Refused => "refused",
                    CallError::ConnectTimeout => "timeout",
                    CallError::Reset => "reset",
                };
                self.event("connect_failed").node("client", client).node("server", server).str("error", error);
            }
            Fact::MasterSeen { client, name, master } => {
                self.event("master_seen").node("client", client).broker(name);
                if let Some(master) = master {
                    self.process("master", master);
                }
            }
            Fact::PullsFrom { instance, group, name, process } => {
                self.event("pulls_from").group(group).node("instance", Address::Consumer(instance));
                self.broker(name).process("process", process);
            }
            _ => self.replica(outcome, fact),
        }
    }

    fn replica(&mut self, outcome: &Outcome, fact: &Fact) {
        match *fact {
            Fact::RoleChanged { broker, role, term } => {
                let role = match role {
                    RoleNow::Master => "master",
                    RoleNow::Slave => "slave",
                };
                self.event("role_changed").process("broker", broker).str("role", role).num("term", term);
            }
            Fact::RaftRole { broker, role, term } => {
                let role = match role {
                    RaftRoleNow::Leader => "leader",
                    RaftRoleNow::Follower => "follower",
                    RaftRoleNow::Candidate => "candidate",
                };
                self.event("raft_role").process("broker", broker).str("role", role).num("term", term);
            }
            Fact::Replicating { slave, master, connected } => {
                self.event("replicating").process("slave", slave).process("master", master);
                self.flag("connected", connected);
            }
            Fact::LogCut { broker, from, to, messages, acknowledged } => {
                self.event("log_cut").process("broker", broker).num("from", from).num("to", to);
                self.num("messages", messages).num("acknowledged", acknowledged);
            }
            Fact::OffsetsTakenOver { slave, entries, back } => {
                self.event("offsets_taken_over").process("slave", slave).num("entries", entries).num("back", back);
            }
            Fact::DiskLevel { broker, percent, writable } => {
                self.event("disk_level").process("broker", broker).num("percent", percent).flag("writable", writable);
            }
            Fact::FilesDeleted { broker, min } => {
                self.event("files_deleted").process("broker", broker).num("log_begins_at", min);
            }
            Fact::Busy { broker, busy } => {
                self.event("busy").process("broker", broker).flag("busy", busy);
            }
            Fact::Avoided { producer, name, latency, lasts } => {
                self.event("avoided").node("producer", Address::Producer(producer)).broker(name);
                self.num("latency_ns", latency.as_nanos()).num("lasts_ns", lasts.as_nanos());
            }
            Fact::TopicCreated { broker, topic, queues } => {
                self.event("topic_created").topic(topic).process("broker", broker).num("queues", queues);
            }
            Fact::Scaled { group, from, to, lag } => {
                self.event("scaled").group(group).num("from", from).num("to", to).num("lag_messages", lag);
            }
            _ => debug_assert!(false, "an event without words in {}: {fact:?}", outcome.plan.name),
        }
    }
}
