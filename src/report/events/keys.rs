//! The machine's words.

use crate::run::outcome::{DuplicateCause, TransactionStep};
use crate::store::catalog::TransactionOutcome;

/// The machine's word for a cause (`double_owner`), the person's stands in the tables.
#[must_use]
pub fn cause_key(cause: DuplicateCause) -> &'static str {
    match cause {
        DuplicateCause::DoubleOwner => "double_owner",
        DuplicateCause::InFlightAtRevoke => "in_flight_at_revoke",
        DuplicateCause::NotPersistedAtDeath => "not_persisted_at_death",
        DuplicateCause::OffsetWentBack => "offset_went_back",
        DuplicateCause::OffsetReset => "offset_reset",
        DuplicateCause::StartedOver => "started_over",
    }
}

/// The machine's word for a step of a transaction.
pub(super) const fn transaction_key(step: TransactionStep) -> &'static str {
    match step {
        TransactionStep::Begun => "begun",
        TransactionStep::Local { outcome: TransactionOutcome::Commit } => "local_commit",
        TransactionStep::Local { outcome: TransactionOutcome::Rollback } => "local_rollback",
        TransactionStep::Local { outcome: TransactionOutcome::Unknown } => "local_unknown",
        TransactionStep::EndLost => "end_lost",
        TransactionStep::Checked { .. } => "checked",
        TransactionStep::Answered { .. } => "answered",
        TransactionStep::Committed { .. } => "committed",
        TransactionStep::RolledBack { .. } => "rolled_back",
        TransactionStep::Discarded => "discarded",
    }
}
