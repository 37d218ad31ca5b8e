//! What a listener does differently with some messages: the rules of a group, ready for use. Concurrent consumers judge a call
//! when it is submitted, because its start and end are known then, orderly ones when it begins.

use crate::consume::listener_rules::{Called, Rule, decide};
use crate::kernel::dist::Sampler;
use crate::kernel::rng::Stream;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::config::ListenerRule;
use crate::store::catalog::Catalog;
use crate::store::ids::{InstanceIx, QueueIx};

/// A message of a call, as rules see it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject {
    /// Where it was pulled from.
    pub(super) queue: QueueIx,
    /// Its offset there.
    pub(super) offset: u64,
    /// Number of its key.
    pub(super) key: u32,
    /// Its handle in the catalog.
    pub(super) class: u32,
    /// Attempts made in this process beside those that the message carries: after send-backs that failed, or in place.
    pub(super) local: u16,
}

impl Subject {
    /// `reconsumeTimes` as this process counts it.
    pub(super) fn attempts(&self, catalog: &Catalog) -> u16 {
        catalog.reconsume_times(self.class).saturating_add(self.local)
    }
}

/// A listener call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Occasion {
    /// When it begins.
    pub(super) start: SimTime,
    /// Its number at this consumer.
    pub(super) call: u64,
}

/// What a call will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Time in the listener.
    pub(super) service: SimDuration,
    /// Position in the batch of the message at which it fails; those behind it are not worked on.
    pub(super) fails_at: Option<usize>,
}

/// What a rule does.
#[derive(Debug)]
struct Deed {
    fails: bool,
    service: Option<Sampler>,
}

/// The rules of a group's listener at one member.
#[derive(Debug, Default)]
pub(super) struct ListenerRules {
    rules: Vec<Rule>,
    deeds: Vec<Deed>,
    /// The same for all members of a run, so that all of them agree on which messages are poisonous.
    salt: u64,
    me: u64,
    /// Some rule asks for tags.
    by_tag: bool,
}

impl ListenerRules {
    /// The rules of a member; `salt` is the same for all members.
    pub(super) fn new(me: InstanceIx, rules: &[ListenerRule], salt: u64) -> Self {
        let deed = |rule: &ListenerRule| Deed {
            fails: rule.fails,
            service: rule.service_time.as_ref().map(|law| law.sampler()),
        };
        Self {
            rules: rules.iter().map(pure).collect(),
            deeds: rules.iter().map(deed).collect(),
            salt,
            me: u64::from(me.0) << 40,
            by_tag: rules.iter().any(|rule| !rule.tags.is_empty()),
        }
    }

    /// Whether the listener treats all messages alike: then calls need no judgement.
    pub(super) const fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Judges a call. `messages` are its messages with the time that each takes by the service time, behind the time of the
    /// call itself; only a rule with a service time of its own draws from `stream`.
    pub(super) fn judge(
        &self,
        occasion: Occasion,
        call: SimDuration,
        messages: &[(Subject, SimDuration)],
        catalog: &Catalog,
        stream: &mut Stream,
    ) -> Verdict {
        let mut service = call;
        for (position, (subject, usual)) in messages.iter().enumerate() {
            let Some(deed) = self.first(occasion, subject, catalog) else {
                service += *usual;
                continue;
            };
            service += deed.service.as_ref().map_or(*usual, |law| law.duration(stream));
            if deed.fails {
                return Verdict { service, fails_at: Some(position) };
            }
        }
        Verdict { service, fails_at: None }
    }

    /// What the first rule that applies to a message does.
    fn first(&self, occasion: Occasion, subject: &Subject, catalog: &Catalog) -> Option<&Deed> {
        let called = Called {
            key: subject.key,
            tag: if self.by_tag { catalog.class(subject.class).tag.as_deref() } else { None },
            start: occasion.start,
            attempts: u32::from(subject.attempts(catalog)),
            origin: catalog.origin(subject.class, subject.queue, subject.offset),
            occasion: self.me | occasion.call,
        };
        decide(&self.rules, self.salt, &called).map(|place| &self.deeds[place])
    }
}

