//! Tag subscriptions: `*`, or tags separated by `||` (`FilterAPI#buildSubscriptionData`).

use crate::kernel::java::string_hash;

/// Subscribes to everything (`SubscriptionData.SUB_ALL`).
pub const SUB_ALL: &str = "*";

/// Why a text is not a tag subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TagFilterError {
    /// Nothing stands between the separators.
    #[error("a subscription needs a tag beside the separators `||`; write `*` for every message")]
    OnlySeparators,
}

/// The tags code of a message (`MessageExtBrokerInner#tagsString2tagsCode`): the tag's Java hash, 0 without a tag.
#[must_use]
pub fn tags_code(tag: Option<&str>) -> i64 {
    tag.map_or(0, |tag| i64::from(string_hash(tag)))
}

/// A tag subscription (`SubscriptionData` of type TAG).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagFilter {
    sub_string: String,
    all: bool,
    tags: Vec<String>,
    codes: Vec<i32>,
}

impl TagFilter {
    /// Reads a subscription. Absent, empty and `*` mean every message; blanks around tags do not count, and a text of
    /// blanks only is accepted and matches nothing at the broker.
    ///
    /// # Errors
    /// When the text consists of separators only.
    pub fn parse(expression: Option<&str>) -> Result<Self, TagFilterError> {
        let text = match expression {
            None | Some("" | SUB_ALL) => {
                return Ok(Self { sub_string: SUB_ALL.to_owned(), all: true, tags: Vec::new(), codes: Vec::new() });
            }
            Some(text) => text,
        };
        // `String#split` drops empty pieces at the end, so only separators leave no piece at all.
        if text.split("||").all(str::is_empty) {
            return Err(TagFilterError::OnlySeparators);
        }
        // `String#trim` takes away everything up to U+0020, and no other blanks.
        let pieces = text.split("||").map(|piece| piece.trim_matches(|c| c <= ' '));
        let mut tags: Vec<String> = pieces.filter(|tag| !tag.is_empty()).map(str::to_owned).collect();
        tags.sort();
        tags.dedup();
        let mut codes: Vec<i32> = tags.iter().map(|tag| string_hash(tag)).collect();
        codes.sort_unstable();
        codes.dedup();
        Ok(Self { sub_string: text.to_owned(), all: false, tags, codes })
    }

    /// The subscription to every message.
    #[must_use]
    pub fn all() -> Self {
        Self { sub_string: SUB_ALL.to_owned(), all: true, tags: Vec::new(), codes: Vec::new() }
    }

    /// Whether the broker need not look at tags at all.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.all
    }

    /// The subscription as written (`subString`); `*` for every message.
    #[must_use]
    pub fn sub_string(&self) -> &str {
        &self.sub_string
    }

    /// The tags (`tagsSet`), sorted.
    #[must_use]
    pub fn tags(&self) -> &[String] {
        &self.tags
    }

    /// Their hashes (`codeSet`), sorted.
    #[must_use]
    pub fn codes(&self) -> &[i32] {
        &self.codes
    }

    /// The broker's test, by the code in the consume queue entry (`ExpressionMessageFilter#isMatchedByConsumeQueue`).
    /// Other tags with the same hash pass.
    #[inline]
    #[must_use]
    pub fn matches_code(&self, tags_code: i64) -> bool {
        // `Long#intValue`.
        self.all || self.codes.contains(&(tags_code as i32))
    }

    /// The client's test, by the tag itself (`PullAPIWrapper#processPullResult`). A subscription without tags lets
    /// everything pass.
    #[must_use]
    pub fn matches_tag(&self, tag: Option<&str>) -> bool {
        self.tags.is_empty() || tag.is_some_and(|tag| self.tags.iter().any(|wanted| wanted == tag))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> TagFilter {
        TagFilter::parse(Some(text)).unwrap()
    }

    #[test]
    fn absent_empty_and_star_mean_everything() {
        for filter in [TagFilter::parse(None).unwrap(), parsed(""), parsed("*")] {
            assert_eq!(filter, TagFilter::all());
            assert!(filter.matches_code(0) && filter.matches_tag(None));
        }
    }

    #[test]
    fn blanks_around_tags_do_not_count() {
        let filter = parsed(" TagB|| TagA\t||TagB");
        assert_eq!(filter.tags(), ["TagA", "TagB"]);
        assert_eq!(filter.codes(), [2_598_919, 2_598_920]);
        assert!(filter.matches_code(2_598_919) && !filter.matches_code(0));
    }

    #[test]
    fn separators_alone_are_refused_but_blanks_are_accepted_and_match_nothing_at_the_broker() {
        assert_eq!(TagFilter::parse(Some("||||")), Err(TagFilterError::OnlySeparators));
        let blank = parsed(" || ");
        assert!(!blank.matches_code(0) && blank.matches_tag(None));
    }

    #[test]
    fn a_tag_with_the_same_hash_passes_the_broker_and_not_the_client() {
        let filter = parsed("Aa");
        assert!(filter.matches_code(tags_code(Some("BB"))));
        assert!(!filter.matches_tag(Some("BB")));
    }
}
