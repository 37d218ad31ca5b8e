//! Configuration files of real brokers to the text of a scenario.
//!
//! [`survey`] finds out what the files of all brokers say together, [`system`] tells what belongs to RocketMQ itself,
//! [`write`] puts the rest into words of the scenario language, [`settings`] what that language knows of a group.

mod header;
mod quote;
mod settings;
mod survey;
mod system;
mod write;

use crate::store::disk::config::{ConsumerOffsets, SubscriptionGroups, Topics};

use super::resolve::MOST_QUEUES;
use survey::Survey;

/// What the configuration folder of one broker holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BrokerFiles {
    /// `brokerName`, if the user gives it; else it is looked for among the topics.
    pub name: Option<String>,
    /// `topics.json`.
    pub topics: Topics,
    /// `consumerOffset.json`.
    pub offsets: Option<ConsumerOffsets>,
    /// `subscriptionGroup.json`.
    pub groups: Option<SubscriptionGroups>,
    /// Where they come from, for the comment at the top.
    pub sources: Vec<String>,
}

/// A scenario made from files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// YAML.
    pub text: String,
    /// Topics in it.
    pub topics: usize,
    /// Groups in it.
    pub groups: usize,
}

/// Why files make no scenario.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// Two brokers have one name.
    #[error("two brokers are called {0}")]
    SameBroker(String),
    /// More brokers than a scenario may have.
    #[error("{brokers} brokers; a scenario has at most {most}")]
    TooManyBrokers {
        /// How many there are.
        brokers: usize,
        /// The limit.
        most: usize,
    },
    /// Nothing that a scenario could be about.
    #[error("no topic is left: the files have {system} system topics and {unusable} unusable ones")]
    NoTopics {
        /// Topics of RocketMQ itself.
        system: usize,
        /// Topics without a queue, or with a name that RocketMQ refuses.
        unusable: usize,
    },
    /// More queues than a scenario may have.
    #[error("{queues} queues in all; a scenario has at most {most}")]
    TooManyQueues {
        /// How many there are.
        queues: u64,
        /// The limit.
        most: u64,
    },
}

/// Most brokers of a scenario.
const MOST_BROKERS: usize = 1000;

/// Makes a scenario of the files of one or more brokers. It is valid; what the files cannot tell is in it as a
/// placeholder, marked by a comment.
///
/// # Errors
/// [`ImportError`] when there is nothing to make a scenario of, or too much.
pub fn import(brokers: &[BrokerFiles]) -> Result<Imported, ImportError> {
    if brokers.len() > MOST_BROKERS {
        return Err(ImportError::TooManyBrokers { brokers: brokers.len(), most: MOST_BROKERS });
    }
    let survey = Survey::of(brokers)?;
    if survey.topics.is_empty() {
        let (system, unusable) = (survey.left.system_topics.len(), survey.left.unusable_topics.len());
        return Err(ImportError::NoTopics { system, unusable });
    }
    let queues = survey.topics.iter().map(survey::Topic::queues).sum();
    if queues > MOST_QUEUES {
        return Err(ImportError::TooManyQueues { queues, most: MOST_QUEUES });
    }
    Ok(Imported { text: write::scenario(&survey, brokers), topics: survey.topics.len(), groups: survey.groups.len() })
}
