//! How an event lies in a slot: 32 bytes, of which the first eight are the time.
//!
//! ```text
//!   word 0   time
//!   word 1   kind: 8 bits │ small: 56 bits
//!   word 2   a
//!   word 3   b
//! ```
//!
//! What `small`, `a` and `b` are for each kind is in [`pack`]; [`Slot`] takes them apart again. A text (a task's name, what a source
//! is, a mark) lies in slots of its own behind that of its event, sixteen bytes in each.

use reveille_context::cause::Cause;
use reveille_context::event::{Effect, End, Event, PollResult, Queue, Resource, TaskKind};

use crate::ring::Words;

/// No number.
pub(crate) const NONE: u64 = u64::MAX;

/// Texts are cut after so many bytes.
pub(crate) const LONGEST_TEXT: usize = 96;

macro_rules! kinds {
    ($($kind:ident = $number:literal,)*) => {
        /// What is in a slot.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub(crate) enum Kind { $($kind = $number,)* }

        impl Kind {
            fn of(number: u8) -> Option<Self> {
                match number {
                    $($number => Some(Self::$kind),)*
                    _ => None,
                }
            }
        }
    };
}

// A slot that was never written has number 0.
kinds! {
    RuntimeStart = 1,
    RuntimeStop = 2,
    Spawn = 3,
    Boxed = 4,
    Enqueue = 6,
    Steal = 7,
    PollStart = 8,
    PollEnd = 9,
    Wake = 10,
    WakerClone = 11,
    WakerDrop = 12,
    Abort = 13,
    TaskEnd = 14,
    Park = 15,
    Unpark = 16,
    IoRegister = 17,
    IoDeregister = 18,
    IoWait = 19,
    IoReady = 20,
    TimerSet = 21,
    TimerFire = 22,
    TimerCancel = 23,
    JobSubmit = 24,
    JobStart = 25,
    JobEnd = 26,
    Touch = 27,
    FutureDrop = 28,
    Mark = 29,
    Text = 30,
}

/// What an event needs to know that is not in it.
pub(crate) trait Around {
    /// The number of the current task, or 0.
    fn task(&self) -> u64;
    /// The number of a place in the source.
    fn location(&mut self, location: &'static std::panic::Location<'static>) -> u64;
}

