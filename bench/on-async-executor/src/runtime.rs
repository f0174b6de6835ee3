//! The scenarios' runtime: async-executor, in the forms that its documentation calls the fast ones, since they are never dropped:
//! `StaticLocalExecutor` on one thread, `StaticExecutor` on several.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::thread;

use async_executor::{StaticExecutor, StaticLocalExecutor, Task};
use futures_lite::future::{block_on, yield_now};

pub(crate) struct AsyncExecutor;

static EXECUTOR: StaticExecutor = StaticExecutor::new();
static HAS_WORKERS: AtomicBool = AtomicBool::new(false);

thread_local! {
    static LOCAL: Cell<Option<&'static StaticLocalExecutor>> = const { Cell::new(None) };
}

/// A task that goes on when this is dropped, as the others' do.
pub(crate) struct JoinHandle<T>(Option<Task<T>>);

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let task = self.0.as_mut().expect("it is there until the drop");
        Pin::new(task).poll(cx).map(Ok)
    }
}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        self.0.take().into_iter().for_each(Task::detach);
    }
}

impl bench_scenarios::Runtime for AsyncExecutor {
    type JoinError = Infallible;
    type JoinHandle<T: Send + 'static> = JoinHandle<T>;
    type Handle = &'static StaticExecutor;

    fn block_on<F: Future>(workers: Option<usize>, future: F) -> F::Output {
        let Some(workers) = workers else {
            let local: &'static _ = Box::leak(Box::new(StaticLocalExecutor::new()));
            LOCAL.set(Some(local));
            return block_on(local.run(future));
        };
        HAS_WORKERS.store(true, Ordering::Relaxed);
        let (stop, stopped) = async_channel::bounded::<()>(1);
        let threads: Vec<_> = (0..workers)
            .map(|_| {
                let stopped = stopped.clone();
                thread::spawn(move || block_on(EXECUTOR.run(stopped.recv())))
            })
            .collect();
        let output = block_on(future);
        drop(stop);
        for thread in threads {
            let _ = thread.join().expect("a worker");
        }
        output
    }

    fn handle() -> Self::Handle {
        if !HAS_WORKERS.load(Ordering::Relaxed) {
            bench_scenarios::unavailable("a local executor spawns from its own thread");
        }
        &EXECUTOR
    }

    fn spawn_with<F>(handle: &Self::Handle, future: F) -> Self::JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        JoinHandle(Some(handle.spawn(future)))
    }

    fn spawn<F>(future: F) -> Self::JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        JoinHandle(Some(match LOCAL.get() {
            Some(local) => local.spawn(future),
            None => EXECUTOR.spawn(future),
        }))
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        yield_now()
    }
}
