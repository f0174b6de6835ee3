//! A task: one allocation with its state, its future or output, and its home. The unsafe room of this crate.
//!
//! ```text
//! Cell<F, S>   Front<S>   Header   state         flags and reference count        state.rs
//!                                  vtable        what depends on F and S          cell.rs
//!                                  id, location  for people
//!                                  slot, table   where the owner table keeps it   place.rs, ../owned.rs
//!                                  join_waker    who waits for the output         join_waker.rs
//!                                  owner         what its thread alone writes     owner.rs
//!                         home     pointer       whom to hand a woken task            home_pointer.rs
//!              stage      union                  the future, then its output
//! ```
//!
//! In reading order: `state` (the life cycle), `owner` (the part of it that needs no read-modify-write), `cell` (the
//! allocation and the poll), `reference` (who may do what with it), `waker`, `join`, `local` (tasks that may not leave their
//! thread), `pool` (where a cell's memory comes from), `error`.
//!
//! # The rules that every `unsafe` here cites
//!
//! * **Rule A (alive).** Whoever holds a counted reference may read the header: a [`Task`](reference::Task), a [`Mail`], a
//!   [`JoinHandle`], an [`AbortHandle`] and a `Waker` hold one each. So may, of a task that is not complete, whoever it was
//!   handed to: a [`Listed`], a [`Runnable`], a [`Claimed`], a [`Spawned`](reference::Spawned), the poll. These are not
//!   counted; the runtime's share is. Whoever completes the task has that as a [`Finished`], and gives it up after it has taken
//!   the task out of the owner table; until then it is alive for a `Listed`. The cell is freed by whoever gives up the last reference of a complete task.
//! * **Rule B (layout).** A `NonNull<Header>` always comes from the allocation of a `Cell<F, S>` ([`pool`]) and keeps the provenance of the
//!   whole of it; `header.vtable` was made for exactly that `F` and `S`, and so were the wakers for that `S`.
//! * **Rule C (stage).** Until `COMPLETE`, the stage is the future, and only the thread that *has* the task touches it: the one
//!   that popped it from a queue or claimed it, as `SCHEDULED` says (of a bound task: the one that set `RUNNING` in `owner`).
//!   From `COMPLETE` on it is the output, until it is moved out or dropped once: by the completer if there was no
//!   `JOIN_INTEREST` then, else by the `JoinHandle`. The future never moves between being stored and dropped.
//! * **Rule D (join waker).** While `JOIN_WAKER` is clear the slot belongs to the `JoinHandle`; from the moment it
//!   is set until `COMPLETE` nobody touches it; at `COMPLETE` it belongs to the completer if `JOIN_WAKER` was set
//!   then. The last reference drops what is left in it. Others may read the address that is in it, which need not be the present one,
//!   and compare it.
//! * **Rule E (threads).** A future that is not `Send` is wrapped in [`local::HomeBound`], which checks before every
//!   access that it is on its thread; an output that is not `Send` is made there, and the `JoinHandle` for it is
//!   not `Send` either.
//! * **Rule F (pinning).** A wrapper's future is pinned with the wrapper: it is never moved out of it, and dropped where
//!   it lies.
//! * **Rule G (right).** `owner` is written by whoever has the exclusive right to the task, and nobody else: of a task that
//!   any worker may run, the thread that polls it; of a bound task that is not complete, the thread for which
//!   [`Schedule::is_here`] is true; while there is none, whoever has the seat of the runtime's driver, of a local task its own
//!   thread, and of one that nobody was told of yet who spawns it. What hands the right on publishes what was written.
//! * **Rule H (home).** The home of a task that is not complete is alive, and so is that of one of which a mail is on its way.
//!   Whoever holds a home last waits until its owner table is empty, and that has both; a task that never got in there is
//!   cancelled by whoever spawns it, who holds the home. A job of the blocking pool is in no table: its thread holds the pool,
//!   or who cancels it. So the pointer is followed before the task, or its mail, is where another thread may end it, or by a
//!   thread that holds the home itself, as all do that run tasks; afterwards it is only compared. What hands a task over last, an
//!   unlocking, may find the lock freed when it wakes who waits for it: std's names only the lock's address then. As a last resort a
//!   home that is dropped with something in its tables ends the process.
//! * **Rule I (queues).** A pointer in a [`NextSlot`] or a [`Ring`] is a [`Runnable`] of whoever takes it out, by the one step that
//!   only one can make. At a time one thread pushes there: the one that has the shard's seat.
//! * **Rule J (memory).** What is in a thread's pool is the memory of freed cells, each block in the list of its size, and nobody
//!   else knows of it.
#![allow(unsafe_code)]

mod abort;
mod cell;
mod error;
mod home_pointer;
mod info;
mod join;
mod join_waker;
mod local;
#[cfg(all(test, loom))]
mod loom_models;
mod next_slot;
mod owner;
mod panic_policy;
mod place;
mod polled;
mod pool;
mod reference;
mod ring;
mod state;
mod told;
mod waker;

pub use abort::AbortHandle;
pub use error::JoinError;
pub(crate) use info::Seen;
pub use info::{TaskInfo, TaskStage};
pub use join::JoinHandle;
pub use panic_policy::PanicPolicy;

pub(crate) use cell::{Schedule, new, new_local};
pub(crate) use local::MadeThere;
pub(crate) use next_slot::NextSlot;
pub(crate) use place::{NOWHERE, Place};
#[cfg(not(loom))]
pub(crate) use reference::Task;
pub(crate) use reference::{Claimed, Delivery, Finished, Listed, Mail, Runnable};
pub(crate) use ring::Ring;
pub(crate) use told::{Of, stolen as tell_stolen, submitted as tell_submitted};
pub(crate) use waker::Wakers;
