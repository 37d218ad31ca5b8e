//! Floor 1: which messages a subscription wants.
//!
//! A subscription is an [`Expression`]: tags ([`tag`]), told apart by their hash in the consume queue entry and once more
//! by the client, or SQL92 over the message's properties ([`sql`]), judged by the broker alone.

pub mod expression;
pub mod properties;
pub mod sql;
pub mod tag;

pub use expression::{Expression, ExpressionError, ExpressionType};
pub use properties::Properties;
