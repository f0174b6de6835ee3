//! Waiting for a child's end, on Windows: a thread waits for its handle.

use std::fmt;
use std::io;
use std::mem;
use std::os::windows::io::{AsHandle, OwnedHandle};
use std::panic::Location;
use std::process::{Child as StdChild, ExitStatus};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;

use crate::sys;

/// The thread lives until the child has ended, whether or not somebody waits on.
#[derive(Default)]
pub(super) struct Exit(Option<Arc<Mutex<Watch>>>);

#[derive(Default)]
enum Watch {
    #[default]
    Unasked,
    Asked(Waker),
    Over(io::Result<()>),
}

impl Exit {
    pub(super) fn poll(
        &mut self,
        child: &mut StdChild,
        cx: &mut Context<'_>,
        _: &'static Location<'static>,
    ) -> Poll<io::Result<ExitStatus>> {
        if let Some(status) = child.try_wait()? {
            return Poll::Ready(Ok(status));
        }
        let watch = match &self.0 {
            Some(watch) => watch,
            None => self.0.insert(watch(child.as_handle().try_clone_to_owned()?)?),
        };
        // Not under the lock: cloning a waker runs foreign code, and so does dropping one.
        let waker = cx.waker().clone();
        let mut state = lock(watch);
        let before = mem::take(&mut *state);
        if let Watch::Over(outcome) = before {
            drop(state);
            self.0 = None;
            outcome?;
            return Poll::Ready(child.wait());
        }
        *state = Watch::Asked(waker);
        drop(state);
        drop(before);
        Poll::Pending
    }
}

impl fmt::Debug for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exit")
            .field("watched", &self.0.is_some())
            .finish()
    }
}

fn watch(process: OwnedHandle) -> io::Result<Arc<Mutex<Watch>>> {
    let watch = Arc::new(Mutex::default());
    let told = watch.clone();
    thread::Builder::new()
        .name("reveille-child".to_owned())
        .spawn(move || {
            let outcome = sys::process::wait(&process);
            let before = mem::replace(&mut *lock(&told), Watch::Over(outcome));
            if let Watch::Asked(waker) = before {
                waker.wake();
            }
        })?;
    Ok(watch)
}

fn lock(watch: &Mutex<Watch>) -> MutexGuard<'_, Watch> {
    watch.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The system keeps nothing of a process to which nobody has a handle.
pub(super) fn let_go(child: StdChild) {
    drop(child);
}
