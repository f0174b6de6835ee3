//! Tasks that end with the code that spawned them.

use std::any::Any;
use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use reveille_context::wake;

use crate::big_future::{boxed, is_big};
use crate::primitive::{Mutex, lock};
use crate::spawn::spawn;
use crate::task::AbortHandle;

// BOOK: ch10
/// Runs `body`, which may spawn children; returns its output when all of them have ended.
///
/// The first panic, of a child or of `body`, cancels everything else and comes out here. For children that can fail see
/// [`try_scope`].
///
/// Children are owned tasks, so they must be `'static`. A future cannot lend its locals to tasks on other threads soundly:
/// it may be leaked (`mem::forget`) while they run on. What is leaked here is only the right to cancel them.
///
/// # Cancel safety
///
/// Dropping this drops `body` and aborts the children; one that is just being polled by another thread ends with that poll,
/// a moment later.
///
/// # Panics
///
/// With the first panic of a child or of `body`; and if a child is spawned outside a runtime.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU32, Ordering};
/// use reveille_executor::{CurrentThread, ThreadPark, scope, yield_now};
///
/// let sum = Arc::new(AtomicU32::new(0));
/// CurrentThread::new(ThreadPark::new()).block_on(scope(|scope| {
///     let sum = sum.clone();
///     async move {
///         for number in 0..10 {
///             let sum = sum.clone();
///             scope.spawn(async move {
///                 yield_now().await;
///                 sum.fetch_add(number, Ordering::Relaxed);
///             });
///         }
///     }
/// }));
/// assert_eq!(sum.load(Ordering::Relaxed), 45);
/// ```
pub async fn scope<T, F, B>(body: F) -> T
where
    F: FnOnce(Scope) -> B,
    B: Future<Output = T>,
{
    let Ok(output) = try_scope(|scope| {
        let body = body(scope);
        async move { Ok(body.await) }
    })
    .await;
    output
}

/// As [`scope`], for a body and children that can fail: the first error, or panic, cancels everything else and is returned
/// (or resumed) when all have ended.
///
/// # Cancel safety
///
/// As that of [`scope`].
///
/// # Panics
///
/// As [`scope`].
///
/// # Examples
///
/// ```
/// use reveille_executor::{CurrentThread, ThreadPark, try_scope};
///
/// let result = CurrentThread::new(ThreadPark::new()).block_on(try_scope(|scope| async move {
///     scope.try_spawn(async { Err("no route") });
///     // Is cancelled by the first.
///     scope.spawn(std::future::pending());
///     Ok(())
/// }));
/// assert_eq!(result, Err("no route"));
/// ```
pub async fn try_scope<T, E, F, B>(body: F) -> Result<T, E>
where
    F: FnOnce(Scope<E>) -> B,
    B: Future<Output = Result<T, E>>,
{
    let children = Arc::new(Children::<E>::new());
    // Whichever way this ends: by then no child may go on.
    let _cancel = CancelOnDrop(&children);
    let scope = Scope {
        children: children.clone(),
    };
    let mut body = pin!(Some(body(scope)));
    let mut output = None;
    poll_fn(|cx| {
        if children.has_failed() {
            drop_contained(body.as_mut(), &children);
        }
        if let Some(running) = body.as_mut().as_pin_mut() {
            match catch_unwind(AssertUnwindSafe(|| running.poll(cx))) {
                Ok(Poll::Pending) => {}
                Ok(Poll::Ready(Ok(value))) => {
                    output = Some(value);
                    drop_contained(body.as_mut(), &children);
                }
                Ok(Poll::Ready(Err(error))) => children.fail(Failure::Error(error)),
                Err(payload) => children.fail(Failure::Panic(payload)),
            }
            if children.has_failed() {
                drop_contained(body.as_mut(), &children);
            }
        }
        if body.is_some() {
            // A child that fails must wake this, too.
            children.wait(cx);
            if !children.has_failed() {
                return Poll::Pending;
            }
            drop_contained(body.as_mut(), &children);
        }
        children.poll_ended(cx)
    })
    .await;
    match (children.take_failure(), output) {
        (Some(Failure::Error(error)), _) => Err(error),
        (Some(Failure::Panic(payload)), _) => resume_unwind(payload),
        (None, Some(output)) => Ok(output),
        (None, None) => unreachable!("the body ended with an output or a failure"),
    }
}

/// Spawns children into a [`scope`]; given to its body, and may be cloned into the children.
///
/// # Examples
///
/// ```
/// use reveille_executor::{CurrentThread, ThreadPark, scope};
///
/// CurrentThread::new(ThreadPark::new()).block_on(scope(|scope| async move {
///     let inner = scope.clone();
///     scope.spawn(async move {
///         // A child may spawn more of them.
///         inner.spawn(async {});
///     });
/// }));
/// ```
pub struct Scope<E = Infallible> {
    children: Arc<Children<E>>,
}

impl<E> Scope<E> {
    /// Spawns a child on the current runtime. If the scope has failed or ended meanwhile, the future is dropped instead.
    ///
    /// See [`scope`] for an example.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    #[track_caller]
    pub fn spawn<F>(&self, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
        E: Send + 'static,
    {
        if is_big::<F>() {
            let future = boxed(future, Location::caller());
            return self.spawn_child(async move {
                future.await;
                Ok(())
            });
        }
        self.spawn_child(async move {
            future.await;
            Ok(())
        });
    }

    /// As [`spawn`](Self::spawn), for a child that can fail; its error cancels the scope.
    ///
    /// See [`try_scope`] for an example.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
    #[track_caller]
    pub fn try_spawn<F>(&self, future: F)
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Send + 'static,
    {
        if is_big::<F>() {
            return self.spawn_child(boxed(future, Location::caller()));
        }
        self.spawn_child(future);
    }

    #[track_caller]
    fn spawn_child<F>(&self, future: F)
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Send + 'static,
    {
        let Some(number) = self.children.begin() else {
            return;
        };
        let guard = ChildGuard {
            children: self.children.clone(),
            number,
        };
        let handle = spawn(run_child(Child { future, guard }));
        self.children.set_handle(number, handle.abort_handle());
    }
}

impl<E> Clone for Scope<E> {
    fn clone(&self) -> Self {
        Self {
            children: self.children.clone(),
        }
    }
}

impl<E> fmt::Debug for Scope<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}

