//! What nodes believe of broker names, topics and groups, against the truth, over time. Driven by facts alone: a belief is
//! looked at when it changes or when what it is about does.

use std::collections::{BTreeMap, BTreeSet};

use crate::kernel::time::SimTime;
use crate::protocol::address::Address;
use crate::run::outcome::{Belief, BeliefAbout};
use crate::store::ids::{BrokerIx, GroupIx, InstanceIx, TopicIx};

/// Stretches in which beliefs were wrong.
#[derive(Debug, Default)]
struct Wrong {
    open: BTreeMap<(Address, BeliefAbout), SimTime>,
    closed: Vec<Belief>,
}

impl Wrong {
    fn set(&mut self, now: SimTime, of: Address, about: BeliefAbout, is_true: bool) {
        if !is_true {
            self.open.entry((of, about)).or_insert(now);
        } else if let Some(from) = self.open.remove(&(of, about))
            && from < now
        {
            self.closed.push(Belief { of, about, from, to: now });
        }
    }
}

/// What a broker process believes of a group's members.
#[derive(Debug, Default)]
struct MemberView {
    members: BTreeSet<InstanceIx>,
    /// Members it does not know of and clients it takes for members.
    wrong: usize,
}

/// All beliefs.
#[derive(Debug, Default)]
pub struct BeliefTrack {
    wrong: Wrong,
    masters: BTreeMap<(BrokerIx, Address), Option<BrokerIx>>,
    true_masters: Vec<Option<BrokerIx>>,
    routes: BTreeMap<(TopicIx, Address), u32>,
    true_routes: Vec<u32>,
    /// Per group: who works.
    true_members: Vec<BTreeSet<InstanceIx>>,
    /// Per broker process and group; `None` while the process does not run.
    views: Vec<Option<Vec<MemberView>>>,
}

impl BeliefTrack {
    /// Broker names, broker processes, topics and groups. The first process of a name is the master until told otherwise.
    #[must_use]
    pub fn new(true_masters: Vec<Option<BrokerIx>>, processes: usize, true_routes: Vec<u32>, groups: usize) -> Self {
        let views = |_| Some((0..groups).map(|_| MemberView::default()).collect());
        Self {
            true_masters,
            true_routes,
            true_members: vec![BTreeSet::new(); groups],
            views: (0..processes).map(views).collect(),
            ..Self::default()
        }
    }

    /// A node changed its mind about who is the master of a broker name.
    pub fn on_master_seen(&mut self, now: SimTime, of: Address, name: BrokerIx, master: Option<BrokerIx>) {
        self.masters.insert((name, of), master);
        self.wrong.set(now, of, BeliefAbout::Master(name), master == self.true_masters[name.at()]);
    }

    /// A node forgot a process: if it took that one for the master, it knows of none now.
    pub fn on_forgotten(&mut self, now: SimTime, of: Address, name: BrokerIx, process: BrokerIx) {
        if self.masters.get(&(name, of)) == Some(&Some(process)) {
            self.on_master_seen(now, of, name, None);
        }
    }

    /// Another process, or none, is the master of a broker name.
    pub fn on_master(&mut self, now: SimTime, name: BrokerIx, master: Option<BrokerIx>) {
        if std::mem::replace(&mut self.true_masters[name.at()], master) == master {
            return;
        }
        let least = Address::Nameserver(crate::store::ids::NameserverIx(0));
        let of_name = self.masters.range((name, least)..).take_while(|((of, _), _)| *of == name);
        for ((_, of), believed) in of_name {
            self.wrong.set(now, *of, BeliefAbout::Master(name), *believed == master);
        }
    }

    /// A client believes that a topic has so many readable queues.
    pub fn on_route_seen(&mut self, now: SimTime, of: Address, topic: TopicIx, queues: u32) {
        self.routes.insert((topic, of), queues);
        self.wrong.set(now, of, BeliefAbout::Route(topic), queues == self.true_routes[topic.at()]);
    }

