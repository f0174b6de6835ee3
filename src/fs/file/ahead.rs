//! What was read and is not handed out yet: bytes, or that the end was found.

use std::io;
use std::ops::Range;

#[derive(Default)]
pub(super) struct Ahead {
    /// Kept for the next read, with whatever is in it.
    buffer: Vec<u8>,
    unread: Range<usize>,
    at_end: bool,
}

impl Ahead {
    pub(super) fn is_empty(&self) -> bool {
        self.unread.is_empty() && !self.at_end
    }

    /// How many bytes.
    pub(super) fn unread(&self) -> usize {
        self.unread.len()
    }

    pub(super) fn clear(&mut self) {
        self.unread = 0..0;
        self.at_end = false;
    }

    /// Reads up to `wanted` bytes, when there is nothing.
    pub(super) fn fill(
        &mut self,
        wanted: usize,
        read: impl FnOnce(&mut [u8]) -> io::Result<usize>,
    ) -> io::Result<()> {
        if self.buffer.len() < wanted {
            self.buffer.resize(wanted, 0);
        }
        let count = read(&mut self.buffer[..wanted])?;
        self.unread = 0..count;
        self.at_end = count == 0;
        Ok(())
    }

    /// Hands bytes to `put`, as many as there is `room` for; how many. None at the end, which is told once.
    pub(super) fn hand_out(&mut self, room: usize, put: &mut impl FnMut(&[u8])) -> Option<usize> {
        if self.is_empty() {
            return None;
        }
        self.at_end = false;
        let count = self.unread.len().min(room);
        let Range { start, .. } = self.unread;
        put(&self.buffer[start..start + count]);
        self.unread.start += count;
        Some(count)
    }
}
