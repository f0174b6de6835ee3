//! What a server has done, told at its end.

/// What a server has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    pub(super) connections: u64,
    pub(super) cut: usize,
}

impl Report {
    /// How many connections were accepted.
    pub fn connections(&self) -> u64 {
        self.connections
    }

    /// How many of them were cut off, since they were open when the [drain timeout](crate::Serve::drain_timeout) was over.
    pub fn cut(&self) -> usize {
        self.cut
    }
}
