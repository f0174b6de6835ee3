//! Channels and locks between tasks: [async-channel](https://docs.rs/async-channel) and
//! [async-lock](https://docs.rs/async-lock), which need no runtime.
//!
//! `docs/porting.md` says for each type of `tokio::sync` what takes its place; that itself works on reveille, too. None of
//! them counts against the budget of a task, as sockets and timers do: a loop around a channel that is never empty should
//! [`consume_budget`](crate::task::consume_budget), unless it [selects](crate::select), which does.
//!
//! # Examples
//!
//! ```
//! use std::sync::Arc;
//!
//! use reveille::sync::{Mutex, channel};
//!
//! reveille::block_on(async {
//!     let sum = Arc::new(Mutex::new(0));
//!     let (sender, receiver) = channel::bounded(8);
//!     let adding = reveille::spawn({
//!         let sum = sum.clone();
//!         async move {
//!             while let Ok(number) = receiver.recv().await {
//!                 *sum.lock().await += number;
//!             }
//!         }
//!     });
//!     for number in 1..=100 {
//!         sender.send(number).await.unwrap();
//!     }
//!     drop(sender);
//!     adding.await.unwrap();
//!     assert_eq!(*sum.lock().await, 5050);
//! });
//! ```

pub use async_lock::{
    Barrier, BarrierWaitResult, Mutex, MutexGuard, MutexGuardArc, OnceCell, RwLock, RwLockReadGuard,
    RwLockReadGuardArc, RwLockUpgradableReadGuard, RwLockUpgradableReadGuardArc, RwLockWriteGuard,
    RwLockWriteGuardArc, Semaphore, SemaphoreGuard, SemaphoreGuardArc,
};

/// Channels with any number of senders and receivers, [bounded](channel::bounded) and [unbounded](channel::unbounded):
/// async-channel's.
pub mod channel {
    pub use async_channel::{
        Receiver, RecvError, SendError, Sender, TryRecvError, TrySendError, WeakReceiver, WeakSender,
        bounded, unbounded,
    };
}
