//! The body of a batch (`MessageDecoder#encodeMessages`): what a producer sends and the broker splits into records.

/// One message of a batch. Topic and queue are the batch's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchMessage<'a> {
    /// The producer's flag.
    pub flag: i32,
    /// The body.
    pub body: &'a [u8],
    /// The properties text.
    pub properties: &'a [u8],
}

/// Bytes of a message without body and properties.
const OVERHEAD: usize = 4 + 4 + 4 + 4 + 4 + 2;

/// Appends one message (`MessageDecoder#encodeMessage`); magic and CRC are zero, the broker makes its own. Lengths are
/// cut to the 4 and 2 bytes of their fields, as the real encoder does.
pub fn encode(message: &BatchMessage<'_>, out: &mut Vec<u8>) {
    let total = OVERHEAD + message.body.len() + message.properties.len();
    for field in [total as i32, 0, 0, message.flag, message.body.len() as i32] {
        out.extend_from_slice(&field.to_be_bytes());
    }
    out.extend_from_slice(message.body);
    out.extend_from_slice(&(message.properties.len() as i16).to_be_bytes());
    out.extend_from_slice(message.properties);
}

/// Takes the first message off a batch (`MessageDecoder#decodeMessage`): the message and what follows. `None` if its
/// lengths do not fit.
#[must_use]
pub fn decode(batch: &[u8]) -> Option<(BatchMessage<'_>, &[u8])> {
    let int = |at: usize| Some(i32::from_be_bytes(*batch.get(at..)?.first_chunk::<4>()?));
    let (message, rest) = batch.split_at_checked(usize::try_from(int(0)?).ok()?)?;
    let body_len = usize::try_from(int(16)?).ok()?;
    let (body, tail) = message.get(20..)?.split_at_checked(body_len)?;
    let (length, properties) = tail.split_first_chunk::<2>()?;
    let fits = usize::try_from(i16::from_be_bytes(*length)).is_ok_and(|length| length == properties.len());
    fits.then_some((BatchMessage { flag: int(12)?, body, properties }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_a_batch_follow_each_other() {
        let first = BatchMessage { flag: 1, body: b"a", properties: b"k\x01v" };
        let second = BatchMessage { flag: 2, body: b"", properties: b"" };
        let mut batch = Vec::new();
        encode(&first, &mut batch);
        encode(&second, &mut batch);
        let (message, rest) = decode(&batch).unwrap();
        assert_eq!((message, decode(rest)), (first, Some((second, &[][..]))));
        for cut in 0..batch.len() {
            assert_eq!(decode(&batch[..cut]).is_some(), cut >= 26, "{cut}");
        }
    }
}
