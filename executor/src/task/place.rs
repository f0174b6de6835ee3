//! Where an owner table keeps a task.

/// A table of the task's home, and a slot in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Place {
    pub(crate) table: u32,
    pub(crate) slot: u32,
}

/// In no table.
pub(crate) const NOWHERE: Place = Place {
    table: u32::MAX,
    slot: u32::MAX,
};

impl Place {
    pub(crate) fn pack(self) -> u64 {
        u64::from(self.table) << 32 | u64::from(self.slot)
    }

    pub(crate) fn unpack(packed: u64) -> Self {
        Self {
            table: (packed >> 32) as u32,
            slot: packed as u32,
        }
    }
}
