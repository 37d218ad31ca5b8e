//! Actions on links: rules that begin and end.

use std::collections::BTreeMap;

use super::lives::{Over, Step};
use super::nodes::OTHERS;
use super::timeline::Walk;
use crate::kernel::dist::Distribution;
use crate::kernel::time::SimTime;
use crate::scenario::diagnose::{Fault, suggest};
use crate::scenario::plan::{Action, LinkEffect, LinkRule, TimedAction};
use crate::scenario::raw::{Partition, ResetConnections, SlowLink, Timed};
use crate::scenario::tree::At;
use crate::scenario::units::{Duration, Names};

/// The rules of a plan as they are made.
#[derive(Default)]
pub(crate) struct Links {
    rules: Vec<LinkRule>,
    on: Vec<bool>,
    /// Rules by the name of their entry, and every name so far.
    named: BTreeMap<String, Vec<u32>>,
}

impl Links {
    pub(super) fn add(&mut self, rule: LinkRule) -> u32 {
        self.rules.push(rule);
        self.on.push(false);
        (self.rules.len() - 1) as u32
    }

    /// The rules, numbered in the order in which the timeline speaks of them.
    pub(super) fn in_order_of_use(&self, actions: &mut [TimedAction]) -> Vec<LinkRule> {
        let mut order: Vec<u32> = Vec::new();
        let mut numbers: BTreeMap<u32, u32> = BTreeMap::new();
        for action in actions {
            if let Action::Link { rule, .. } | Action::ResetConnections { rule } = &mut action.action {
                *rule = *numbers.entry(*rule).or_insert_with(|| {
                    order.push(*rule);
                    (order.len() - 1) as u32
                });
            }
        }
        order.into_iter().map(|rule| self.rules[rule as usize].clone()).collect()
    }
}

/// How the two sides of a link are said.
struct Sides<'t> {
    between: &'t [Names],
    from: Option<&'t Names>,
    to: Option<&'t Names>,
    one_way: bool,
}

/// The words of a link that lasts.
struct Lasting<'t> {
    key: &'static str,
    name: Option<&'t String>,
    lasts: Option<Duration>,
}

impl Walk<'_, '_> {
    pub(super) fn link_actions(&mut self, at: SimTime, timed: &Timed, entry: usize, label: &str) -> Result<(), Fault> {
        let place = At::default().key("timeline").index(entry);
        if let Some(Partition { between, from, to, one_way, name, lasts }) = &timed.partition {
            let (from, to, one_way) = (from.as_ref(), to.as_ref(), one_way.unwrap_or(false));
            let rule =
                self.rule(&Sides { between, from, to, one_way }, LinkEffect::Partition, &place.key("partition"))?;
            let words = Lasting { key: "partition", name: name.as_ref(), lasts: *lasts };
            self.begin(at, vec![rule], &words, entry, label)?;
        }
        if let Some(slow) = &timed.slow_link {
            let place = place.key("slowLink");
            let effects = self.slow_effects(slow, &place)?;
            let one_way = slow.one_way.unwrap_or(false);
            let sides = Sides { between: &slow.between, from: slow.from.as_ref(), to: slow.to.as_ref(), one_way };
            let rules = effects.into_iter().map(|effect| self.rule(&sides, effect, &place));
            let rules = rules.collect::<Result<Vec<LinkRule>, Fault>>()?;
            let words = Lasting { key: "slowLink", name: slow.name.as_ref(), lasts: slow.lasts };
            self.begin(at, rules, &words, entry, label)?;
        }
        if let Some(ResetConnections { between, from, to }) = &timed.reset_connections {
            let sides = Sides { between, from: from.as_ref(), to: to.as_ref(), one_way: false };
            let mut rule = self.rule(&sides, LinkEffect::Partition, &place.key("resetConnections"))?;
            rule.both_ways = true;
            let rule = self.links.add(rule);
            self.emit(at, Action::ResetConnections { rule }, label);
        }
        match &timed.heal {
            Some(names) => self.heal(at, names, &place.key("heal"), label),
            None => Ok(()),
        }
    }

    fn slow_effects(&self, slow: &SlowLink, place: &At) -> Result<Vec<LinkEffect>, Fault> {
        let mut effects = Vec::new();
        if let Some(latency) = &slow.latency {
            let latency: Distribution = self.r.times(Some(latency), &place.key("latency"))?;
            effects.push(LinkEffect::Latency(latency));
        }
        if let Some(loss) = slow.loss {
            if !(loss > 0.0 && loss < 1.0) {
                let fault = self.r.fault(&place.key("loss"), format!("`loss` must be between 0 and 1, got {loss}"));
                return Err(fault.help("a link on which everything is lost is a `partition`"));
            }
            effects.push(LinkEffect::Loss(loss));
        }
        effects.extend(slow.bandwidth.map(|bandwidth| LinkEffect::Bandwidth(bandwidth.0)));
        if effects.is_empty() {
            let fault = self.r.key_fault(place, "a slow link that is not slow");
            return Err(fault.help("add `latency`, `loss` or `bandwidth`"));
        }
        Ok(effects)
    }

