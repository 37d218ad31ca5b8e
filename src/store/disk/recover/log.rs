//! The commit log's files while a store is opened (`CommitLog`, `MappedFileQueue`).

use super::RecoverConfig;
use crate::store::disk::dispatch;
use crate::store::disk::error::StoreError;
use crate::store::disk::file_name::{file_name, offset_of};
use crate::store::disk::log_cursor::{LogItem, item_at};
use crate::store::disk::record::{MESSAGE_MAGIC, Record, RecordError, RecordVersion};
use crate::store::disk::source::{ReadAt, StoreSource, Window};
use crate::store::disk::sys_flag;

/// A file: where it starts and up to where it is written.
#[derive(Clone, Copy, Debug)]
struct LogFile {
    from: i64,
    wrote: i64,
}

/// The files in the order of their offsets.
pub(super) struct LogModel {
    files: Vec<LogFile>,
    file_size: i64,
}

/// How records are read when they are dispatched.
#[derive(Clone, Copy, Debug)]
pub(super) struct Walk {
    pub(super) from: i64,
    pub(super) check_crc: bool,
}

/// What one look at the log gives (`CommitLog#checkMessageAndReturnSize`).
enum Checked<'a> {
    Record(Record<'a>),
    Blank,
    /// Damaged; the size is known if only the parts do not add up.
    Bad(Option<u32>),
}

/// Names of all files of a directory, if each is an offset and each file has the length (`MappedFileQueue#load`).
pub(super) fn file_offsets(source: &dyn StoreSource, dir: &str, size: u64) -> Result<Option<Vec<i64>>, StoreError> {
    let mut offsets = Vec::new();
    for entry in source.list(dir).map_err(|error| StoreError::new(dir, 0, error))? {
        let path = format!("{dir}/{}", entry.name);
        let offset = offset_of(&entry.name).filter(|_| !entry.is_dir);
        let Some(offset) = offset else { return Ok(None) };
        let len = source.open(&path).and_then(|file| file.file_len());
        if len.map_err(|error| StoreError::new(path, 0, error))? != size {
            return Ok(None);
        }
        offsets.push(offset.cast_signed());
    }
    Ok(Some(offsets))
}

impl LogModel {
    pub(super) fn load(source: &dyn StoreSource, file_size: u64) -> Result<Option<Self>, StoreError> {
        let offsets = file_offsets(source, "commitlog", file_size)?;
        let file_size = file_size.cast_signed();
        let file = |from| LogFile { from, wrote: file_size };
        Ok(offsets.map(|offsets| Self { files: offsets.into_iter().map(file).collect(), file_size }))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.files.len()
    }

    pub(super) fn min_offset(&self) -> i64 {
        self.files.first().map_or(-1, |file| file.from)
    }

    pub(super) fn max_offset(&self) -> i64 {
        self.files.last().map_or(0, |file| file.from + file.wrote)
    }

    /// Where a record goes that needs `room` bytes together with the blank's head (`CommitLog#asyncPutMessage`).
    pub(super) fn next_put(&self, room: u64) -> i64 {
        let Some(last) = self.files.last() else { return 0 };
        let fits = room <= (self.file_size - last.wrote).cast_unsigned();
        if fits { last.from + last.wrote } else { last.from + self.file_size }
    }

    /// `MappedFileQueue#truncateDirtyFiles`.
    pub(super) fn truncate(&mut self, offset: i64) {
        let size = self.file_size;
        self.files.retain_mut(|file| {
            if file.from + size > offset && offset >= file.from {
                file.wrote = offset % size;
            }
            file.from + size <= offset || offset >= file.from
        });
    }

