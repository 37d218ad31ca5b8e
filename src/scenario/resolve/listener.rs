//! Rules of listeners.

use super::Resolver;
use crate::kernel::time::SimTime;
use crate::node::config::ListenerRule;
use crate::scenario::diagnose::Fault;
use crate::scenario::raw::Rule;
use crate::scenario::tree::At;

/// Most rules of a listener: each costs a comparison with every message.
const MOST_RULES: usize = 100;

impl Resolver<'_> {
    /// The rules under `at`.
    pub(super) fn listener(&self, rules: &[Rule], at: &At) -> Result<Vec<ListenerRule>, Fault> {
        if rules.len() > MOST_RULES {
            return Err(self.fault(at, format!("more than {MOST_RULES} rules")));
        }
        rules.iter().enumerate().map(|(index, rule)| self.rule(rule, &at.index(index))).collect()
    }

    fn rule(&self, raw: &Rule, at: &At) -> Result<ListenerRule, Fault> {
        let mut keys = Vec::new();
        for (index, name) in raw.keys.iter().flat_map(|names| names.0.iter().enumerate()) {
            let number = name.strip_prefix("key-").unwrap_or(name).parse::<u32>();
            keys.push(number.map_err(|_| {
                let fault = self.fault(&at.key("keys").index(index), format!("`{name}` is not a key"));
                fault.help("keys are named key-0, key-1, …")
            })?);
        }
        keys.sort_unstable();
        keys.dedup();
        let from = raw.from.map_or(SimTime::ZERO, |from| self.moment(from.0));
        let until = raw.until.map_or(SimTime::MAX, |until| self.moment(until.0));
        if until <= from {
            return Err(self.fault(&at.key("until"), format!("the rule ends at {until}, before it begins at {from}")));
        }
        if raw.attempts_below == Some(0) {
            let fault = self.fault(&at.key("attemptsBelow"), "no delivery has fewer than 0 attempts before");
            return Err(fault.help("the first delivery has 0; write 1 for it alone"));
        }
        for (key, share) in [("probability", raw.probability), ("ofMessages", raw.of_messages)] {
            if let Some(share) = share.filter(|share| !(*share > 0.0 && *share <= 1.0)) {
                return Err(self.fault(&at.key(key), format!("`{key}` must be above 0 and at most 1, got {share}")));
            }
        }
        if raw.probability.is_some() && raw.of_messages.is_some() {
            let fault = self.key_fault(&at.key("ofMessages"), "both `probability` and `ofMessages` are given");
            return Err(fault.help("a share of the calls or a share of the messages; remove one of them"));
        }
        let service_time = raw.service_time.as_ref();
        Ok(ListenerRule {
            keys,
            tags: raw.tags.as_ref().map_or_else(Vec::new, |tags| tags.0.clone()),
            from,
            until,
            attempts_below: raw.attempts_below.unwrap_or(u32::MAX),
            probability: raw.probability.or(raw.of_messages).unwrap_or(1.0),
            of_messages: raw.of_messages.is_some(),
            fails: raw.fail.unwrap_or_default(),
            service_time: service_time.map(|time| self.times(Some(time), &at.key("serviceTime"))).transpose()?,
        })
    }
}