/// The slot of an event, unless it has none; `text` is what follows it.
#[inline]
pub(crate) fn pack(at: u64, event: Event<'_>, text: &str, around: &mut impl Around) -> Option<Words> {
    let words = |kind: Kind, small: u64, a: u64, b: u64| Some([at, u64::from(kind as u8) | small << 8, a, b]);
    match event {
        Event::PollStart { task } => words(Kind::PollStart, 0, task.get(), 0),
        Event::PollEnd { task, result, wakers } => {
            words(Kind::PollEnd, result as u64, task.get(), wakers as u64)
        }
        Event::Wake { task, cause, effect } => {
            let (kind, ready, by) = cause_as_numbers(cause);
            words(
                Kind::Wake,
                effect as u64 | kind << 8 | ready << 16,
                task.get(),
                by,
            )
        }
        Event::Enqueue { task, queue } => words(Kind::Enqueue, queue_as_number(queue), task.get(), 0),
        Event::Steal { task, from, to } => words(Kind::Steal, from as u64 | (to as u64) << 24, task.get(), 0),
        Event::Spawn {
            task,
            kind,
            size,
            location,
            ..
        } => {
            let location = around.location(location);
            let small = kind as u64 | length(text) << 8 | (size as u64).min(SIZES) << 16;
            words(Kind::Spawn, small, task.get(), around.task() | location << 48)
        }
        Event::Boxed { size, location } => words(Kind::Boxed, 0, around.location(location), size as u64),
        Event::WakerClone { task, wakers } => words(Kind::WakerClone, 0, task.get(), wakers as u64),
        Event::WakerDrop { task, wakers } => words(Kind::WakerDrop, 0, task.get(), wakers as u64),
        Event::Abort { task } => {
            let (kind, ready, by) = cause_as_numbers(reveille_context::cause::current());
            words(Kind::Abort, kind << 8 | ready << 16, task.get(), by)
        }
        Event::TaskEnd { task, how, location } => {
            words(Kind::TaskEnd, how as u64, task.get(), around.location(location))
        }
        Event::Park { timeout } => words(Kind::Park, 0, timeout.map_or(NONE, nanoseconds), 0),
        Event::Unpark => words(Kind::Unpark, 0, 0, 0),
        Event::IoRegister { source, descriptor } => {
            words(Kind::IoRegister, length(text), source as u64, descriptor)
        }
        Event::IoDeregister { source } => words(Kind::IoDeregister, 0, source as u64, 0),
        Event::IoWait { source, ready } => words(Kind::IoWait, ready.0.into(), source as u64, around.task()),
        Event::IoReady {
            source,
            ready,
            waiters,
        } => words(Kind::IoReady, ready.0.into(), source as u64, waiters as u64),
        Event::TimerSet {
            timer,
            after,
            level,
            slot,
        } => {
            let place = |number: Option<u8>| number.map_or(0, |number| u64::from(number) + 1);
            let small = place(level) | place(slot) << 8 | around.task() << 16;
            words(Kind::TimerSet, small, timer, nanoseconds(after))
        }
        Event::TimerFire { timer, by_hand } => words(Kind::TimerFire, by_hand.into(), timer, 0),
        Event::TimerCancel { timer } => words(Kind::TimerCancel, 0, timer, 0),
        Event::JobSubmit { job, location } => {
            let location = around.location(location);
            words(Kind::JobSubmit, location, job.get(), around.task())
        }
        Event::JobStart { job } => words(Kind::JobStart, 0, job.get(), 0),
        Event::JobEnd { job } => words(Kind::JobEnd, 0, job.get(), 0),
        Event::Touch {
            resource,
            id,
            is_ready,
        } => {
            let small = resource as u64 | u64::from(is_ready) << 8;
            words(Kind::Touch, small, around.task(), id)
        }
        Event::FutureDrop {
            resource,
            id,
            is_done,
        } => {
            let small = resource as u64 | u64::from(is_done) << 8;
            words(Kind::FutureDrop, small, around.task(), id)
        }
        Event::Mark { .. } => words(Kind::Mark, length(text), around.task(), 0),
        Event::RuntimeStart { workers } => words(Kind::RuntimeStart, 0, workers as u64, 0),
        Event::RuntimeStop => words(Kind::RuntimeStop, 0, 0, 0),
        // What a thread does is noted beside its ring.
        _ => None,
    }
}

/// The slots of a text.
pub(crate) fn pack_text(at: u64, text: &str) -> impl Iterator<Item = Words> {
    cut(text).as_bytes().chunks(16).map(move |chunk| {
        let mut bytes = [0; 16];
        bytes[..chunk.len()].copy_from_slice(chunk);
        let both = u128::from_le_bytes(bytes);
        [at, u64::from(Kind::Text as u8), both as u64, (both >> 64) as u64]
    })
}

/// A slot, taken apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    pub(crate) at: u64,
    pub(crate) kind: Kind,
    pub(crate) small: u64,
    pub(crate) a: u64,
    pub(crate) b: u64,
}

impl Slot {
    /// `None` for what this version has not written.
    pub(crate) fn unpack([at, head, a, b]: Words) -> Option<Self> {
        Some(Self {
            at,
            kind: Kind::of(head as u8)?,
            small: head >> 8,
            a,
            b,
        })
    }

    /// The low eight bits of `small`.
    pub(crate) fn code(&self) -> u64 {
        self.small & 0xff
    }

    /// The eight bits behind those.
    pub(crate) fn second_code(&self) -> u64 {
        self.small >> 8 & 0xff
    }

