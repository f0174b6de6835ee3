//! Tasks: units of work that the runtime polls.
//!
//! [`spawn`] starts one that may run on any thread of the runtime, [`spawn_local`] one that stays on this thread. A
//! [`JoinHandle`] waits for the output; dropping it detaches the task.

pub use reveille_executor::{
    AbortHandle, AbortOnDropHandle, AccessError, ConsumeBudget, JoinError, JoinHandle, JoinSet, LocalKey,
    Scope, TaskBuilder as Builder, TaskId as Id, TaskLocalFuture, TrySpawnError, Unconstrained, YieldNow,
    block_in_place, consume_budget, scope, spawn, spawn_blocking, spawn_local, try_scope, try_spawn,
    unconstrained, yield_now,
};
