//! A subscription of either type, as broker and client use it.

use super::properties::Properties;
use super::sql::{SqlError, SqlFilter};
use super::tag::{TagFilter, TagFilterError};

/// How a subscription's text is read (`ExpressionType`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExpressionType {
    /// Tags; also meant by a request that states no type.
    #[default]
    Tag,
    /// SQL92 over properties.
    Sql92,
}

impl ExpressionType {
    /// The name in requests and heartbeats.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tag => "TAG",
            Self::Sql92 => "SQL92",
        }
    }
}

/// Why a text is no subscription.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExpressionError {
    /// Of tags.
    #[error(transparent)]
    Tag(#[from] TagFilterError),
    /// Of SQL92.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// A subscription that is ready to judge messages.
#[derive(Clone, Debug)]
pub enum Expression {
    /// By tag: the broker looks at the hash, the client at the tag.
    Tag(TagFilter),
    /// By properties: the broker looks at the record, the client at nothing.
    Sql(SqlFilter),
}

impl Expression {
    /// Reads a subscription of a type (`FilterAPI#build`).
    ///
    /// # Errors
    /// When the text is no subscription of that type.
    pub fn parse(kind: ExpressionType, text: &str) -> Result<Self, ExpressionError> {
        match kind {
            ExpressionType::Tag => Self::tag(text).map_err(ExpressionError::from),
            ExpressionType::Sql92 => Self::sql(text).map_err(ExpressionError::from),
        }
    }

    /// A tag subscription: `*`, or tags separated by `||`.
    ///
    /// # Errors
    /// When the text consists of separators only.
    pub fn tag(text: &str) -> Result<Self, TagFilterError> {
        TagFilter::parse(Some(text)).map(Self::Tag)
    }

    /// An SQL92 subscription.
    ///
    /// # Errors
    /// When the text does not compile.
    pub fn sql(text: &str) -> Result<Self, SqlError> {
        SqlFilter::compile(text).map(Self::Sql)
    }

    /// The subscription to every message.
    #[must_use]
    pub fn all() -> Self {
        Self::Tag(TagFilter::all())
    }

    /// The type.
    #[must_use]
    pub const fn kind(&self) -> ExpressionType {
        match self {
            Self::Tag(_) => ExpressionType::Tag,
            Self::Sql(_) => ExpressionType::Sql92,
        }
    }

    /// The text (`subString`).
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Tag(filter) => filter.sub_string(),
            Self::Sql(filter) => filter.text(),
        }
    }

    /// Whether nothing is ever filtered, at the broker or at the client.
    #[inline]
    #[must_use]
    pub fn is_all(&self) -> bool {
        matches!(self, Self::Tag(filter) if filter.is_all())
    }

    /// Whether the broker has to read a message's properties to judge it.
    #[inline]
    #[must_use]
    pub const fn needs_properties(&self) -> bool {
        matches!(self, Self::Sql(_))
    }

    /// The broker's test of a consume queue entry, before it reads the record
    /// (`ExpressionMessageFilter#isMatchedByConsumeQueue`). SQL lets every entry pass here.
    #[inline]
    #[must_use]
    pub fn code_passes(&self, tags_code: i64) -> bool {
        match self {
            Self::Tag(filter) => filter.matches_code(tags_code),
            Self::Sql(_) => true,
        }
    }

    /// The broker's test of the record (`ExpressionMessageFilter#isMatchedByCommitLog`). Tags let every record pass here.
    #[inline]
    #[must_use]
    pub fn properties_pass(&self, properties: &impl Properties) -> bool {
        match self {
            Self::Tag(_) => true,
            Self::Sql(filter) => filter.matches(properties),
        }
    }

    /// The names of [`Expression::slots_pass`]'s values, each once; none for tags.
    #[must_use]
    pub fn names(&self) -> &[String] {
        match self {
            Self::Tag(_) => &[],
            Self::Sql(filter) => filter.names(),
        }
    }

    /// [`Expression::properties_pass`] with the values of [`Expression::names`], in that order, already looked up.
    #[inline]
    #[must_use]
    pub fn slots_pass(&self, values: &[Option<&str>]) -> bool {
        match self {
            Self::Tag(_) => true,
            Self::Sql(filter) => filter.matches_slots(values),
        }
    }

    /// The client's test (`PullAPIWrapper#processPullResult`): the exact tag. SQL has no tags, so all that arrives passes.
    #[must_use]
    pub fn client_passes(&self, tag: Option<&str>) -> bool {
        match self {
            Self::Tag(filter) => filter.matches_tag(tag),
            Self::Sql(_) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::tag::tags_code;

    #[test]
    fn tags_are_judged_by_code_at_the_broker_and_by_name_at_the_client() {
        let aa = Expression::tag("Aa || C").unwrap();
        assert!(aa.code_passes(tags_code(Some("BB"))) && !aa.client_passes(Some("BB")));
        assert!(aa.client_passes(Some("C")) && !aa.code_passes(tags_code(Some("D"))));
        assert!(aa.properties_pass(&()) && !aa.needs_properties() && !aa.is_all());
        assert_eq!((aa.kind().name(), aa.text(), aa.names().len()), ("TAG", "Aa || C", 0));
        assert!(
            Expression::all().is_all() && Expression::all().code_passes(7) && Expression::all().client_passes(None)
        );
    }

    #[test]
    fn sql_is_judged_by_properties_at_the_broker_alone() {
        let sql = Expression::sql("a > 5").unwrap();
        assert!(sql.code_passes(0) && sql.client_passes(None) && !sql.is_all() && sql.needs_properties());
        assert!(sql.properties_pass(&[("a", "7")]) && !sql.properties_pass(&()));
        assert_eq!(sql.names(), ["a"]);
        assert!(sql.slots_pass(&[Some("6")]) && !sql.slots_pass(&[Some("5")]) && !sql.slots_pass(&[]));
    }

    #[test]
    fn a_text_that_is_no_subscription_is_refused_in_the_words_of_its_type() {
        let refused = |kind, text| Expression::parse(kind, text).unwrap_err().to_string();
        assert!(refused(ExpressionType::Tag, "||").contains("needs a tag"));
        assert!(refused(ExpressionType::Sql92, "").contains("the expression is empty"));
        assert!(matches!(Expression::parse(ExpressionType::default(), "a = 1"), Ok(Expression::Tag(_))));
    }
}