    fn rule(&self, sides: &Sides<'_>, effect: LinkEffect, place: &At) -> Result<LinkRule, Fault> {
        let (ends, both_ways) = match (sides.between, sides.from, sides.to) {
            ([a, b], None, None) => {
                let between = place.key("between");
                ([(a, between.index(0)), (b, between.index(1))], !sides.one_way)
            }
            ([], Some(from), Some(to)) => {
                if sides.one_way {
                    let fault = self.r.key_fault(&place.key("oneWay"), "`from` and `to` already are one way");
                    return Err(fault.help("remove `oneWay`"));
                }
                ([(from, place.key("from")), (to, place.key("to"))], false)
            }
            ([], None, None) => {
                let fault = self.r.key_fault(place, "a link without its two ends");
                return Err(fault.help("add `between: [[broker-a], nameservers]`, or `from` and `to`"));
            }
            ([], _, _) => {
                return Err(self.r.key_fault(place, "a link with one end").help("give both `from` and `to`"));
            }
            (_, Some(_), _) => return Err(self.r.key_fault(&place.key("from"), "both `between` and `from` are given")),
            (_, _, Some(_)) => return Err(self.r.key_fault(&place.key("to"), "both `between` and `to` are given")),
            (many, ..) => {
                let message = format!("`between` needs two sets of nodes, got {}", many.len());
                let fault = self.r.key_fault(&place.key("between"), message);
                return Err(fault.help("write it like `between: [[broker-a, broker-b], others]`"));
            }
        };
        let [from, to] = self.two_sets(&ends)?;
        if let Some(both) = from.iter().find(|node| to.contains(node)) {
            let message = format!("{} is on both sides", self.nodes.label(*both));
            return Err(self.r.fault(&ends[1].1, message));
        }
        let addresses = |set: Vec<usize>| set.into_iter().map(|node| self.nodes.address(node)).collect();
        Ok(LinkRule { from: addresses(from), to: addresses(to), both_ways, effect })
    }

    fn two_sets(&self, ends: &[(&Names, At); 2]) -> Result<[Vec<usize>; 2], Fault> {
        let is_rest = |names: &Names| names.0.as_slice() == [OTHERS];
        let rest = |of: &[usize]| (0..self.nodes.len()).filter(|node| !of.contains(node)).collect::<Vec<usize>>();
        let set = |end: &(&Names, At)| self.r.set_of_nodes(self.nodes, end.0, &end.1);
        let sets = match (is_rest(ends[0].0), is_rest(ends[1].0)) {
            (true, true) => return Err(self.r.fault(&ends[1].1, "both sides are the others of each other")),
            (true, false) => {
                let other = set(&ends[1])?;
                [rest(&other), other]
            }
            (false, true) => {
                let other = set(&ends[0])?;
                let rest = rest(&other);
                [other, rest]
            }
            (false, false) => [set(&ends[0])?, set(&ends[1])?],
        };
        for (set, (_, at)) in sets.iter().zip(ends) {
            if set.is_empty() {
                return Err(self.r.fault(at, "no node is on this side"));
            }
        }
        Ok(sets)
    }

    fn begin(
        &mut self,
        at: SimTime,
        rules: Vec<LinkRule>,
        words: &Lasting<'_>,
        entry: usize,
        label: &str,
    ) -> Result<(), Fault> {
        let place = At::default().key("timeline").index(entry).key(words.key);
        let rules: Vec<u32> = rules.into_iter().map(|rule| self.links.add(rule)).collect();
        for rule in &rules {
            self.links.on[*rule as usize] = true;
            self.emit(at, Action::Link { rule: *rule, on: true }, label);
        }
        if let Some(name) = words.name {
            let on = |known: &Vec<u32>| known.iter().any(|rule| self.links.on[*rule as usize]);
            if name == "all" || self.links.named.get(name).is_some_and(on) {
                let message = format!("`{name}` already names a link at {at}");
                return Err(self.r.fault(&place.key("name"), message).help("heal it first, or take another name"));
            }
            self.links.named.insert(name.clone(), rules.clone());
        }
        let Some(lasts) = words.lasts else { return Ok(()) };
        if lasts.0.is_zero() {
            return Err(self.r.fault(&place.key("for"), "for no time at all"));
        }
        let back = at.saturating_add(lasts.0);
        if back < SimTime::ZERO + self.r.duration {
            let label = match words.name {
                Some(name) => format!("heal {name}"),
                None => format!("the end of: {label}"),
            };
            self.lives.after(back, entry, Step::Over(Over::Links { rules, label }));
        }
        Ok(())
    }

    fn heal(&mut self, at: SimTime, names: &Names, place: &At, label: &str) -> Result<(), Fault> {
        for (index, name) in names.0.iter().enumerate() {
            let rules: Vec<u32> = match (name.as_str(), self.links.named.get(name)) {
                ("all", _) => (0..self.links.rules.len() as u32).collect(),
                (_, Some(rules)) => rules.clone(),
                (_, None) => {
                    let named = self.links.named.keys().map(String::as_str).chain(["all"]);
                    let fault = self.r.fault(&place.index(index), format!("no link is named `{name}` at {at}"));
                    return Err(fault.maybe_help(suggest(name, named)));
                }
            };
            if !self.heal_rules(at, &rules, label) {
                let fault = self.r.fault(&place.index(index), format!("there is nothing to heal at {at}"));
                return Err(fault.help("the links are as they should be"));
            }
        }
        Ok(())
    }

    /// Ends those rules that are in effect; false when none is.
    pub(super) fn heal_rules(&mut self, at: SimTime, rules: &[u32], label: &str) -> bool {
        let mut any = false;
        for rule in rules {
            if std::mem::take(&mut self.links.on[*rule as usize]) {
                self.emit(at, Action::Link { rule: *rule, on: false }, label);
                any = true;
            }
        }
        any
    }
}
