//! What all strategies except by-config ask of their arguments first.

use std::collections::BTreeSet;

use super::{AllocateError, Input, Shares};

/// First positions of the distinct client ids, ascending.
pub(super) fn callers(clients: &[&str]) -> Vec<u32> {
    let mut seen = BTreeSet::new();
    (0..clients.len()).filter(|&position| seen.insert(clients[position])).map(|position| position as u32).collect()
}

/// First position of `current` in the client list; `None` for an unknown caller, who gets nothing
/// (`AbstractAllocateMessageQueueStrategy#check`).
pub(super) fn check(current: &str, input: &Input<'_>) -> Result<Option<usize>, AllocateError> {
    check_arguments(current, input)?;
    Ok(input.clients.iter().position(|client| *client == current))
}

/// The whole group's shares by a strategy that makes the shared checks: `share` adds the share of the caller at a
/// position, and is called once per distinct id that passes them.
pub(super) fn checked_shares(input: &Input<'_>, mut share: impl FnMut(&mut Shares, u32)) -> Shares {
    let mut shares = Shares::default();
    for client in callers(input.clients) {
        match check_arguments(input.clients[client as usize], input) {
            Ok(()) => share(&mut shares, client),
            Err(error) => shares.push_error(client, error),
        }
    }
    shares
}

fn check_arguments(current: &str, input: &Input<'_>) -> Result<(), AllocateError> {
    if current.is_empty() {
        return Err(AllocateError::EmptyCurrent);
    }
    if input.queues.is_empty() {
        return Err(AllocateError::EmptyQueues);
    }
    if input.clients.is_empty() {
        return Err(AllocateError::EmptyClients);
    }
    Ok(())
}
