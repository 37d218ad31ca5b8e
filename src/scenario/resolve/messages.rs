//! What producers put on their messages: tags, properties, delays, transactions.

use super::Resolver;
use crate::scenario::diagnose::Fault;
use crate::scenario::plan::{PropertyPlan, TransactionPlan};
use crate::scenario::raw::{Outcomes, Producer, Property, Transaction};
use crate::scenario::tree::At;
use crate::scenario::units::Weights;

/// Most combinations of a tag and a value of each property: each is a class of messages.
pub(super) const MOST_COMBINATIONS: u64 = 1 << 20;
/// Most values over all properties and instances of a producer.
const MOST_VALUES: u64 = 1 << 22;
/// Greatest weight.
const GREATEST_WEIGHT: f64 = 1e12;
/// Names that RocketMQ keeps for itself (`MessageConst.STRING_HASH_SET`).
const RESERVED: [&str; 26] = [
    "KEYS",
    "TAGS",
    "WAIT",
    "DELAY",
    "RETRY_TOPIC",
    "REAL_TOPIC",
    "REAL_QID",
    "TRAN_MSG",
    "PGROUP",
    "MIN_OFFSET",
    "MAX_OFFSET",
    "BUYER_ID",
    "ORIGIN_MESSAGE_ID",
    "TRANSFER_FLAG",
    "CORRECTION_FLAG",
    "MQ2_FLAG",
    "RECONSUME_TIME",
    "MSG_REGION",
    "TRACE_ON",
    "UNIQ_KEY",
    "MAX_RECONSUME_TIMES",
    "CONSUME_START_TIME",
    "INSTANCE_ID",
    "CORRELATION_ID",
    "REPLY_TO_CLIENT",
    "TTL",
];

/// A value or none, with its weight.
type Weighted = Vec<(Option<String>, f64)>;

