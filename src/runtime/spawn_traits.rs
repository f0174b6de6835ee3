//! The traits by which libraries spawn without knowing the runtime.

use futures_task::{FutureObj, LocalFutureObj, LocalSpawn, Spawn, SpawnError};

use super::Handle;

/// Spawns a detached task on the handle's runtime. An error once that shuts down.
///
/// # Examples
///
/// ```
/// use futures_task::{FutureObj, Spawn};
///
/// // A library's function, which knows no runtime.
/// fn start(spawner: &impl Spawn, answer: std::sync::mpsc::Sender<i32>) {
///     let future = async move { answer.send(42).unwrap() };
///     spawner.spawn_obj(FutureObj::new(Box::new(future))).unwrap();
/// }
///
/// # fn main() -> std::io::Result<()> {
/// let runtime = reveille::runtime::Runtime::new()?;
/// let (sender, receiver) = std::sync::mpsc::channel();
/// start(runtime.handle(), sender);
/// assert_eq!(receiver.recv().unwrap(), 42);
/// # Ok(())
/// # }
/// ```
impl Spawn for Handle {
    #[track_caller]
    fn spawn_obj(&self, future: FutureObj<'static, ()>) -> Result<(), SpawnError> {
        self.executor.spawn_obj(future)
    }

    fn status(&self) -> Result<(), SpawnError> {
        self.executor.status()
    }
}

/// Spawns a detached task that stays on this thread. An error where this thread does not run the handle's tasks.
///
/// # Examples
///
/// ```
/// use std::cell::Cell;
/// use std::rc::Rc;
///
/// use futures_task::{LocalFutureObj, LocalSpawn};
///
/// // A library's function, which knows no runtime.
/// fn start(spawner: &impl LocalSpawn, answer: Rc<Cell<i32>>) {
///     let future = async move { answer.set(42) };
///     spawner.spawn_local_obj(LocalFutureObj::new(Box::new(future))).unwrap();
/// }
///
/// # fn main() -> std::io::Result<()> {
/// let runtime = reveille::runtime::Runtime::new()?;
/// runtime.block_on(async {
///     let answer = Rc::new(Cell::new(0));
///     start(runtime.handle(), answer.clone());
///     reveille::task::yield_now().await;
///     assert_eq!(answer.get(), 42);
/// });
/// # Ok(())
/// # }
/// ```
impl LocalSpawn for Handle {
    #[track_caller]
    fn spawn_local_obj(&self, future: LocalFutureObj<'static, ()>) -> Result<(), SpawnError> {
        self.executor.spawn_local_obj(future)
    }

    fn status_local(&self) -> Result<(), SpawnError> {
        self.executor.status_local()
    }
}