    /// A topic really has so many readable queues on broker names that are up.
    pub fn on_route(&mut self, now: SimTime, topic: TopicIx, queues: u32) {
        if std::mem::replace(&mut self.true_routes[topic.at()], queues) == queues {
            return;
        }
        let least = Address::Nameserver(crate::store::ids::NameserverIx(0));
        let of_topic = self.routes.range((topic, least)..).take_while(|((of, _), _)| *of == topic);
        for ((_, of), believed) in of_topic {
            self.wrong.set(now, *of, BeliefAbout::Route(topic), *believed == queues);
        }
    }

    /// An instance works for a group, or does not any more.
    pub fn on_member(&mut self, now: SimTime, group: GroupIx, instance: InstanceIx, works: bool) {
        let truth = &mut self.true_members[group.at()];
        let changed = if works { truth.insert(instance) } else { truth.remove(&instance) };
        if !changed {
            return;
        }
        for (process, views) in self.views.iter_mut().enumerate() {
            let Some(view) = views.as_mut().map(|views| &mut views[group.at()]) else { continue };
            if view.members.contains(&instance) == works {
                view.wrong -= 1;
            } else {
                view.wrong += 1;
            }
            let of = Address::Broker(BrokerIx::new(process));
            self.wrong.set(now, of, BeliefAbout::Members(group), view.wrong == 0);
        }
    }

    /// A broker process takes an instance for a member, or does not any more.
    pub fn on_member_seen(&mut self, now: SimTime, process: BrokerIx, group: GroupIx, instance: InstanceIx, is: bool) {
        let works = self.true_members[group.at()].contains(&instance);
        let Some(Some(views)) = self.views.get_mut(process.at()) else { return };
        let view = &mut views[group.at()];
        let changed = if is { view.members.insert(instance) } else { view.members.remove(&instance) };
        if !changed {
            return;
        }
        if is == works {
            view.wrong -= 1;
        } else {
            view.wrong += 1;
        }
        self.wrong.set(now, Address::Broker(process), BeliefAbout::Members(group), view.wrong == 0);
    }

    /// A node's process is gone: it believes nothing.
    pub fn on_gone(&mut self, now: SimTime, of: Address) {
        let about: Vec<BeliefAbout> =
            self.wrong.open.keys().filter(|(who, _)| *who == of).map(|(_, about)| *about).collect();
        for about in about {
            self.wrong.set(now, of, about, true);
        }
        self.masters.retain(|(_, who), _| *who != of);
        self.routes.retain(|(_, who), _| *who != of);
        if let Address::Broker(process) = of {
            self.views[process.at()] = None;
        }
    }

    /// A broker's process runs again and knows no member.
    pub fn on_broker_started(&mut self, now: SimTime, process: BrokerIx) {
        if self.views[process.at()].is_some() {
            return;
        }
        let views: Vec<MemberView> =
            self.true_members.iter().map(|truth| MemberView { wrong: truth.len(), ..MemberView::default() }).collect();
        for (group, view) in views.iter().enumerate() {
            let about = BeliefAbout::Members(GroupIx::new(group));
            self.wrong.set(now, Address::Broker(process), about, view.wrong == 0);
        }
        self.views[process.at()] = Some(views);
    }