impl Resolver<'_> {
    /// Tags with their weights; `none` is no tag.
    pub(super) fn tags(&self, raw: &Producer, at: &At) -> Result<Weighted, Fault> {
        let Some(tags) = &raw.tags else { return Ok(Weighted::new()) };
        let at = at.key("tags");
        self.weights(tags, &at)?;
        for (index, (tag, _)) in tags.0.iter().enumerate() {
            self.clean(tag, &self.entry(&at, index, tag), "a tag")?;
            if tag.contains("||") {
                let fault = self.fault(&self.entry(&at, index, tag), format!("the tag `{tag}` contains `||`"));
                return Err(fault.help("no subscription could name it"));
            }
        }
        let tag = |(tag, weight): &(String, f64)| ((tag != "none").then(|| tag.clone()), *weight);
        Ok(tags.0.iter().map(tag).collect())
    }

    /// User properties, and whether all combinations can be told apart.
    pub(super) fn properties(
        &self,
        raw: &Producer,
        tags: usize,
        instances: u64,
        at: &At,
    ) -> Result<Vec<PropertyPlan>, Fault> {
        let at = at.key("properties");
        let mut plans: Vec<PropertyPlan> = Vec::new();
        let mut combinations = tags.max(1) as u64;
        let mut values = 0;
        for (name, property) in &raw.properties {
            let place = at.key(name);
            self.clean(name, &place, "a property name")?;
            if RESERVED.contains(&name.as_str()) {
                let fault = self.key_fault(&place, format!("`{name}` is a property that RocketMQ sets itself"));
                return Err(fault.maybe_help(match name.as_str() {
                    "TAGS" => Some("write `tags:`".to_owned()),
                    "KEYS" => Some("write `keys:`".to_owned()),
                    "DELAY" => Some("write `delayLevel:`".to_owned()),
                    _ => None,
                }));
            }
            let count = self.value_count(property, &place)?;
            combinations = combinations.saturating_mul(count);
            values += count * instances;
            if combinations > MOST_COMBINATIONS {
                let message = format!("more than {MOST_COMBINATIONS} combinations of a tag and property values");
                return Err(self.key_fault(&place, message).help("give the properties fewer different values"));
            }
            if values > MOST_VALUES {
                let message = format!("more than {MOST_VALUES} property values over all instances");
                return Err(self.key_fault(&place, message).help("give the properties fewer different values"));
            }
            plans.push(PropertyPlan { name: name.clone(), values: self.property_values(property, &place)? });
        }
        plans.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(plans)
    }

    fn value_count(&self, property: &Property, at: &At) -> Result<u64, Fault> {
        let of_range = match property.range {
            None => property.values.0.len() as u64,
            Some((from, to)) if from > to => {
                let message = format!("the range from {from} to {to} is upside down");
                return Err(self.fault(&at.key("from"), message));
            }
            Some((from, to)) => (i128::from(to) - i128::from(from) + 1).min(i128::from(u32::MAX)) as u64,
        };
        if of_range == 0 {
            return Err(self.key_fault(at, "a property without values"));
        }
        Ok(of_range + u64::from(property.missing.is_some()))
    }

    fn property_values(&self, property: &Property, at: &At) -> Result<Weighted, Fault> {
        let mut values: Weighted = match property.range {
            Some((from, to)) => (from..=to).map(|number| (Some(number.to_string()), 1.0)).collect(),
            None => {
                let listed = self.tree.has(&at.key("values"));
                let at = if listed { at.key("values") } else { at.clone() };
                self.weights(&property.values, &at)?;
                for (index, (value, _)) in property.values.0.iter().enumerate() {
                    self.clean(value, &self.entry(&at, index, value), "a property value")?;
                }
                property.values.0.iter().map(|(value, weight)| (Some(value.clone()), *weight)).collect()
            }
        };
        if let Some(missing) = property.missing {
            if !(0.0..1.0).contains(&missing) {
                let message = format!("`missing` must be 0 or more and below 1, got {missing}");
                return Err(self.fault(&at.key("missing"), message));
            }
            let sum: f64 = values.iter().map(|(_, weight)| weight).sum();
            values.push((None, sum * missing / (1.0 - missing)));
        }
        Ok(values)
    }

    /// Delay levels with their weights; none when every message has level 0.
    pub(super) fn delay_levels(&self, raw: &Producer, at: &At) -> Result<Vec<(u8, f64)>, Fault> {
        let Some(levels) = &raw.delay_level else { return Ok(Vec::new()) };
        let at = at.key("delayLevel");
        self.weights(levels, &at)?;
        let mut plan = Vec::new();
        for (index, (level, weight)) in levels.0.iter().enumerate() {
            let number: u8 = level.parse().map_err(|_| {
                let place = self.entry(&at, index, level);
                let is_key = self.tree.has(&at.key(level));
                let message = format!("`{level}` is not a delay level; levels are 0 (none) to 255");
                if is_key { self.key_fault(&place, message) } else { self.fault(&place, message) }
            })?;
            plan.push((number, *weight));
        }
        // `TransactionMQProducer` takes the level off.
        let none = plan.iter().all(|(level, weight)| *level == 0 || *weight == 0.0);
        Ok(if none || raw.transaction.is_some() { Vec::new() } else { plan })
    }

    pub(super) fn transaction(&self, raw: &Transaction, at: &At) -> Result<TransactionPlan, Fault> {
        let lost_end = raw.lost_end.expect("filled in");
        if !(0.0..=1.0).contains(&lost_end) {
            return Err(self.fault(&at.key("lostEnd"), format!("`lostEnd` must be 0 to 1, got {lost_end}")));
        }
        Ok(TransactionPlan {
            local_time: self.times(raw.local_time.as_ref(), &at.key("localTime"))?,
            outcome: self.outcomes(raw.outcome, &at.key("outcome"))?,
            lost_end,
            check_time: self.times(raw.check_time.as_ref(), &at.key("checkTime"))?,
            check_outcome: self.outcomes(raw.check_outcome, &at.key("checkOutcome"))?,
        })
    }

    fn outcomes(&self, outcomes: Option<Outcomes>, at: &At) -> Result<[f64; 3], Fault> {
        let weights = outcomes.expect("filled in").weights();
        for (key, weight) in ["commit", "rollback", "unknown"].into_iter().zip(weights) {
            self.weight(weight, &at.key(key))?;
        }
        if weights.iter().all(|weight| *weight == 0.0) {
            return Err(self.fault(at, "no outcome has a weight above 0").help("write {commit: 0.9, unknown: 0.1}"));
        }
        Ok(weights)
    }

    fn weights(&self, weights: &Weights, at: &At) -> Result<(), Fault> {
        for (index, (value, weight)) in weights.0.iter().enumerate() {
            self.weight(*weight, &self.entry(at, index, value))?;
        }
        if weights.0.iter().all(|(_, weight)| *weight == 0.0) {
            return Err(self.fault(at, "no value has a weight above 0"));
        }
        Ok(())
    }

    fn weight(&self, weight: f64, at: &At) -> Result<(), Fault> {
        if weight.is_finite() && (0.0..=GREATEST_WEIGHT).contains(&weight) {
            return Ok(());
        }
        Err(self.fault(at, format!("a weight is a number of 0 or more, got {weight}")))
    }

    /// The place of a value in a list, or of the weight of a value in a mapping.
    fn entry(&self, at: &At, index: usize, value: &str) -> At {
        if self.tree.has(&at.key(value)) { at.key(value) } else { at.index(index) }
    }

    /// What a properties string can hold: not nothing, and not its separators (`MessageDecoder`).
    fn clean(&self, text: &str, at: &At, what: &str) -> Result<(), Fault> {
        if text.trim().is_empty() {
            return Err(self.key_fault(at, format!("{what} that is empty")));
        }
        if text.contains(['\u{1}', '\u{2}']) {
            return Err(self.key_fault(at, format!("{what} with a separator of RocketMQ's own (U+0001 or U+0002)")));
        }
        Ok(())
    }
}
