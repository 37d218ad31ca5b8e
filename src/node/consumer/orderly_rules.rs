//! The rules of a member's listener, ready for use: what the configuration says, with samplers and the run's salt.

use crate::consume::listener_rules::{Called, Rule, decide};
use crate::kernel::dist::Sampler;
use crate::kernel::rng::Stream;
use crate::kernel::time::SimTime;
use crate::node::config::ListenerRule;
use crate::store::catalog::Catalog;
use crate::store::ids::{InstanceIx, QueueIx};

/// What the listener does with one message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    /// It throws, or answers that the message is to come again.
    pub(super) fails: bool,
    /// It takes this many ns instead of the service time.
    pub(super) service: Option<u64>,
}

/// A message that is to be judged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Judged {
    /// Where it was read from.
    pub(super) queue: QueueIx,
    pub(super) offset: u64,
    pub(super) key: u32,
    pub(super) class: u32,
    /// The listener is called.
    pub(super) start: SimTime,
    /// `reconsumeTimes`.
    pub(super) attempts: u32,
    /// Number of the call.
    pub(super) call: u64,
}

/// The rules.
#[derive(Debug, Default)]
pub(super) struct ListenerRules {
    rules: Vec<Rule>,
    fails: Vec<bool>,
    services: Vec<Option<Sampler>>,
    salt: u64,
    me: u64,
}

impl ListenerRules {
    pub(super) fn new(me: InstanceIx, rules: &[ListenerRule], salt: u64) -> Self {
        Self {
            fails: rules.iter().map(|rule| rule.fails).collect(),
            services: rules.iter().map(|rule| rule.service_time.as_ref().map(|time| time.sampler())).collect(),
            rules: rules.iter().map(rule).collect(),
            salt,
            me: u64::from(me.0) << 40,
        }
    }

    /// Whether the listener treats all messages alike.
    pub(super) const fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// What the listener does with a message. Only a rule with a service time of its own draws from the stream.
    pub(super) fn judge(&self, message: Judged, catalog: &Catalog, stream: &mut Stream) -> Verdict {
        if self.is_empty() {
            return Verdict::default();
        }
        let called = Called {
            key: message.key,
            tag: catalog.class(message.class).tag.as_deref(),
            start: message.start,
            attempts: message.attempts,
            origin: catalog.origin(message.class, message.queue, message.offset),
            occasion: self.me | message.call,
        };
        match decide(&self.rules, self.salt, &called) {
            None => Verdict::default(),
            Some(place) => Verdict {
                fails: self.fails[place],
                service: self.services[place].as_ref().map(|sampler| sampler.sample(stream)),
            },
        }
    }
}

/// The pure form of a configured rule: its share as a whole number.
fn rule(rule: &ListenerRule) -> Rule {
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
