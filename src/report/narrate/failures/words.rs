//! Words for entries about failures.

use super::super::{Kind, Story};
use super::{CALLS, DISCONNECTIONS, Entry, RAFT_ROLES, Stop, What};
use crate::kernel::time::SimDuration;
use crate::node::fact::{Disconnection, RaftRoleNow};

use crate::report::human::{bytes, count, counted, duration, moment};
use crate::report::names::Names;
use crate::report::outage::{Blow, blow_words};
use crate::run::outcome::Outcome;
use crate::scenario::plan::LinkEffect;
use crate::store::ids::GroupIx;

/// An entry in words.
pub(super) fn story(outcome: &Outcome, names: &Names<'_>, entry: &Entry) -> Story {
    let (kind, headline) = match entry.what {
        What::Stopped(_) | What::Started | What::Thawed | What::Link { .. } | What::Forgotten { .. } => {
            servers(outcome, names, entry)
        }
        What::Lost { .. } | What::TimedOut { .. } | What::NoConnection { .. } => calls(names, entry),
        What::Master { .. } | What::Pulls { .. } | What::Avoided { .. } => clients(names, entry),
        _ => replicas(outcome, names, entry),
    };
    Story { at: entry.at, until: entry.until, kind, headline, details: Vec::new() }
}

/// ` up to 90.000 s`, for what lasted.
fn span(entry: &Entry) -> String {
    if entry.until.since(entry.at) < SimDuration::from_secs(1) {
        String::new()
    } else {
        format!(" up to {}", moment(entry.until))
    }
}

/// The singular or the plural of a verb.
fn verb<'a>(entry: &Entry, one: &'a str, many: &'a str) -> &'a str {
    if entry.who.len() == 1 { one } else { many }
}

fn servers(outcome: &Outcome, names: &Names<'_>, entry: &Entry) -> (Kind, String) {
    let who = names.nodes(&entry.who);
    match entry.what {
        What::Stopped(stop) => {
            let several = entry.who.len() > 1;
            let what = match stop {
                Stop::Ending => verb(entry, "begins to shut down in good order", "begin to shut down in good order"),
                Stop::Graceful => verb(entry, "has shut down: the process ends", "have shut down: the processes end"),
                Stop::Killed => blow_words(Blow::Killed, several),
                Stop::Frozen => blow_words(Blow::Frozen, several),
                Stop::HostLost { disk_lost } => blow_words(Blow::HostLost { disk_lost }, several),
            };
            (Kind::Trouble, format!("{who} {what}"))
        }
        What::Started => {
            let log = if entry.most > 0 && entry.who.len() == 1 {
                format!(": {} of its log are there", bytes(entry.most))
            } else {
                String::new()
            };
            (Kind::Cluster, format!("{who} {}{log}", verb(entry, "starts", "start")))
        }
        What::Thawed => (Kind::Cluster, format!("{who} {}", verb(entry, "goes on", "go on"))),
        What::Link { rule, on } => link(outcome, names, rule, on),
        What::Forgotten { nameserver } => {
            let nameserver = names.nameserver(nameserver);
            (
                Kind::Trouble,
                format!("{nameserver} forgets {who}: its routes do not name {} any more", verb(entry, "it", "them")),
            )
        }
        _ => unreachable!("only entries about servers come here"),
    }
}

fn link(outcome: &Outcome, names: &Names<'_>, rule: u32, on: bool) -> (Kind, String) {
    let Some(of) = outcome.plan.link_rules.get(rule as usize) else {
        return (Kind::Cluster, "the network changes".to_owned());
    };
    let between = format!(
        "from {} to {}{}",
        names.nodes(&of.from),
        names.nodes(&of.to),
        if of.both_ways { " and back" } else { "" }
    );
    if !on {
        return (Kind::Cluster, format!("the network {between} is as before"));
    }
    let what = match &of.effect {
        LinkEffect::Partition => format!("nothing gets through {between}"),
        LinkEffect::Latency(_) => format!("messages take longer {between}"),
        LinkEffect::Loss(share) => {
            format!("{} of the packets are lost {between}", crate::report::human::percent(*share))
        }
        LinkEffect::Bandwidth(rate) => format!("no more than {} a second get through {between}", bytes(*rate)),
    };
    (Kind::Trouble, what)
}

fn calls(names: &Names<'_>, entry: &Entry) -> (Kind, String) {
    let who = names.nodes(&entry.who);
    match entry.what {
        What::Lost { server, how } => {
            let how = match DISCONNECTIONS.get(usize::from(how)).copied().unwrap_or(Disconnection::Closed) {
                Disconnection::Closed => "it was closed",
                Disconnection::Reset => "it was reset",
                Disconnection::Idle => "it was silent too long",
                Disconnection::CallTimeout => "closed after a call ran into its timeout",
            };
            let theirs = verb(entry, "loses its connection", "lose their connections");
            (Kind::View, format!("{who} {theirs} to {}: {how}", names.node(server)))
        }
        What::TimedOut { server, call } => {
            let (one, many) = CALLS.get(usize::from(call)).map_or(("call", "calls"), |(_, one, many)| (*one, *many));
            let waited = duration(SimDuration::from_nanos(entry.most));
            let calls = counted(entry.times, one, many);
            let server = names.node(server);
            let upto = span(entry);
            (Kind::Trouble, format!("{who}: {calls} to {server} without an answer{upto}, each up to {waited}"))
        }
        What::NoConnection { server, refused } => {
            let how = if refused { "refused" } else { "without an answer" };
            let attempts = counted(entry.times, "attempt", "attempts");
            let server = names.node(server);
            (Kind::View, format!("{who}: {attempts} to connect to {server}{}, {how}", span(entry)))
        }
        _ => unreachable!("only entries about calls come here"),
    }
}

