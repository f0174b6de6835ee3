//! Where an owner table keeps a task.

/// A table of the task's home, and a slot in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Place {
    pub(crate) table: u16,
    pub(crate) slot: u32,
}

/// In no table.
pub(crate) const NOWHERE: Place = Place {
    table: u16::MAX,
    slot: Place::LAST_SLOT,
};

/// Beside a slot: whether it is noted when the task was queued last (`schedule_latency.rs`).
pub(super) const MARK: u32 = 1 << 31;

impl Place {
    /// The greatest number that a slot may have.
    pub(crate) const LAST_SLOT: u32 = (1 << 31) - 1;

    pub(crate) fn pack(self) -> u64 {
        u64::from(self.table) << 32 | u64::from(self.slot)
    }

    pub(crate) fn unpack(packed: u64) -> Self {
        Self {
            table: (packed >> 32) as u16,
            slot: packed as u32 & Self::LAST_SLOT,
        }
    }
}