    /// The text in the slots that begin behind its own.
    pub(crate) fn text(length: usize, slots: impl Iterator<Item = Slot>) -> String {
        let bytes = slots.flat_map(|slot| {
            let both = u128::from(slot.a) | u128::from(slot.b) << 64;
            both.to_le_bytes()
        });
        let bytes: Vec<u8> = bytes.take(length).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// In how many slots a text of that length lies.
pub(crate) fn slots_of_text(length: usize) -> usize {
    length.div_ceil(16)
}

/// The queue of that number.
pub(crate) fn queue(number: u64) -> crate::trace::Queue {
    let worker = (number >> 8) as u32;
    match number & 0xff {
        0 => crate::trace::Queue::Global,
        1 => crate::trace::Queue::Local(worker),
        _ => crate::trace::Queue::Lifo(worker),
    }
}

fn queue_as_number(queue: Queue) -> u64 {
    match queue {
        Queue::Global => 0,
        Queue::Local(worker) => 1 | (worker as u64) << 8,
        Queue::Lifo(worker) => 2 | (worker as u64) << 8,
    }
}

/// Why a wake happened, as it lies in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum CauseKind {
    Foreign = 0,
    Task = 1,
    Io = 2,
    Timer = 3,
    Abort = 4,
    Budget = 5,
}

impl CauseKind {
    pub(crate) fn of(code: u64) -> Self {
        match code {
            1 => Self::Task,
            2 => Self::Io,
            3 => Self::Timer,
            4 => Self::Abort,
            5 => Self::Budget,
            _ => Self::Foreign,
        }
    }
}

/// Its kind, the readiness that it is about, and who it is.
fn cause_as_numbers(cause: Cause) -> (u64, u64, u64) {
    let (kind, ready, by) = match cause {
        Cause::Task(task) => (CauseKind::Task, 0, task.get()),
        Cause::Io { source, ready } => (CauseKind::Io, ready.0.into(), source as u64),
        Cause::Timer(timer) => (CauseKind::Timer, 0, timer),
        Cause::Abort => (CauseKind::Abort, 0, 0),
        Cause::Budget => (CauseKind::Budget, 0, 0),
        Cause::Foreign => (CauseKind::Foreign, 0, 0),
    };
    (kind as u64, ready, by)
}

fn nanoseconds(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(NONE - 1)
}

fn length(text: &str) -> u64 {
    cut(text).len() as u64
}

fn cut(text: &str) -> &str {
    let end = (0..=LONGEST_TEXT.min(text.len()))
        .rev()
        .find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or(0)]
}

/// The largest size that is told.
const SIZES: u64 = (1 << 32) - 1;

// The codes by which the decoder knows them.
const _: () = {
    assert!(Effect::Scheduled as u8 == 0 && Effect::Rescheduled as u8 == 1);
    assert!(Effect::Coalesced as u8 == 2 && Effect::Nothing as u8 == 3);
    assert!(PollResult::Pending as u8 == 0 && PollResult::Ready as u8 == 1 && PollResult::Panic as u8 == 2);
    assert!(End::Completed as u8 == 0 && End::Cancelled as u8 == 1 && End::Panicked as u8 == 2);
    assert!(TaskKind::Task as u8 == 0 && TaskKind::Local as u8 == 1 && TaskKind::BlockOn as u8 == 2);
    assert!(Resource::Io as u8 == 0 && Resource::Timer as u8 == 1 && Resource::Join as u8 == 2);
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_comes_out_of_its_slots_as_it_went_in_or_cut_between_characters() {
        for text in ["", "a", "exactly sixteen.", "ü more than sixteen bytes"] {
            let slots: Vec<_> = pack_text(7, text)
                .map(|words| Slot::unpack(words).unwrap())
                .collect();
            assert_eq!(slots.len(), slots_of_text(text.len()));
            assert_eq!(Slot::text(text.len(), slots.into_iter()), text);
        }
        let long = "ä".repeat(LONGEST_TEXT);
        assert_eq!(cut(&long).len(), LONGEST_TEXT);
        assert_eq!(cut(&format!("a{long}")).len(), LONGEST_TEXT - 1);
    }

    #[test]
    fn a_slot_that_was_never_written_is_none() {
        assert!(Slot::unpack([0; 4]).is_none());
        assert!(Slot::unpack([1, 255, 0, 0]).is_none());
    }
}
