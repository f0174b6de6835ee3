//! What a file has in common with its jobs: the system's file, what was read ahead of its reader, and what was accepted from
//! its writer.
//!
//! The jobs take turns. Each begins with writing what was accepted, whoever was to do that: so no order of jobs changes what
//! the file contains.

use std::fs::File as StdFile;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::ahead::Ahead;
use super::descriptor;
use super::heir::Heir;

pub(super) struct Shared {
    /// Taken at the end.
    std: Option<StdFile>,
    can_seek: OnceLock<bool>,
    /// Held by who reads, writes or moves the position, for as long as the system takes. Never by a task.
    turn: Mutex<()>,
    /// Held for moments: by tasks too. Nobody calls the system with it.
    kept: Mutex<Kept>,
}

/// How a job went.
pub(super) enum Done {
    /// What there was to be written was, or failed. Nothing else is done while there is an error that nobody has been told.
    Written,
    /// Something is there to be handed out.
    Read(io::Result<()>),
    Sought(SeekFrom, io::Result<u64>),
}

#[derive(Default)]
struct Kept {
    /// The system's position is behind it.
    ahead: Ahead,
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
            can_seek: OnceLock::new(),
            turn: Mutex::default(),
            kept: Mutex::default(),
        }
    }

    pub(super) fn std(&self) -> &StdFile {
        self.std.as_ref().expect("it is taken at the end")
    }

    /// The error of a write that nobody has been told yet. For who tells it at once: a job's outcome may be dropped.
    pub(super) fn take_error(&self) -> Option<io::Error> {
        lock(&self.kept).error.take()
    }

    /// Hands what was read ahead to `put`, as much of it as there is `room` for. Nothing while a write was accepted behind it.
    pub(super) fn hand_out(&self, room: usize, put: &mut impl FnMut(&[u8])) -> Option<usize> {
        let mut kept = lock(&self.kept);
        if kept.is_unwritten() {
            return None;
        }
        kept.ahead.hand_out(room, put)
    }

    /// Keeps bytes to be written, when nothing else is: as many of them as `limit` says. How many.
    pub(super) fn accept<'a>(&self, buffers: impl Iterator<Item = &'a [u8]>, limit: usize) -> usize {
        let mut kept = lock(&self.kept);
        debug_assert!(!kept.is_unwritten(), "one write after the other");
        for bytes in buffers {
            let room = limit - kept.unwritten.len();
            kept.unwritten.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
        kept.unwritten.len()
    }

    pub(super) fn is_unwritten(&self) -> bool {
        lock(&self.kept).is_unwritten()
    }

    /// Whether something would be lost if the system's file were all that is left.
    pub(super) fn is_more_than_std(&self) -> bool {
        let (owes, is_ahead) = {
            let kept = lock(&self.kept);
            (
                kept.is_unwritten() || kept.error.is_some(),
                !kept.ahead.is_empty(),
            )
        };
        owes || is_ahead && !self.can_seek()
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
        let mut ahead = {
            let mut kept = lock(&self.kept);
            if kept.error.is_some() {
                return Done::Written;
            }
            if !kept.ahead.is_empty() {
                return Done::Read(Ok(()));
            }
            mem::take(&mut kept.ahead)
        };
        let outcome = ahead.fill(wanted, |buffer| retry(|| self.std().read(buffer)));
        lock(&self.kept).ahead = ahead;
        Done::Read(outcome)
    }

    pub(super) fn seek(&self, to: SeekFrom) -> Done {
        match self.in_turn(|mut std| std.seek(to)).transpose() {
            Some(outcome) => Done::Sought(to, outcome),
            None => Done::Written,
        }
    }

    /// Something else, after what was accepted is written, and with the position where the reader is. `None`: nothing is
    /// done, since there is an error that nobody has been told.
    pub(super) fn in_turn<T>(&self, work: impl FnOnce(&StdFile) -> io::Result<T>) -> io::Result<Option<T>> {
        let _turn = self.take_turn();
        if lock(&self.kept).error.is_some() {
            return Ok(None);
        }
        self.step_back(self.std());
        work(self.std()).map(Some)
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
        if !self.is_unwritten() {
            return;
        }
        self.step_back(std);
        let mut bytes = {
            let mut kept = lock(&self.kept);
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

    /// Moves the position back to where the reader is. What has no position, a terminal say, keeps what was read: there a write
    /// is no part of that. Whoever calls this has the turn.
    fn step_back(&self, mut std: &StdFile) {
        // Meanwhile the reader has nothing, and waits for its turn.
        let mut ahead = mem::take(&mut lock(&self.kept).ahead);
        if !ahead.is_empty() && self.can_seek() {
            let back = ahead.unread() as i64;
            if std.seek(SeekFrom::Current(-back)).is_ok() {
                ahead.clear();
            }
        }
        lock(&self.kept).ahead = ahead;
    }

    /// Not whether a seek succeeds: for many devices it does, and does nothing.
    fn can_seek(&self) -> bool {
        *self
            .can_seek
            .get_or_init(|| self.std.as_ref().is_some_and(descriptor::has_position))
    }

    /// Nobody else has it any more.
    fn settle(&mut self) -> Option<StdFile> {
        self.catch_up();
        self.step_back(self.std.as_ref()?);
        self.std.take()
    }
}

impl Drop for Shared {
    /// Jobs that write run in any case, unless the pool took none any more, or had no thread for them: then this does.
    fn drop(&mut self) {
        let heir = lock(&self.kept).heir.take();
        let std = self.settle();
        if let (Some(heir), Some(std)) = (heir, std) {
            heir.give(std);
        }
    }
}

impl Kept {
    fn is_unwritten(&self) -> bool {
        self.writing || !self.unwritten.is_empty()
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