fn clients(names: &Names<'_>, entry: &Entry) -> (Kind, String) {
    let who = names.nodes(&entry.who);
    match entry.what {
        What::Master { name, master } => {
            let learn = verb(entry, "learns", "learn");
            let what = match master {
                Some(master) => format!("{} is the master of {}", names.process(master), names.broker(name)),
                None => format!("{} has no master", names.broker(name)),
            };
            (Kind::View, format!("{who} {learn} from the route that {what}"))
        }
        What::Pulls { name, process } => {
            let (name, process) = (names.broker(name), names.process(process));
            (Kind::View, format!("{who} {} the queues of {name} from {process}", verb(entry, "pulls", "pull")))
        }
        What::Avoided { name } => {
            let lasts = duration(SimDuration::from_nanos(entry.most));
            let times = counted(entry.times, "time", "times");
            let (name, upto) = (names.broker(name), span(entry));
            (Kind::View, format!("{who} {} {name}{upto}, {times}, for up to {lasts}", verb(entry, "avoids", "avoid")))
        }
        _ => unreachable!("only entries about clients come here"),
    }
}

fn replicas(outcome: &Outcome, names: &Names<'_>, entry: &Entry) -> (Kind, String) {
    let who = names.nodes(&entry.who);
    match entry.what {
        What::Role { master, term } => {
            let role = if master { "master" } else { "slave" };
            (Kind::Cluster, format!("{who} {} {role} in term {}", verb(entry, "becomes", "become"), count(term)))
        }
        What::Raft { role, term } => {
            let what = match RAFT_ROLES.get(usize::from(role)) {
                Some(RaftRoleNow::Leader) => "is elected leader",
                Some(RaftRoleNow::Candidate) => verb(entry, "misses its leader and asks for votes", "ask for votes"),
                _ => verb(entry, "follows", "follow"),
            };
            (Kind::Cluster, format!("{who} {what} in term {}", count(term)))
        }
        What::Replicating { master, connected } => {
            let what = match connected {
                true => verb(entry, "copies the log of", "copy the log of"),
                false => verb(entry, "is no longer connected to", "are no longer connected to"),
            };
            let kind = if connected { Kind::Cluster } else { Kind::View };
            (kind, format!("{who} {what} {}", names.process(master)))
        }
        What::Cut { acknowledged } => {
            let messages = counted(entry.sum, "message", "messages");
            if acknowledged {
                let told = count(entry.most);
                (
                    Kind::Trouble,
                    format!("{messages} are lost at {who}; producers had been told that {told} of them are stored"),
                )
            } else {
                (Kind::Message, format!("{messages} that nobody was told of are cut off at {who}"))
            }
        }
        What::Offsets => {
            let offsets = counted(entry.sum, "offset goes", "offsets go");
            (
                Kind::Trouble,
                format!("{who} {} the master's offsets: {offsets} back", verb(entry, "takes over", "take over")),
            )
        }
        What::Disk { percent, writable } => {
            let takes = if writable { "takes messages" } else { "takes no messages" };
            let kind = if writable { Kind::Cluster } else { Kind::Trouble };
            (kind, format!("the disk of {who} is {percent} % full: it {takes}"))
        }
        What::Deleted => {
            let files = counted(entry.times, "time", "times");
            (Kind::Message, format!("{who} deletes old files{}, {files}", span(entry)))
        }
        What::Busy { busy: true } => (Kind::Trouble, format!("{who} begins to refuse sends: too busy")),
        What::Busy { busy: false } => (Kind::Cluster, format!("{who} takes sends again")),
        What::Created { topic } => {
            let queues = counted(entry.most, "queue", "queues");
            (Kind::Cluster, format!("a first send creates {} on {who}, with {queues}", names.topic(topic)))
        }
        What::Scaled { group, from, to } => scaled(outcome, names, GroupIx(group), (from, to), entry.most),
        _ => unreachable!("only entries about replicas come here"),
    }
}

fn scaled(outcome: &Outcome, names: &Names<'_>, group: GroupIx, (from, to): (u32, u32), lag: u64) -> (Kind, String) {
    let scaler = outcome.plan.autoscalers.iter().find(|scaler| scaler.group == group);
    let who = scaler.map_or("the autoscaler", |scaler| scaler.name.as_str());
    let who = crate::report::human::clean(who);
    let lag = counted(lag, "message", "messages");
    (Kind::Action, format!("{who} scales {} from {from} to {to} at a lag of {lag}", names.group(group)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_numbered_by_the_reader_stands_at_its_number() {
        for (place, how) in DISCONNECTIONS.into_iter().enumerate() {
            assert_eq!(how as usize, place);
        }
        for (place, role) in RAFT_ROLES.into_iter().enumerate() {
            assert_eq!(role as usize, place);
        }
        for (place, (call, ..)) in CALLS.into_iter().enumerate() {
            assert_eq!(call as usize, place);
        }
    }
}
