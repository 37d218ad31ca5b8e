//! The orders in which clients sort queues and client ids before they allocate.

use std::cmp::Ordering;

use super::MessageQueue;

/// Java's `String#compareTo`: by UTF-16 code unit, then by length. It differs from the order of Rust strings only where
/// a character above U+FFFF meets one in U+E000–U+FFFF: the former sorts first, since its surrogates are D800–DFFF.
#[must_use]
pub fn java_cmp(left: &str, right: &str) -> Ordering {
    let differs = left.bytes().zip(right.bytes()).find(|(l, r)| l != r);
    // Bytes from 0xEE on only begin characters: 0xEE and 0xEF those of U+E000–U+FFFF, 0xF0 and up those above.
    match differs {
        Some((l, r)) if l >= 0xEE && r >= 0xEE && (l >= 0xF0) != (r >= 0xF0) => r.cmp(&l),
        Some((l, r)) => l.cmp(&r),
        None => left.len().cmp(&right.len()),
    }
}

/// `MessageQueue#compareTo`: topic, broker name, then queue id by 32-bit subtraction, which wraps around when two ids
/// are further apart than 2^31 - 1 (never for ids from 0 up).
#[must_use]
pub fn compare_queues(left: &MessageQueue<'_>, right: &MessageQueue<'_>) -> Ordering {
    java_cmp(left.topic, right.topic)
        .then_with(|| java_cmp(left.broker, right.broker))
        .then_with(|| left.queue_id.wrapping_sub(right.queue_id).cmp(&0))
}

/// Sorts client ids as a client sorts `cidAll`. Stable.
pub fn sort_clients(clients: &mut [&str]) {
    clients.sort_by(|left, right| java_cmp(left, right));
}

/// Positions of the queues in the order in which a client sorts `mqAll`. Stable.
#[must_use]
pub fn sorted_queue_positions(queues: &[MessageQueue<'_>]) -> Vec<u32> {
    let compare = |left: u32, right: u32| compare_queues(&queues[left as usize], &queues[right as usize]);
    let positions = 0..queues.len() as u32;
    let ids = || queues.iter().map(|queue| queue.queue_id);
    let span = ids().max().zip(ids().min()).and_then(|(max, min)| max.checked_sub(min));
    if span.is_some() {
        let mut sorted: Vec<u32> = positions.collect();
        sorted.sort_by(|left, right| compare(*left, *right));
        return sorted;
    }
    // With ids so far apart the comparison is no order at all, and the library's sort may panic on such. Binary
    // insertion is what Java does with a short list.
    let mut sorted: Vec<u32> = Vec::with_capacity(queues.len());
    for position in positions {
        let at = sorted.partition_point(|&earlier| compare(position, earlier) != Ordering::Less);
        sorted.insert(at, position);
    }
    sorted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ten_sorts_before_two_and_upper_case_before_lower() {
        assert_eq!(java_cmp("consumer-10", "consumer-2"), Ordering::Less);
        assert_eq!(java_cmp("B", "a"), Ordering::Less);
        assert_eq!(java_cmp("c1", "c10"), Ordering::Less);
    }

    #[test]
    fn a_supplementary_character_sorts_before_the_last_of_the_basic_plane() {
        assert_eq!(java_cmp("x\u{1F600}", "x\u{FF5E}"), Ordering::Less);
        assert_eq!(java_cmp("\u{E000}", "\u{10FFFF}a"), Ordering::Greater);
        assert_eq!(java_cmp("\u{D7FF}", "\u{1F600}"), Ordering::Less);
    }

    #[test]
    fn queue_ids_compare_by_wrapping_subtraction() {
        let queue = |queue_id| MessageQueue { topic: "t", broker: "b", queue_id };
        assert_eq!(compare_queues(&queue(2), &queue(10)), Ordering::Less);
        assert_eq!(compare_queues(&queue(i32::MAX), &queue(-1)), Ordering::Less);
        let far = [queue(i32::MAX), queue(-1), queue(0), queue(i32::MIN)];
        let mut sorted = sorted_queue_positions(&far);
        sorted.sort_unstable();
        assert_eq!(sorted, [0, 1, 2, 3]);
    }

    proptest! {
        #[test]
        fn java_order_is_the_order_of_utf_16_code_units(
            left in "[a-c\u{D7FF}\u{E000}-\u{E003}\u{FFFD}\u{10000}\u{1F600}]{0,6}",
            right in "[a-c\u{D7FF}\u{E000}-\u{E003}\u{FFFD}\u{10000}\u{1F600}]{0,6}",
        ) {
            prop_assert_eq!(java_cmp(&left, &right), left.encode_utf16().cmp(right.encode_utf16()));
        }
    }
}
