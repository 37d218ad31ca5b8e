//! What a scenario says of its listener: which messages it fails with or takes long for. Rules stand in a list; the first
//! that applies to a message decides. Shares are decided by a hash and not by draws in turn, so that what happens to one
//! message does not depend on which others were consumed before it, and every member of a group judges a poisonous
//! message alike.

use crate::kernel::time::SimTime;
use crate::store::catalog::Origin;

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Only messages with one of these keys; empty: any.
    pub keys: Vec<u32>,
    /// Only messages with one of these tags; empty: any.
    pub tags: Vec<Box<str>>,
    /// Only calls that start at or after this time.
    pub from: SimTime,
    /// Only calls that start before this time.
    pub until: SimTime,
    /// Only messages with fewer attempts behind them (`reconsumeTimes`).
    pub attempts_below: u32,
    /// Share of the messages or calls, in 2⁻⁶⁴; the greatest value means all.
    pub share: u64,
    /// The share is one of messages, the same at every attempt and member, and not of calls.
    pub of_messages: bool,
}

/// A message in a listener call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Called<'a> {
    /// Number of its key.
    pub key: u32,
    /// Its tag.
    pub tag: Option<&'a str>,
    /// The listener is called.
    pub start: SimTime,
    /// `reconsumeTimes`.
    pub attempts: u32,
    /// Which message it is.
    pub origin: Origin,
    /// Which call it is, different for all calls with this message: member and its number of the call.
    pub occasion: u64,
}

impl Rule {
    /// Whether the rule, at this place of its list, applies to a message.
    #[must_use]
    pub fn applies(&self, place: usize, salt: u64, called: &Called<'_>) -> bool {
        (self.keys.is_empty() || self.keys.contains(&called.key))
            && (self.tags.is_empty() || called.tag.is_some_and(|tag| self.tags.iter().any(|wanted| **wanted == *tag)))
            && called.start >= self.from
            && called.start < self.until
            && called.attempts < self.attempts_below
            && self.is_in_share(place, salt, called)
    }

    fn is_in_share(&self, place: usize, salt: u64, called: &Called<'_>) -> bool {
        if self.share == u64::MAX {
            return true;
        }
        let subject = if self.of_messages {
            called.origin.offset.wrapping_add(u64::from(called.origin.queue.0) << 44)
        } else {
            !called.occasion
        };
        mix(mix(salt.wrapping_add(place as u64)) ^ mix(subject)) < self.share
    }
}

/// The place of the first rule that applies to a message.
#[must_use]
pub fn decide(rules: &[Rule], salt: u64, called: &Called<'_>) -> Option<usize> {
    rules.iter().enumerate().position(|(place, rule)| rule.applies(place, salt, called))
}

/// The finishing step of SplitMix64 on its next state: all bits of the result depend on all bits of the argument.
const fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::ids::QueueIx;

    fn any() -> Rule {
        Rule {
            keys: Vec::new(),
            tags: Vec::new(),
            from: SimTime::ZERO,
            until: SimTime::MAX,
            attempts_below: u32::MAX,
            share: u64::MAX,
            of_messages: false,
        }
    }

    fn called(offset: u64, occasion: u64) -> Called<'static> {
        Called {
            key: 7,
            tag: Some("pay"),
            start: SimTime::from_secs(5),
            attempts: 2,
            origin: Origin { queue: QueueIx(3), offset },
            occasion,
        }
    }

    #[test]
    fn every_condition_of_a_rule_has_to_hold() {
        let message = called(0, 0);
        let applies = |rule: &Rule| rule.applies(0, 1, &message);
        assert!(applies(&any()));
        assert!(applies(&Rule { keys: vec![1, 7], ..any() }) && !applies(&Rule { keys: vec![1], ..any() }));
        assert!(applies(&Rule { tags: vec!["pay".into()], ..any() }));
        assert!(!applies(&Rule { tags: vec!["ship".into()], ..any() }));
        assert!(applies(&Rule { from: SimTime::from_secs(5), ..any() }));
        assert!(!applies(&Rule { from: SimTime::from_secs(6), ..any() }));
        assert!(!applies(&Rule { until: SimTime::from_secs(5), ..any() }));
        assert!(applies(&Rule { attempts_below: 3, ..any() }) && !applies(&Rule { attempts_below: 2, ..any() }));
        assert!(!applies(&Rule { share: 0, ..any() }));
    }

    #[test]
    fn the_first_rule_that_applies_decides() {
        let rules = [Rule { keys: vec![1], ..any() }, Rule { attempts_below: 3, ..any() }, any()];
        assert_eq!(decide(&rules, 1, &called(0, 0)), Some(1));
        assert_eq!(decide(&rules, 1, &Called { attempts: 3, ..called(0, 0) }), Some(2));
        assert_eq!(decide(&rules[..1], 1, &called(0, 0)), None);
    }

    #[test]
    fn a_share_of_messages_holds_for_all_their_calls_and_one_of_calls_does_not() {
        let half = Rule { share: 1 << 63, ..any() };
        let poison = Rule { of_messages: true, ..half.clone() };
        let count = |rule: &Rule, salt: u64, call: &dyn Fn(u64) -> Called<'static>| {
            (0..10_000).filter(|index| rule.applies(0, salt, &call(*index))).count()
        };
        for salt in 0..5 {
            assert!((4_800..5_200).contains(&count(&half, salt, &|index| called(4, index))), "calls of one message");
            assert!([0, 10_000].contains(&count(&half, salt, &|index| called(index, 0))), "messages of one call");
            assert!((4_800..5_200).contains(&count(&poison, salt, &|index| called(index, index))), "poison");
            assert!([0, 10_000].contains(&count(&poison, salt, &|index| called(4, index))), "one is poisonous or not");
        }
    }
}
