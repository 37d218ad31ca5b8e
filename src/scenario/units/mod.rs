//! Values with units, as people write them: `30s`, `1KiB`, `2000/s`, `{exponential: 5ms}`.

mod dist;
mod forms;
mod levels;
mod quantity;
mod short;
mod weights;

pub use dist::Dist;
pub use forms::{CountOrList, CountOrMap, Names, QueueRefs};
pub use levels::DelayLevelText;
pub(crate) use quantity::parse_bytes;
pub use quantity::{Bandwidth, Bytes, ClockOffset, Duration, Millis, Percentile, Quantity, Rate};
pub use short::{NamesOr, ShortForm};
pub use weights::{Scalar, Weights};