    /// The stretches up to `end`, in the order of their beginning.
    #[must_use]
    pub fn finish(mut self, end: SimTime) -> Vec<Belief> {
        let open: Vec<(Address, BeliefAbout)> = self.wrong.open.keys().copied().collect();
        for (of, about) in open {
            self.wrong.set(end, of, about, true);
        }
        self.wrong.closed.sort_by_key(|belief| (belief.from, belief.of, belief.about));
        self.wrong.closed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::ids::NameserverIx;

    const A: BrokerIx = BrokerIx(0);
    const SLAVE: BrokerIx = BrokerIx(1);
    const C: Address = Address::Consumer(InstanceIx(0));
    const NS: Address = Address::Nameserver(NameserverIx(0));
    const G: GroupIx = GroupIx(0);

    fn at(seconds: u64) -> SimTime {
        SimTime::from_secs(seconds)
    }

    fn track() -> BeliefTrack {
        BeliefTrack::new(vec![Some(A)], 2, vec![4], 1)
    }

    fn stretches(track: BeliefTrack) -> Vec<(Address, BeliefAbout, u64, u64)> {
        let secs = |time: SimTime| time.as_nanos() / 1_000_000_000;
        track.finish(at(100)).iter().map(|it| (it.of, it.about, secs(it.from), secs(it.to))).collect()
    }

    #[test]
    fn a_client_is_wrong_about_a_master_from_its_death_until_it_learns_of_it() {
        let mut track = track();
        track.on_master_seen(at(1), C, A, Some(A));
        track.on_master_seen(at(1), NS, A, Some(A));
        track.on_master(at(10), A, None);
        track.on_master_seen(at(12), NS, A, None);
        track.on_master_seen(at(40), C, A, None);
        track.on_master(at(60), A, Some(A));
        let master = BeliefAbout::Master(A);
        assert_eq!(
            stretches(track),
            [(NS, master, 10, 12), (C, master, 10, 40), (NS, master, 60, 100), (C, master, 60, 100)]
        );
    }

    #[test]
    fn a_nameserver_that_forgets_a_slave_still_knows_the_master() {
        let mut track = track();
        track.on_master_seen(at(1), NS, A, Some(A));
        track.on_forgotten(at(5), NS, A, SLAVE);
        track.on_forgotten(at(7), NS, A, A);
        track.on_master(at(9), A, None);
        assert_eq!(stretches(track), [(NS, BeliefAbout::Master(A), 7, 9)]);
    }

    #[test]
    fn a_client_that_is_gone_believes_nothing() {
        let mut track = track();
        track.on_master_seen(at(1), C, A, Some(A));
        track.on_route_seen(at(1), C, TopicIx(0), 4);
        track.on_master(at(10), A, None);
        track.on_route(at(10), TopicIx(0), 0);
        track.on_gone(at(11), C);
        track.on_master(at(20), A, Some(A));
        assert_eq!(
            stretches(track),
            [(C, BeliefAbout::Master(A), 10, 11), (C, BeliefAbout::Route(TopicIx(0)), 10, 11)]
        );
    }

    #[test]
    fn a_broker_is_wrong_about_a_group_while_anybody_is_missing_or_too_much() {
        let mut track = track();
        let (one, two) = (InstanceIx(0), InstanceIx(1));
        for instance in [one, two] {
            track.on_member_seen(at(1), A, G, instance, true);
            track.on_member(at(1), G, instance, true);
            track.on_member_seen(at(1), SLAVE, G, instance, true);
        }
        track.on_member(at(10), G, one, false);
        track.on_member_seen(at(15), SLAVE, G, one, false);
        track.on_member_seen(at(40), A, G, one, false);
        let members = BeliefAbout::Members(G);
        assert_eq!(
            stretches(track),
            [(Address::Broker(A), members, 10, 40), (Address::Broker(SLAVE), members, 10, 15)]
        );
    }

    #[test]
    fn a_restarted_broker_knows_nobody_until_they_register() {
        let mut track = track();
        track.on_member_seen(at(1), A, G, InstanceIx(0), true);
        track.on_member(at(1), G, InstanceIx(0), true);
        track.on_member_seen(at(1), SLAVE, G, InstanceIx(0), true);
        track.on_gone(at(10), Address::Broker(A));
        track.on_broker_started(at(20), A);
        track.on_member_seen(at(26), A, G, InstanceIx(0), true);
        assert_eq!(stretches(track), [(Address::Broker(A), BeliefAbout::Members(G), 20, 26)]);
    }
}
