//! What a listener does differently with some messages: the rules of a group, compiled. They decide when a call is
//! submitted, because its start and end are known then.

use crate::kernel::dist::Sampler;
use crate::kernel::rng::Stream;
use crate::kernel::time::{SimDuration, SimTime};
use crate::node::config::ListenerRule;
use crate::store::catalog::{Catalog, Origin};
use crate::store::ids::QueueIx;

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
    /// Attempts made in this process after send-backs that failed.
    pub(super) local: u16,
}

impl Subject {
    /// `reconsumeTimes` as this process counts it.
    pub(super) fn attempts(&self, catalog: &Catalog) -> u16 {
        catalog.reconsume_times(self.class).saturating_add(self.local)
    }
}

/// What a call will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Time in the listener.
    pub(super) service: SimDuration,
    /// Position in the batch of the message at which it fails; those behind it are not worked on.
    pub(super) fails_at: Option<usize>,
}

#[derive(Debug)]
struct Rule {
    is: ListenerRule,
    service: Option<Sampler>,
}

/// The rules of a group.
#[derive(Debug)]
pub(super) struct Rules {
    rules: Vec<Rule>,
    /// The same for all members of a group, so that all of them agree on which messages are poisonous.
    poison: u64,
    /// This call's draw of each rule, made when first needed.
    draws: Vec<Option<f64>>,
}

impl Rules {
    /// `None` without rules: then calls need no judgement.
    pub(super) fn new(rules: &[ListenerRule], poison: u64) -> Option<Self> {
        let compile = |rule: &ListenerRule| {
            let mut is = rule.clone();
            is.keys.sort_unstable();
            Rule { service: is.service_time.as_ref().map(|law| law.sampler()), is }
        };
        let rules: Vec<Rule> = rules.iter().map(compile).collect();
        (!rules.is_empty()).then(|| Self { draws: vec![None; rules.len()], rules, poison })
    }

    /// Judges a call that starts at `start`. `usual` is the time that each message takes by the service time, behind the time
    /// of the call itself; all draws but these come from `stream`.
    pub(super) fn judge(
        &mut self,
        start: SimTime,
        call: SimDuration,
        messages: &[(Subject, SimDuration)],
        catalog: &Catalog,
        stream: &mut Stream,
    ) -> Verdict {
        self.draws.fill(None);
        let mut service = call;
        for (position, (subject, usual)) in messages.iter().enumerate() {
            let Some(index) = self.first(start, subject, catalog, stream) else {
                service += *usual;
                continue;
            };
            let rule = &self.rules[index];
            service += rule.service.as_ref().map_or(*usual, |law| law.duration(stream));
            if rule.is.fails {
                return Verdict { service, fails_at: Some(position) };
            }
        }
        Verdict { service, fails_at: None }
    }

    /// The first rule that applies to a message.
    fn first(&mut self, start: SimTime, subject: &Subject, catalog: &Catalog, stream: &mut Stream) -> Option<usize> {
        (0..self.rules.len()).find(|index| self.applies(*index, start, subject, catalog, stream))
    }

    fn applies(
        &mut self,
        index: usize,
        start: SimTime,
        subject: &Subject,
        catalog: &Catalog,
        stream: &mut Stream,
    ) -> bool {
        let rule = &self.rules[index].is;
        let meant = (rule.keys.is_empty() || rule.keys.binary_search(&subject.key).is_ok())
            && (rule.tags.is_empty() || has_tag(&rule.tags, subject, catalog))
            && (rule.from..rule.until).contains(&start)
            && u32::from(subject.attempts(catalog)) < rule.attempts_below;
        if !meant || rule.probability >= 1.0 {
            return meant;
        }
        let drawn = if rule.of_messages {
            let origin = catalog.origin(subject.class, subject.queue, subject.offset);
            share_of(self.poison, index as u64, origin)
        } else {
            *self.draws[index].get_or_insert_with(|| stream.unit())
        };
        drawn < rule.probability
    }
}

fn has_tag(tags: &[String], subject: &Subject, catalog: &Catalog) -> bool {
    catalog.class(subject.class).tag.as_deref().is_some_and(|tag| tags.iter().any(|wanted| wanted == tag))
}

/// A number in [0, 1) that belongs to a message, whoever asks and however often (`SplitMix64` over what names it).
fn share_of(seed: u64, rule: u64, origin: Origin) -> f64 {
    let mut hash = seed;
    for part in [rule, u64::from(origin.queue.0), origin.offset] {
        hash = hash.wrapping_add(part).wrapping_add(0x9e37_79b9_7f4a_7c15);
        hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        hash ^= hash >> 31;
    }
    (hash >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
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
        let mut rules = Rules::new(&[rule], 5).unwrap();
        let mut stream = Streams::new(1).stream("c", "failures");
        rules.judge(SimTime::from_secs(at), MS, messages, &catalog(), &mut stream)
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
            let mut rules = Rules::new(std::slice::from_ref(&rule), 5).unwrap();
            let mut stream = Streams::new(seed).stream("c", "failures");
            let mut fails = |offset: &u64| {
                let messages = [subject(*offset, 0, 0)];
                rules.judge(SimTime::ZERO, MS, &messages, &catalog(), &mut stream).fails_at.is_some()
            };
            (0..1000).filter(|offset| fails(offset)).collect()
        };
        assert_eq!(poisonous(1), poisonous(2));
        assert!(poisonous(1).len().abs_diff(250) < 45, "{}", poisonous(1).len());
    }

    #[test]
    fn a_share_of_calls_is_drawn_once_for_a_whole_batch() {
        let rule = ListenerRule { probability: 0.5, ..always() };
        let mut rules = Rules::new(&[rule], 5).unwrap();
        let mut stream = Streams::new(1).stream("c", "failures");
        let batch: Vec<_> = (0..8).map(|offset| subject(offset, 0, 0)).collect();
        let mut failed = 0;
        for _ in 0..1000 {
            let verdict = rules.judge(SimTime::ZERO, MS, &batch, &catalog(), &mut stream);
            assert!(matches!(verdict.fails_at, None | Some(0)));
            failed += u32::from(verdict.fails_at.is_some());
        }
        assert!(failed.abs_diff(500) < 60, "{failed}");
    }
}