    fn open<'a>(
        &self,
        source: &'a dyn StoreSource,
        index: usize,
    ) -> Result<(String, Box<dyn ReadAt + 'a>), StoreError> {
        let path = format!("commitlog/{}", file_name(self.files[index].from.cast_unsigned()));
        match source.open(&path) {
            Ok(file) => Ok((path, file)),
            Err(error) => Err(StoreError::new(path, 0, error)),
        }
    }

    /// The newest file whose first record is not later than `until` (`CommitLog#isMappedFileMatchedRecover`).
    pub(super) fn file_to_recover_from(&self, source: &dyn StoreSource, until: i64) -> Result<usize, StoreError> {
        for index in (0..self.files.len()).rev() {
            let (path, file) = self.open(source, index)?;
            let mut head = [0; 76];
            file.read_at(0, &mut head).map_err(|error| StoreError::new(path, 0, error))?;
            let int = |at: usize| head[at..].first_chunk().map_or(0, |bytes| i32::from_be_bytes(*bytes));
            let born_host = if int(36) & sys_flag::BORN_HOST_V6 == 0 { 8 } else { 20 };
            let stored = head[48 + born_host..].first_chunk().map_or(0, |bytes| i64::from_be_bytes(*bytes));
            if int(4).cast_unsigned() == MESSAGE_MAGIC && stored != 0 && stored <= until {
                return Ok(index);
            }
        }
        Ok(0)
    }

    /// Checks every record from a file on and hands it out; where the first that is no good begins
    /// (`CommitLog#recoverNormally`, `#recoverAbnormally`).
    pub(super) fn walk(
        &self,
        source: &dyn StoreSource,
        start: usize,
        config: &RecoverConfig,
        mut each: impl FnMut(&Record<'_>) -> Result<(), StoreError>,
    ) -> Result<i64, StoreError> {
        let mut end = 0;
        for index in start..self.files.len() {
            let (path, file) = self.open(source, index)?;
            let failed = |error| StoreError::new(path.clone(), 0, error);
            let mut window = Window::new(file).map_err(failed)?;
            let mut position = 0;
            let blank = loop {
                match check(&mut window, position, config, config.check_crc_on_recover).map_err(failed)? {
                    Checked::Record(record) => {
                        each(&record)?;
                        position += record.size() as u64;
                    }
                    Checked::Blank => break true,
                    Checked::Bad(_) => break false,
                }
            };
            end = self.files[index].from + position.cast_signed();
            if !blank {
                break;
            }
        }
        Ok(end)
    }

    /// Hands out every record from an offset on (`ReputMessageService#doReput` on a master): a record whose parts do
    /// not add up is skipped, after any other damage the rest of the file.
    pub(super) fn dispatch(
        &self,
        source: &dyn StoreSource,
        walk: Walk,
        config: &RecoverConfig,
        mut each: impl FnMut(&Record<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        for (index, log_file) in self.files.iter().enumerate() {
            if log_file.from + log_file.wrote <= walk.from {
                continue;
            }
            let (path, file) = self.open(source, index)?;
            let failed = |error| StoreError::new(path.clone(), 0, error);
            let mut window = Window::new(file).map_err(failed)?;
            let mut position = (walk.from - log_file.from).max(0);
            while position < log_file.wrote {
                match check(&mut window, position.cast_unsigned(), config, walk.check_crc).map_err(failed)? {
                    Checked::Record(record) => {
                        each(&record)?;
                        position += record.size() as i64;
                    }
                    Checked::Bad(Some(size)) => position += i64::from(size),
                    Checked::Blank | Checked::Bad(None) => break,
                }
            }
        }
        Ok(())
    }
}

fn check<'w>(
    window: &'w mut Window<'_>,
    position: u64,
    config: &RecoverConfig,
    check_crc: bool,
) -> std::io::Result<Checked<'w>> {
    Ok(match item_at(window, position)? {
        LogItem::Blank(_) => Checked::Blank,
        LogItem::Record(record) => {
            let crc = !check_crc || record.check_crc().is_ok();
            // 4.9.8 does not know the second version, and gives up on a delay level that is no number.
            let known =
                record.version == RecordVersion::V1 && dispatch::tags_code_of(&record, &config.levels).is_some();
            if crc && known { Checked::Record(record) } else { Checked::Bad(None) }
        }
        LogItem::Damaged(RecordError::SizeMismatch { size, .. }) => Checked::Bad(Some(size)),
        LogItem::Unwritten | LogItem::End | LogItem::Damaged(_) => Checked::Bad(None),
    })
}
