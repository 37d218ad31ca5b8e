//! Queues as people name them: `q0-q5`, `broker-a:0-3`, `none`.

use super::Resolver;
use crate::scenario::diagnose::Fault;
use crate::scenario::tree::At;
use crate::scenario::units::QueueRefs;
use crate::store::ids::{BrokerIx, QueueIx, TopicIx};

impl Resolver<'_> {
    /// The queues of a topic that `refs` names, ascending.
    pub(super) fn queue_refs(&self, refs: &QueueRefs, topic: TopicIx, at: &At) -> Result<Vec<QueueIx>, Fault> {
        let mut queues = Vec::new();
        for (index, text) in refs.0.iter().enumerate() {
            let at = at.index(index);
            for word in text.split([',', ' ']).filter(|word| !word.is_empty() && *word != "none") {
                self.add_refs(word, topic, &at, &mut queues)?;
            }
        }
        queues.sort_unstable();
        queues.dedup();
        Ok(queues)
    }

    fn add_refs(&self, word: &str, topic: TopicIx, at: &At, queues: &mut Vec<QueueIx>) -> Result<(), Fault> {
        let (broker, ids) = match word.rsplit_once(':') {
            Some((broker, ids)) => (BrokerIx::new(self.find(&self.brokers, broker, at)?), ids),
            None => (self.only_broker(topic, word, at)?, word),
        };
        let number = |text: &str| text.strip_prefix('q').unwrap_or(text).parse::<u32>().ok();
        let (first, last) = ids.split_once('-').unwrap_or((ids, ids));
        let (Some(first), Some(last)) = (number(first), number(last)) else {
            return Err(self
                .fault(at, format!("`{word}` does not name queues"))
                .help("write q0, q0-q5, broker-a:0-3 or none"));
        };
        if first > last {
            return Err(self.fault(at, format!("the range `{word}` is upside down")));
        }
        let of_broker = |key: &&crate::scenario::plan::QueueKey| key.topic == topic && key.broker == broker;
        let count = self.queues.iter().filter(of_broker).count() as u32;
        if last >= count {
            let topic = self.all_topics.name(topic.at());
            let broker = self.brokers.name(broker.at());
            let help = match count {
                0 => format!("{broker} does not carry {topic}"),
                _ => format!("{topic} has the queues 0 to {} on {broker}", count - 1),
            };
            return Err(self.fault(at, format!("there is no queue {last}")).help(help));
        }
        let base = self.queues.iter().position(|key| of_broker(&key)).expect("the count is above 0");
        queues.extend((first..=last).map(|id| QueueIx::new(base + id as usize)));
        Ok(())
    }

    fn only_broker(&self, topic: TopicIx, word: &str, at: &At) -> Result<BrokerIx, Fault> {
        let mut brokers: Vec<BrokerIx> =
            self.queues.iter().filter(|key| key.topic == topic).map(|key| key.broker).collect();
        brokers.dedup();
        match brokers.as_slice() {
            [only] => Ok(*only),
            _ => Err(self
                .fault(at, format!("`{word}` does not say which broker's queue it is"))
                .help(format!("several brokers carry the topic; write {}:{word}", self.brokers.name(brokers[0].at())))),
        }
    }
}
