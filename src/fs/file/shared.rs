//! What a file has in common with its jobs: the system's file, what was read ahead of its reader, and what was accepted from
//! its writer.
//!
//! The jobs take turns. Each begins with writing what was accepted, whoever was to do that: so no order of jobs changes what
//! the file contains, and what is left when the last of file and jobs goes is written then.

use std::fs::File as StdFile;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::heir::Heir;

pub(super) struct Shared {
    /// Taken at the end.
    std: Option<StdFile>,
    /// Held by who reads, writes or moves the position, for as long as the system takes. Never by a task.
    turn: Mutex<()>,
    /// Held for moments: by tasks too.
    kept: Mutex<Kept>,
}

/// How a job went. None does anything while there is an error that nobody has been told.
pub(super) enum Done {
    Written,
    /// So many bytes are there to be handed out.
    Read(io::Result<usize>),
    Sought(SeekFrom, io::Result<u64>),
}

#[derive(Default)]
struct Kept {
    /// What was read, of which so much was handed out. The system's position is behind it.
    read: Vec<u8>,
    handed_out: usize,
    /// What was accepted and is still to be written, unless somebody is at it.
    unwritten: Vec<u8>,
    writing: bool,
    /// Of a write, until somebody is told.
    error: Option<io::Error>,
    /// Who gets the system's file at the end.
    heir: Option<Arc<Heir>>,
}

/// What tasks ask for: nothing here waits for the system.
impl Shared {
    pub(super) fn new(std: StdFile) -> Self {
        Self {
            std: Some(std),
            turn: Mutex::default(),
            kept: Mutex::default(),
        }
    }

    pub(super) fn std(&self) -> &StdFile {
        self.std.as_ref().expect("it is taken at the end")
    }

    /// The error of a write that nobody has been told yet.
    pub(super) fn take_error(&self) -> Option<io::Error> {
        lock(&self.kept).error.take()
    }

    /// Hands what was read ahead to `put`, as much of it as there is `room` for. Nothing while a write was accepted behind it.
    pub(super) fn hand_out(&self, room: usize, put: &mut impl FnMut(&[u8])) -> Option<usize> {
        let mut kept = lock(&self.kept);
        let count = kept.unread().min(room);
        if count == 0 || !kept.unwritten.is_empty() {
            return None;
        }
        let from = kept.handed_out;
        put(&kept.read[from..from + count]);
        kept.handed_out += count;
        Some(count)
    }

    /// Keeps bytes to be written, when nothing else is: as many of them as `limit` says. How many.
    pub(super) fn accept<'a>(&self, buffers: impl Iterator<Item = &'a [u8]>, limit: usize) -> usize {
        let mut kept = lock(&self.kept);
        debug_assert!(
            !kept.writing && kept.unwritten.is_empty(),
            "one write after the other"
        );
        for bytes in buffers {
            let room = limit - kept.unwritten.len();
            kept.unwritten.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
        kept.unwritten.len()
    }

    pub(super) fn has_unwritten(&self) -> bool {
        let kept = lock(&self.kept);
        kept.writing || !kept.unwritten.is_empty()
    }

    /// Gives the file up; when its jobs have done so too, the result has it.
    pub(super) fn bequeath(self: Arc<Self>) -> Arc<Heir> {
        let heir = Arc::new(Heir::default());
        lock(&self.kept).heir = Some(heir.clone());
        heir
    }

    /// The system's file, its position where the reader is.
    pub(super) fn into_std(mut self) -> StdFile {
        self.settle().expect("it is taken at the end, and this is it")
    }
}

/// What jobs do.
impl Shared {
    /// Writes what was accepted.
    pub(super) fn write(&self) -> Done {
        let _turn = self.take_turn();
        Done::Written
    }

    /// Reads up to `wanted` bytes ahead.
    pub(super) fn read(&self, wanted: usize) -> Done {
        let _turn = self.take_turn();
        let mut bytes = {
            let mut kept = lock(&self.kept);
            if kept.error.is_some() {
                return Done::Written;
            }
            if kept.unread() > 0 {
                return Done::Read(Ok(kept.unread()));
            }
            kept.handed_out = 0;
            mem::take(&mut kept.read)
        };
        bytes.resize(wanted, 0);
        let outcome = retry(|| self.std().read(&mut bytes));
        bytes.truncate(*outcome.as_ref().unwrap_or(&0));
        lock(&self.kept).read = bytes;
        Done::Read(outcome)
    }

    pub(super) fn seek(&self, to: SeekFrom) -> Done {
        let _turn = self.take_turn();
        {
            let mut kept = lock(&self.kept);
            if kept.error.is_some() {
                return Done::Written;
            }
            kept.step_back(self.std());
        }
        Done::Sought(to, self.std().seek(to))
    }

    /// The reader gets nothing of what would lie behind the new end.
    pub(super) fn set_len(&self, size: u64) -> io::Result<()> {
        self.in_turn(|std| {
            lock(&self.kept).step_back(std);
            std.set_len(size)
        })
    }

    /// Something else, after what was accepted is written. The error of that, if there was one, is told in its place.
    pub(super) fn in_turn<T>(&self, work: impl FnOnce(&StdFile) -> io::Result<T>) -> io::Result<T> {
        let _turn = self.take_turn();
        match self.take_error() {
            Some(error) => Err(error),
            None => work(self.std()),
        }
    }

    /// Waits for it, and has what was accepted written then.
    fn take_turn(&self) -> MutexGuard<'_, ()> {
        let turn = lock(&self.turn);
        self.catch_up();
        turn
    }

    /// Whoever calls this has the turn.
    fn catch_up(&self) {
        let Some(mut std) = self.std.as_ref() else { return };
        let mut bytes = {
            let mut kept = lock(&self.kept);
            if kept.unwritten.is_empty() {
                return;
            }
            // In one step: from here on the reader has nothing from before the write.
            kept.step_back(std);
            kept.writing = true;
            mem::take(&mut kept.unwritten)
        };
        let outcome = std.write_all(&bytes);
        bytes.clear();
        let mut kept = lock(&self.kept);
        kept.writing = false;
        kept.unwritten = bytes;
        if let Err(error) = outcome {
            kept.error.get_or_insert(error);
        }
    }

    /// Nobody else has it any more.
    fn settle(&mut self) -> Option<StdFile> {
        self.catch_up();
        let std = self.std.take()?;
        lock(&self.kept).step_back(&std);
        Some(std)
    }
}

impl Drop for Shared {
    /// A write that was accepted is not lost, even if the runtime cancelled its job.
    fn drop(&mut self) {
        let heir = lock(&self.kept).heir.take();
        let std = self.settle();
        if let (Some(heir), Some(std)) = (heir, std) {
            heir.give(std);
        }
    }
}

impl Kept {
    fn unread(&self) -> usize {
        self.read.len() - self.handed_out
    }

    /// Moves the position back to where the reader is. What has no position, a terminal say, keeps what was read: there a write
    /// is no part of that. The system does this at once, so it may be done under the lock.
    fn step_back(&mut self, mut std: &StdFile) {
        let back = self.unread() as i64;
        if back > 0 && std.seek(SeekFrom::Current(-back)).is_ok() {
            self.read.clear();
            self.handed_out = 0;
        }
    }
}

fn retry<T>(mut attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match attempt() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            outcome => return outcome,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
