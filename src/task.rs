//! Tasks: units of work that the runtime polls.
//!
//! [`spawn`] starts one that may run on any thread of the runtime, [`spawn_local`] one that stays on this thread. A
//! [`JoinHandle`] waits for the output; dropping it detaches the task.

pub use reveille_executor::{
    JoinError, JoinHandle, TaskId as Id, TrySpawnError, YieldNow, block_in_place, spawn, spawn_blocking,
    spawn_local, try_spawn, yield_now,
};
