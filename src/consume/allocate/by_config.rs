//! By configuration: a fixed list.

use super::check::callers;
use super::{AllocateError, AllocateMessageQueueStrategy, Input, Pick, Shares};

/// Whoever asks gets the configured list as it is (`AllocateMessageQueueByConfig`). Caller and lists are not looked at,
/// so members with the same configuration own the same queues twice over; in real use each process has its own.
#[derive(Clone, Copy, Debug, Default)]
pub struct ByConfig {
    configured: Option<u32>,
}

impl ByConfig {
    /// With a list of that many queues, or `None` when it was never set. The list itself stays with whoever configured
    /// it, as no step looks at its queues: the answer is [`Pick::Configured`], positions in it.
    #[must_use]
    pub const fn new(configured: Option<u32>) -> Self {
        Self { configured }
    }

    fn list(self) -> impl Iterator<Item = Pick> {
        (0..self.configured.unwrap_or(0)).map(Pick::Configured)
    }
}

impl AllocateMessageQueueStrategy for ByConfig {
    fn name(&self) -> String {
        "CONFIG".to_owned()
    }

    fn allocate(&self, _current: &str, _input: &Input<'_>) -> Result<Vec<Pick>, AllocateError> {
        Ok(self.list().collect())
    }

    fn allocate_all(&self, input: &Input<'_>) -> Shares {
        let mut shares = Shares::default();
        for client in callers(input.clients) {
            if shares.is_empty() {
                shares.push(client, self.list());
            } else {
                shares.push_same(client);
            }
        }
        shares
    }

    fn returns_null(&self) -> bool {
        self.configured.is_none()
    }
}
