//! A runtime inside a foreign event loop.

mod descriptor;

use std::fmt;
use std::future::Future;
use std::io;
use std::time::Duration;

use reveille_executor::{EmbedError, JoinHandle};

use crate::driver::Driver;
use crate::runtime::Runtime;

impl Runtime {
    /// Lets a foreign event loop drive this runtime from this thread: that of a user interface, a game, another
    /// library. For runtimes of [`Builder::current_thread`](crate::runtime::Builder::current_thread). No thread is
    /// started for it.
    ///
    /// Until the [`Embedded`] is dropped, a [`block_on`](Self::block_on) on another thread waits for its own future and
    /// leaves the driving to this one.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](io::ErrorKind::Unsupported) if the runtime is a multi-thread one, which drives itself;
    /// [`ResourceBusy`](io::ErrorKind::ResourceBusy) if somebody drives the runtime already;
    /// [`Deadlock`](io::ErrorKind::Deadlock) if this thread is inside a `block_on` or a
    /// [`poll_once`](Embedded::poll_once), whose tasks would stand still.
    ///
    /// # Examples
    ///
    /// A game, say, whose loop runs once for each frame:
    ///
    /// ```
    /// use std::time::Duration;
    /// use reveille::runtime::Builder;
    /// use reveille::time::sleep;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = Builder::current_thread().build()?;
    /// let mut embedded = runtime.embed()?;
    /// let task = embedded.spawn_local(async {
    ///     sleep(Duration::from_millis(3)).await;
    ///     "slept"
    /// });
    /// while !task.is_finished() {
    ///     // Draw the frame here. Then run what is ready; if nothing is, wait for the next frame or for work.
    ///     embedded.poll_once(Some(Duration::from_millis(1)));
    /// }
    /// # drop(embedded);
    /// # assert_eq!(runtime.block_on(task).unwrap(), "slept");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A loop that waits itself watches the descriptor (`as_fd`) and sleeps for no longer than
    /// [`next_deadline`](Embedded::next_deadline) says. `examples/embedded.rs` is a whole program.
    #[track_caller]
    pub fn embed(&self) -> io::Result<Embedded<'_>> {
        let _current = self.enter();
        let Some(executor) = self.current_thread() else {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "a multi-thread runtime drives itself; build one with `Builder::current_thread` to embed it",
            ));
        };
        let inner = executor.embed().map_err(to_io)?;
        Ok(Embedded {
            runtime: self,
            inner: Some(inner),
        })
    }
}

fn to_io(error: EmbedError) -> io::Error {
    let kind = if error.is_nested() {
        io::ErrorKind::Deadlock
    } else {
        io::ErrorKind::ResourceBusy
    };
    io::Error::new(kind, error)
}

/// A runtime that a foreign event loop drives; made by [`Runtime::embed`].
///
/// The foreign loop calls [`poll_once`](Self::poll_once)
/// * when the descriptor is readable (`AsFd` and `AsRawFd`, where the system's selector has one: with epoll and kqueue):
///   a socket is ready, or a task was woken, from whatever thread;
/// * when [`next_deadline`](Self::next_deadline) is over;
/// * at once, if the last call returned true;
/// * and as often as it likes besides. Where there is no descriptor, it does so regularly, or waits in `poll_once`.
///
/// Between two calls nothing runs. This thread may [enter](Runtime::enter) the runtime meanwhile, to spawn for instance,
/// and may be in the `block_on` of another one.
///
/// It stays on its thread. When it is dropped, its local tasks are cancelled and dropped, and the runtime is free for
/// the next `embed` or `block_on`; the other tasks wait for that.
///
/// See [`Runtime::embed`] for an example.
pub struct Embedded<'a> {
    runtime: &'a Runtime,
    /// Taken only by `drop`.
    inner: Option<reveille_executor::Embedded<'a, Driver>>,
}

