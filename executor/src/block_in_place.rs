//! Blocking inside a task, without keeping others waiting.

use reveille_context::coop;

use crate::local::{self, Flavor};
use crate::multi_thread;

// BOOK: ch09
/// Runs a closure that blocks, on this thread. Another thread takes over what this worker has: its queue, its sockets and
/// its timers. What belongs to this thread (the task itself, and those of [`spawn_local`](crate::spawn_local)) stands
/// still until the closure returns.
///
/// Inside, the thread runs no tasks: `Handle::block_on` works there, and the coop budget has no end.
///
/// Outside a runtime, and in code that may block anyway, the closure is just called. Prefer `spawn_blocking` where the
/// closure can be moved there: it keeps no task of this thread waiting.
///
/// # Panics
///
/// In a current-thread runtime, where nobody could take over. A panic of the closure comes out here.
///
/// # Examples
///
/// ```
/// use reveille_executor::{Config, MultiThread, ThreadPark, block_in_place, spawn};
///
/// # fn main() -> std::io::Result<()> {
/// let executor = MultiThread::new([ThreadPark::new()], Config::default())?;
/// let answer = executor.block_on(async {
///     let task = spawn(async {
///         let other = spawn(async { 42 });
///         // The only worker blocks here; another thread runs the task meanwhile.
///         block_in_place(|| wait_for(other))
///     });
///     task.await.unwrap()
/// });
/// assert_eq!(answer, 42);
///
/// fn wait_for(task: reveille_executor::JoinHandle<i32>) -> i32 {
///     reveille_executor::Handle::try_current().unwrap().block_on(task).unwrap()
/// }
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn block_in_place<R>(blocks: impl FnOnce() -> R) -> R {
    match local::flavor() {
        Flavor::Outside => return blocks(),
        Flavor::CurrentThread => panic!(
            "`block_in_place` was called in a current-thread runtime, which has no other thread to go on with; use \
             `spawn_blocking`, or a multi-thread runtime"
        ),
        Flavor::MultiThread => {}
    }
    let _left = multi_thread::leave_shard();
    let _suspended = local::suspend();
    // It keeps nobody else waiting, so it may do as much as it likes.
    let _lifted = coop::unconstrained();
    blocks()
}
