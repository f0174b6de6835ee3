//! The traits by which libraries spawn without knowing the runtime.

use std::panic::Location;

use futures_task::{FutureObj, LocalFutureObj, LocalSpawn, Spawn, SpawnError};

use crate::handle::Handle;
use crate::local;

/// Spawns a detached task on the handle's runtime. An error once that shuts down.
///
/// # Examples
///
/// ```
/// use futures_task::{FutureObj, Spawn};
/// use reveille_executor::{CurrentThread, ThreadPark, yield_now};
///
/// let executor = CurrentThread::new(ThreadPark::new());
/// let (sender, receiver) = std::sync::mpsc::channel();
/// let future = async move { sender.send(3).unwrap() };
/// executor.handle().spawn_obj(FutureObj::new(Box::new(future))).unwrap();
/// executor.block_on(yield_now());
/// assert_eq!(receiver.recv().unwrap(), 3);
/// ```
impl Spawn for Handle {
    #[track_caller]
    fn spawn_obj(&self, future: FutureObj<'static, ()>) -> Result<(), SpawnError> {
        self.status()?;
        drop(self.spawn_at(future, Location::caller(), None));
        Ok(())
    }

    fn status(&self) -> Result<(), SpawnError> {
        if self.is_closed() {
            Err(SpawnError::shutdown())
        } else {
            Ok(())
        }
    }
}

/// Spawns a detached task that stays on this thread. An error where this thread does not run the handle's tasks.
///
/// # Examples
///
/// ```
/// use futures_task::{LocalFutureObj, LocalSpawn};
/// use reveille_executor::{CurrentThread, ThreadPark, yield_now};
///
/// let executor = CurrentThread::new(ThreadPark::new());
/// let future = LocalFutureObj::new(Box::new(async { println!("on this thread") }));
/// executor.block_on(async {
///     executor.handle().spawn_local_obj(future).unwrap();
///     yield_now().await;
/// });
/// ```
impl LocalSpawn for Handle {
    #[track_caller]
    fn spawn_local_obj(&self, future: LocalFutureObj<'static, ()>) -> Result<(), SpawnError> {
        self.status_local()?;
        let entry = local::current_entry().ok_or_else(SpawnError::shutdown)?;
        drop(entry.spawn_local(future, Location::caller(), None));
        Ok(())
    }

    fn status_local(&self) -> Result<(), SpawnError> {
        let here = local::current_entry().is_some() && Self::try_current().is_some_and(|here| here.is(self));
        if here && !self.is_closed() {
            Ok(())
        } else {
            Err(SpawnError::shutdown())
        }
    }
}
