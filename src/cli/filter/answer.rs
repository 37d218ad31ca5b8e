//! What a subscription makes of one message.

use std::collections::BTreeMap;

use super::{FilterArgs, FilterCommandError};
use crate::filter::sql::{EvalError, SqlFilter};
use crate::filter::tag::{TagFilter, tags_code};

/// A subscription, a message, and the judgement.
pub(super) enum Answer {
    Sql { filter: SqlFilter, properties: BTreeMap<String, String>, worth: Result<Option<bool>, EvalError> },
    Tags { filter: TagFilter, tag: Option<String>, code: i64, broker: bool, client: bool },
}

impl Answer {
    pub(super) fn of(args: &FilterArgs) -> Result<Self, FilterCommandError> {
        match (&args.expression, &args.tags) {
            (Some(expression), _) => Self::of_expression(expression, &args.properties),
            (None, Some(tags)) => Self::of_tags(tags, args.tag.clone()),
            (None, None) => Err(FilterCommandError::argument(
                "there is nothing to judge by",
                "give an expression, --tags or --cases; rocketmq-sim filter --help shows examples",
            )),
        }
    }

    fn of_expression(expression: &str, pairs: &[String]) -> Result<Self, FilterCommandError> {
        let filter =
            SqlFilter::compile(expression).map_err(|error| FilterCommandError::expression(error, expression))?;
        let properties = properties(pairs)?;
        let worth = filter.evaluate(&properties);
        Ok(Self::Sql { filter, properties, worth })
    }

    fn of_tags(tags: &str, tag: Option<String>) -> Result<Self, FilterCommandError> {
        let filter = TagFilter::parse(Some(tags)).map_err(FilterCommandError::Tags)?;
        let code = tags_code(tag.as_deref());
        let (broker, client) = (filter.matches_code(code), filter.matches_tag(tag.as_deref()));
        Ok(Self::Tags { filter, tag, code, broker, client })
    }
}

/// Properties from `name=value` words; the value may hold anything, or nothing.
fn properties(pairs: &[String]) -> Result<BTreeMap<String, String>, FilterCommandError> {
    let mut properties = BTreeMap::new();
    for pair in pairs {
        let (name, value) = pair.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or_else(|| {
            FilterCommandError::argument(
                format!("`{pair}` is no property"),
                "write name=value; the expression is one word, so put it in quotes",
            )
        })?;
        if properties.insert(name.to_owned(), value.to_owned()).is_some() {
            return Err(FilterCommandError::argument(
                format!("property {name} is given twice"),
                "a message has each property once",
            ));
        }
    }
    Ok(properties)
}