enum Failure<E> {
    Error(E),
    Panic(Box<dyn Any + Send>),
}

/// What a scope, its children and those who spawn more of them share.
struct Children<E> {
    state: Mutex<State<E>>,
}

struct State<E> {
    /// Those that have not ended; without a handle while they are being spawned.
    running: HashMap<u64, Option<AbortHandle>>,
    next: u64,
    /// Whether it failed, ended or was dropped: no child begins any more.
    closed: bool,
    failed: bool,
    failure: Option<Failure<E>>,
    /// Of the scope's future.
    waiting: Option<Waker>,
}

impl<E> Children<E> {
    fn new() -> Self {
        Self {
            state: Mutex::new(State {
                running: HashMap::new(),
                next: 0,
                closed: false,
                failed: false,
                failure: None,
                waiting: None,
            }),
        }
    }

    /// Counts a child before it is spawned; `None` if it must not be.
    fn begin(&self) -> Option<u64> {
        let mut state = lock(&self.state);
        if state.closed {
            return None;
        }
        let number = state.next;
        state.next += 1;
        state.running.insert(number, None);
        Some(number)
    }

    fn set_handle(&self, number: u64, handle: AbortHandle) {
        let mut state = lock(&self.state);
        if state.closed {
            drop(state);
            return handle.abort();
        }
        // Else it has ended already, and the handle is dropped after the lock is free.
        if let Some(slot) = state.running.get_mut(&number) {
            *slot = Some(handle);
        } else {
            drop(state);
        }
    }

    /// The child's future is dropped.
    fn end(&self, number: u64) {
        let mut state = lock(&self.state);
        let handle = state.running.remove(&number);
        let waiting = if state.running.is_empty() {
            state.waiting.take()
        } else {
            None
        };
        drop(state);
        drop(handle);
        waiting.into_iter().for_each(wake::wake);
    }

    /// Cancels everything; the first failure is the scope's.
    fn fail(&self, failure: Failure<E>) {
        let mut state = lock(&self.state);
        let later = if state.failed {
            Some(failure)
        } else {
            state.failure.replace(failure)
        };
        state.failed = true;
        let waiting = state.waiting.take();
        drop(state);
        self.cancel();
        waiting.into_iter().for_each(wake::wake);
        // Its destructor is anybody's code.
        wake::contain(move || drop(later));
    }

    fn has_failed(&self) -> bool {
        lock(&self.state).failed
    }

    fn take_failure(&self) -> Option<Failure<E>> {
        lock(&self.state).failure.take()
    }

    /// Aborts the children that run; no other begins.
    fn cancel(&self) {
        let mut state = lock(&self.state);
        state.closed = true;
        let handles: Vec<_> = state.running.values().flatten().cloned().collect();
        drop(state);
        handles.iter().for_each(AbortHandle::abort);
    }

    /// Leaves the task's waker for the end of the last child and for the first failure.
    fn wait(&self, cx: &Context<'_>) {
        let waker = cx.waker().clone();
        let old = lock(&self.state).waiting.replace(waker);
        drop(old);
    }

    /// Whether all children have ended; if so none begins any more.
    fn poll_ended(&self, cx: &Context<'_>) -> Poll<()> {
        self.wait(cx);
        let mut state = lock(&self.state);
        if !state.running.is_empty() {
            return Poll::Pending;
        }
        state.closed = true;
        let waiting = state.waiting.take();
        drop(state);
        drop(waiting);
        Poll::Ready(())
    }
}

struct CancelOnDrop<'a, E>(&'a Children<E>);

impl<E> Drop for CancelOnDrop<'_, E> {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// Drops the body; a panic of its destructor is the scope's.
fn drop_contained<B, E>(mut body: Pin<&mut Option<B>>, children: &Children<E>) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| body.set(None))) {
        children.fail(Failure::Panic(payload));
    }
}

/// The fields are dropped in this order, also if it was never polled: a child has ended when its future is gone.
struct Child<F, E> {
    future: F,
    guard: ChildGuard<E>,
}

struct ChildGuard<E> {
    children: Arc<Children<E>>,
    number: u64,
}

impl<E> Drop for ChildGuard<E> {
    fn drop(&mut self) {
        self.children.end(self.number);
    }
}

impl<F, E> Child<F, E> {
    fn into_parts(self) -> (F, ChildGuard<E>) {
        (self.future, self.guard)
    }
}

async fn run_child<F, E>(child: Child<F, E>)
where
    F: Future<Output = Result<(), E>>,
{
    let (future, guard) = child.into_parts();
    let mut future = pin!(Some(future));
    let polled = poll_fn(|cx| {
        let running = future
            .as_mut()
            .as_pin_mut()
            .expect("a child is polled until it is ready");
        match catch_unwind(AssertUnwindSafe(|| running.poll(cx))) {
            Ok(polled) => polled.map(|result| result.map_err(Failure::Error)),
            Err(payload) => Poll::Ready(Err(Failure::Panic(payload))),
        }
    })
    .await;
    if let Err(failure) = polled {
        guard.children.fail(failure);
    }
    drop_contained(future.as_mut(), &guard.children);
}
