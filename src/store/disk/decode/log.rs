//! Lists the commit log.

use super::super::error::{StoreError, StoreErrorKind};
use super::super::log_cursor::{LogItem, first_data, item_at};
use super::super::record::RecordError;
use super::super::source::{ReadAt, StoreSource, Window};
use super::lookup::offset_files;
use super::{DecodeError, Listed, Place, Sink};

/// What is known of a file beside its content.
#[derive(Clone, Copy, Debug)]
struct Rules {
    /// Physical offset of its first byte.
    from: u64,
    /// Whether another file follows.
    last: bool,
    /// Whether it may end after any record.
    prefix: bool,
}

/// Lists the records of all log files of a store.
///
/// # Errors
/// The first damage, after everything before it was listed.
pub fn decode_log(source: &dyn StoreSource, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
    let files = offset_files(source, "commitlog")?;
    let expected = files.iter().map(|file| file.len).max().unwrap_or(0);
    let mut next = None;
    for (index, file) in files.iter().enumerate() {
        if let Some(next) = next
            && next != file.from
        {
            let kind = StoreErrorKind::MissingFile { actual: file.from, expected: next };
            return Err(StoreError::new(file.path.as_str(), 0, kind).into());
        }
        next = Some(file.from + expected);
        let open = source.open(&file.path).map_err(|error| StoreError::new(file.path.as_str(), 0, error))?;
        let rules = Rules { from: file.from, last: index + 1 == files.len(), prefix: false };
        decode_file(&file.path, open, rules, sink)?;
        if file.len != expected {
            let kind = StoreErrorKind::FileLength { actual: file.len, expected };
            return Err(StoreError::new(file.path.as_str(), file.len, kind).into());
        }
    }
    Ok(())
}

/// Lists the records of one file that starts at physical offset `from` and may have been cut after any record.
///
/// # Errors
/// The first damage, after everything before it was listed.
pub fn decode_log_prefix(
    name: &str,
    file: Box<dyn ReadAt + '_>,
    from: u64,
    sink: &mut Sink<'_>,
) -> Result<(), DecodeError> {
    decode_file(name, file, Rules { from, last: true, prefix: true }, sink)
}

fn decode_file(name: &str, file: Box<dyn ReadAt + '_>, rules: Rules, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
    let mut position = 0;
    let damage = |position: u64, kind: StoreErrorKind| StoreError::new(name, position, kind);
    let mut window = Window::new(file).map_err(|error| damage(0, error.into()))?;
    loop {
        let left = window.len() - position;
        match item_at(&mut window, position).map_err(|error| damage(position, error.into()))? {
            LogItem::Record(record) => {
                record.check_crc().map_err(|error| damage(position, error.into()))?;
                let actual = rules.from + position;
                let stored = record.physical_offset;
                if stored.cast_unsigned() != actual {
                    return Err(damage(position, RecordError::PhysicalOffset { stored, actual }.into()).into());
                }
                sink(Place { file: name, position }, Listed::Record(&record))?;
                position += record.size() as u64;
            }
            LogItem::Blank(len) => {
                let wrong =
                    u64::try_from(len).ok().is_none_or(|len| if rules.prefix { len < left } else { len != left });
                if wrong {
                    return Err(damage(position, StoreErrorKind::BlankLength { len, left }).into());
                }
                let blank =
                    Listed::Blank { physical_offset: rules.from + position, size: u64::from(len.cast_unsigned()) };
                sink(Place { file: name, position }, blank)?;
                return Ok(());
            }
            LogItem::Damaged(error) => return Err(damage(position, error.into()).into()),
            LogItem::End if rules.prefix => return Ok(()),
            LogItem::End => return Err(damage(position, StoreErrorKind::NoBlank).into()),
            LogItem::Unwritten => {
                let data = first_data(&mut window, position).map_err(|error| damage(position, error.into()))?;
                return match data {
                    Some(data_at) => Err(damage(position, StoreErrorKind::Hole { data_at }).into()),
                    None if rules.last => Ok(()),
                    None => Err(damage(position, StoreErrorKind::EndsEarly).into()),
                };
            }
        }
    }
}