/// The pure form of a configured rule: its share as a whole number.
fn pure(rule: &ListenerRule) -> Rule {
    let share = rule.probability.clamp(0.0, 1.0);
    Rule {
        keys: rule.keys.clone(),
        tags: rule.tags.iter().map(|tag| tag.as_str().into()).collect(),
        from: rule.from,
        until: rule.until,
        attempts_below: rule.attempts_below,
        share: if share >= 1.0 { u64::MAX } else { (share * 18_446_744_073_709_551_616.0) as u64 },
        of_messages: rule.of_messages,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::dist::Distribution;
    use crate::kernel::rng::Streams;
    use crate::store::catalog::ClassFacts;
    use crate::store::ids::TopicIx;
    use crate::store::message::MessageClass;

    const MS: SimDuration = SimDuration::from_millis(1);

    fn always() -> ListenerRule {
        ListenerRule {
            keys: Vec::new(),
            tags: Vec::new(),
            from: SimTime::ZERO,
            until: SimTime::MAX,
            attempts_below: u32::MAX,
            probability: 1.0,
            of_messages: false,
            fails: true,
            service_time: None,
        }
    }

    fn catalog() -> Catalog {
        let mut catalog = Catalog::default();
        for tag in [None, Some("a".into())] {
            let class = MessageClass { topic_bytes: 1, properties_bytes: 0, tags_code: 0 };
            catalog.add_class(ClassFacts { class, topic: TopicIx(0), producer: None, tag, properties: [].into() });
        }
        catalog
    }

    fn subject(offset: u64, key: u32, class: u32) -> (Subject, SimDuration) {
        (Subject { queue: QueueIx(0), offset, key, class, local: 0 }, MS)
    }

    fn judged(rule: ListenerRule, at: u64, messages: &[(Subject, SimDuration)]) -> Verdict {
        let rules = ListenerRules::new(InstanceIx(0), &[rule], 5);
        let mut stream = Streams::new(1).stream("c", "failures");
        rules.judge(Occasion { start: SimTime::from_secs(at), call: 0 }, MS, messages, &catalog(), &mut stream)
    }

    #[test]
    fn keys_tags_times_and_attempts_narrow_a_rule() {
        let message = [subject(0, 7, 1)];
        let fails = |rule, at| judged(rule, at, &message).fails_at.is_some();
        assert!(fails(ListenerRule { keys: vec![9, 7], ..always() }, 0));
        assert!(!fails(ListenerRule { keys: vec![8], ..always() }, 0));
        assert!(fails(ListenerRule { tags: vec!["b".into(), "a".into()], ..always() }, 0));
        assert!(!fails(ListenerRule { tags: vec!["b".into()], ..always() }, 0));
        let window = ListenerRule { from: SimTime::from_secs(5), until: SimTime::from_secs(7), ..always() };
        assert_eq!([4, 5, 6, 7].map(|at| fails(window.clone(), at)), [false, true, true, false]);
        assert!(!fails(ListenerRule { attempts_below: 0, ..always() }, 0));
    }

    #[test]
    fn a_failing_batch_is_worked_on_up_to_the_message_that_fails() {
        let batch = [subject(0, 1, 0), subject(1, 2, 0), subject(2, 3, 0)];
        let verdict = judged(ListenerRule { keys: vec![2], ..always() }, 0, &batch);
        assert_eq!(verdict, Verdict { service: MS * 3, fails_at: Some(1) });
        let slow = ListenerRule {
            keys: vec![2],
            fails: false,
            service_time: Some(Distribution::constant_duration(MS * 10)),
            ..always()
        };
        assert_eq!(judged(slow, 0, &batch), Verdict { service: MS * 13, fails_at: None });
    }

    #[test]
    fn a_share_of_messages_is_the_same_for_everybody_at_every_attempt() {
        let rule = ListenerRule { probability: 0.25, of_messages: true, ..always() };
        let poisonous = |seed| -> Vec<u64> {
            let rules = ListenerRules::new(InstanceIx(0), std::slice::from_ref(&rule), 5);
            let mut stream = Streams::new(seed).stream("c", "failures");
            let mut fails = |offset: &u64| {
                let messages = [subject(*offset, 0, 0)];
                rules
                    .judge(Occasion { start: SimTime::ZERO, call: seed }, MS, &messages, &catalog(), &mut stream)
                    .fails_at
                    .is_some()
            };
            (0..1000).filter(|offset| fails(offset)).collect()
        };
        assert_eq!(poisonous(1), poisonous(2));
        assert!(poisonous(1).len().abs_diff(250) < 45, "{}", poisonous(1).len());
    }

    #[test]
    fn a_share_of_calls_is_drawn_once_for_a_whole_batch() {
        let rule = ListenerRule { probability: 0.5, ..always() };
        let rules = ListenerRules::new(InstanceIx(0), &[rule], 5);
        let mut stream = Streams::new(1).stream("c", "failures");
        let batch: Vec<_> = (0..8).map(|offset| subject(offset, 0, 0)).collect();
        let mut failed = 0;
        for call in 0..1000 {
            let verdict = rules.judge(Occasion { start: SimTime::ZERO, call }, MS, &batch, &catalog(), &mut stream);
            assert!(matches!(verdict.fails_at, None | Some(0)));
            failed += u32::from(verdict.fails_at.is_some());
        }
        assert!(failed.abs_diff(500) < 60, "{failed}");
    }
}
