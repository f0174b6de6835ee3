//! The words by which a file calls what are enums here: each once, for who writes them and for who reads them.

use std::fmt;

use crate::trace::{
    Clock, Effect, End, Flavor, Level, PollResult, Queue, Ready, Resource, Stop, TaskKind, TaskState,
    ThreadKind, Unpark, Why,
};

/// An enum whose values are words in a file.
pub(crate) trait Word: Copy + 'static {
    /// All values with their words.
    #[cfg(feature = "read")]
    const WORDS: &'static [(Self, &'static str)];

    /// The word for this value.
    fn word(self) -> &'static str;
}

macro_rules! words {
    ($($name:ident { $($variant:ident = $word:literal),+ $(,)? })+) => {$(
        impl Word for $name {
            #[cfg(feature = "read")]
            const WORDS: &'static [(Self, &'static str)] = &[$((Self::$variant, $word)),+];

            fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }
        }
    )+};
}

words! {
    Clock { Monotonic = "monotonic-ns", Virtual = "virtual-ns" }
    Effect { Scheduled = "scheduled", Rescheduled = "resched", Coalesced = "coalesced", Nothing = "noop" }
    End { Completed = "completed", Cancelled = "cancelled", Panicked = "panicked", Shutdown = "shutdown" }
    Flavor { CurrentThread = "current_thread", MultiThread = "multi_thread" }
    Level { Loop = "loop", Full = "full" }
    PollResult { Pending = "pending", Ready = "ready", Panic = "panic" }
    Ready { Read = "r", Write = "w", Both = "rw", Hangup = "hup", Error = "err" }
    Resource {
        Io = "io",
        Timer = "timer",
        Job = "job",
        Join = "join",
        Channel = "channel",
        Lock = "lock",
        Foreign = "foreign",
        Never = "never",
    }
    Stop { Drop = "drop", Shutdown = "shutdown", Panic = "panic" }
    TaskKind { Task = "task", Local = "local", BlockOn = "block_on" }
    TaskState { New = "new", Queued = "queued", Running = "running", Idle = "idle" }
    ThreadKind { Worker = "worker", Blocking = "blocking", Driver = "driver", Other = "other" }
    Unpark { Io = "io", Timer = "timer", Notify = "notify", Spurious = "spurious" }
    Why { Abort = "abort", Shutdown = "shutdown", Budget = "budget", Join = "join" }
}

impl fmt::Display for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Global => f.write_str("global"),
            Self::Local(worker) => write!(f, "local:{worker}"),
            Self::Lifo(worker) => write!(f, "lifo:{worker}"),
        }
    }
}