impl Embedded<'_> {
    /// How many times one [`poll_once`](Self::poll_once) polls tasks at the most.
    ///
    /// See [`poll_once`](Self::poll_once) for an example.
    pub const POLLS_PER_CALL: u32 = reveille_executor::Embedded::<'static, Driver>::POLLS_PER_CALL;

    /// Collects what sockets and timers have, runs what is ready, and returns: true if more is ready now.
    ///
    /// If nothing is ready at first, it waits until something is, at most for `timeout` (`None`: without end); it may
    /// return early for no reason. With `Some(Duration::ZERO)` it never waits. It polls tasks
    /// [`POLLS_PER_CALL`](Self::POLLS_PER_CALL) times at the most, however many are ready.
    ///
    /// When it has returned false, whatever is to be done makes the descriptor readable, until the next call; only for
    /// timers see [`next_deadline`](Self::next_deadline). When it has returned true, the foreign loop should not sleep
    /// before it calls again.
    ///
    /// # Panics
    ///
    /// If this thread is inside a `block_on`, or inside a `poll_once` of another runtime. A task's panic does not come
    /// out here; it is in its [`JoinHandle`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use reveille::runtime::Builder;
    /// use reveille::task::yield_now;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = Builder::current_thread().build()?;
    /// let mut embedded = runtime.embed()?;
    /// let task = embedded.spawn_local(async {
    ///     for _ in 0..1_000 {
    ///         yield_now().await;
    ///     }
    /// });
    /// // It is always ready: the call returns after `POLLS_PER_CALL` polls, and says that there is more.
    /// assert!(embedded.poll_once(Some(Duration::ZERO)));
    /// while embedded.poll_once(Some(Duration::ZERO)) {}
    /// assert!(task.is_finished());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn poll_once(&mut self, timeout: Option<Duration>) -> bool {
        let _current = self.runtime.enter();
        self.inner.as_mut().expect(TAKEN).poll_once(timeout)
    }

    /// How long, from now, the foreign loop may sleep unless the descriptor becomes readable: `None` without end, zero
    /// if something is ready. Whoever sets an earlier deadline after this call makes the descriptor readable.
    ///
    /// It is to be rounded up by a loop that counts milliseconds, or it would call too early and again.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use reveille::runtime::Builder;
    /// use reveille::time::sleep;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = Builder::current_thread().build()?;
    /// let mut embedded = runtime.embed()?;
    /// let task = embedded.spawn_local(sleep(Duration::from_secs(60)));
    /// assert_eq!(embedded.next_deadline(), Some(Duration::ZERO));
    /// // The task has its first poll, and sets its timer.
    /// while embedded.poll_once(Some(Duration::ZERO)) {}
    /// assert!(embedded.next_deadline() > Some(Duration::ZERO));
    /// # drop(task);
    /// # Ok(())
    /// # }
    /// ```
    pub fn next_deadline(&mut self) -> Option<Duration> {
        self.inner.as_mut().expect(TAKEN).next_deadline()
    }

    /// Spawns a task that stays on this thread, from outside of [`poll_once`](Self::poll_once); inside,
    /// [`spawn_local`](crate::task::spawn_local) does. It is cancelled when this is dropped.
    ///
    /// See [`Runtime::embed`] for an example.
    #[track_caller]
    pub fn spawn_local<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        self.inner.as_ref().expect(TAKEN).spawn_local(future)
    }

    #[cfg_attr(not(unix), expect(dead_code, reason = "elsewhere there is no descriptor"))]
    fn driver(&self) -> &Driver {
        self.inner.as_ref().expect(TAKEN).park()
    }
}

const TAKEN: &str = "only `drop` takes it";

impl Drop for Embedded<'_> {
    fn drop(&mut self) {
        // The tasks' destructors find their own runtime current.
        let _current = self.runtime.enter();
        drop(self.inner.take());
    }
}

impl fmt::Debug for Embedded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Embedded").finish_non_exhaustive()
    }
}
