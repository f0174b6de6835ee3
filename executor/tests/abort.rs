//! Aborting tasks in every state they can be in.

mod gate;
mod watchdog;

use std::future::{self, Future};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::thread;

use gate::Key;
use reveille_executor::{CurrentThread, JoinHandle, ThreadPark, spawn, spawn_local, yield_now};
use watchdog::watched;

fn executor() -> CurrentThread<ThreadPark> {
    CurrentThread::new(ThreadPark::new())
}

#[test]
fn a_task_aborted_before_its_first_poll_is_never_polled() {
    watched(|| {
        let key = Key::default();
        executor().block_on(async {
            let task = spawn(key.gate());
            task.abort();
            assert_eq!(
                key.drops(),
                0,
                "an abort runs no destructor on the caller's stack"
            );
            assert!(!task.is_finished());
            assert!(task.await.unwrap_err().is_cancelled());
        });
        assert_eq!((key.polls(), key.drops()), (0, 1));
    });
}

#[test]
fn an_idle_task_that_is_aborted_is_dropped_unpolled() {
    watched(|| {
        let key = Key::default();
        executor().block_on(async {
            let task = spawn(key.gate());
            yield_now().await;
            assert_eq!(key.polls(), 1);
            task.abort();
            assert_eq!(
                key.drops(),
                0,
                "an abort runs no destructor on the caller's stack"
            );
            assert!(task.await.unwrap_err().is_cancelled());
        });
        assert_eq!((key.polls(), key.drops()), (1, 1));
    });
}

#[test]
fn a_queued_task_that_is_aborted_is_dropped_unpolled() {
    watched(|| {
        let key = Key::default();
        executor().block_on(async {
            let task = spawn(key.gate());
            yield_now().await;
            key.open();
            task.abort();
            assert!(task.await.unwrap_err().is_cancelled());
        });
        assert_eq!((key.polls(), key.drops()), (1, 1));
    });
}

#[test]
fn an_abort_after_the_end_changes_nothing() {
    watched(|| {
        executor().block_on(async {
            let task = spawn(async { 8 });
            yield_now().await;
            task.abort();
            task.abort();
            assert_eq!(task.await.unwrap(), 8);
        });
    });
}

#[test]
fn a_second_abort_changes_nothing() {
    watched(|| {
        let key = Key::default();
        executor().block_on(async {
            let task = spawn(key.gate());
            yield_now().await;
            task.abort();
            task.abort();
            key.wake();
            yield_now().await;
            task.abort();
            assert!(task.await.unwrap_err().is_cancelled());
        });
        assert_eq!((key.polls(), key.drops()), (1, 1));
    });
}

#[test]
fn an_aborted_task_whose_handle_is_dropped_is_dropped_once() {
    watched(|| {
        let key = Key::default();
        executor().block_on(async {
            let task = spawn(key.gate());
            yield_now().await;
            task.abort();
            drop(task);
            yield_now().await;
            assert_eq!((key.polls(), key.drops()), (1, 1));
        });
    });
}

#[test]
fn an_abort_from_another_thread_ends_a_task_while_the_executor_sleeps() {
    watched(|| {
        let (executor, key) = (executor(), Key::default());
        let task = Arc::new(executor.handle().spawn(key.gate()));
        executor.block_on(yield_now());
        let aborter = thread::spawn({
            let task = task.clone();
            move || task.abort()
        });
        aborter.join().unwrap();
        let error = executor.block_on(Arc::into_inner(task).unwrap()).unwrap_err();
        assert!(error.is_cancelled());
        assert_eq!(key.drops(), 1);

        // The executor sleeps when this abort comes, or is about to.
        let key = Key::default();
        let task = executor.handle().spawn(key.gate());
        let (aborting, joining) = shared(task);
        let aborter = thread::spawn({
            let key = key.clone();
            move || {
                while key.polls() == 0 {
                    thread::yield_now();
                }
                aborting.abort();
            }
        });
        let error = executor.block_on(joining).unwrap_err();
        assert!(error.is_cancelled());
        aborter.join().unwrap();
        assert_eq!((key.polls(), key.drops()), (1, 1));
    });
}

/// A handle to abort with, and a future to join with, at the same time.
fn shared<T: Send>(
    handle: JoinHandle<T>,
) -> (
    Aborting<T>,
    impl Future<Output = Result<T, reveille_executor::JoinError>>,
) {
    let handle = Arc::new(Mutex::new(handle));
    let joining = {
        let handle = handle.clone();
        future::poll_fn(move |cx| Pin::new(&mut *handle.lock().unwrap()).poll(cx))
    };
    (Aborting(handle), joining)
}

struct Aborting<T>(Arc<Mutex<JoinHandle<T>>>);

impl<T> Aborting<T> {
    fn abort(&self) {
        self.0.lock().unwrap().abort();
    }
}

/// A future that aborts its own task, then ends as it is told to.
struct AbortsItself {
    handle: Arc<Mutex<Option<JoinHandle<u32>>>>,
    then: Poll<u32>,
    polls: u32,
}

impl Future for AbortsItself {
    type Output = u32;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u32> {
        self.polls += 1;
        assert_eq!(self.polls, 1, "polled again after the abort");
        self.handle.lock().unwrap().as_ref().unwrap().abort();
        cx.waker().wake_by_ref();
        self.then
    }
}

fn abort_itself(then: Poll<u32>) -> Result<u32, reveille_executor::JoinError> {
    let place = Arc::new(Mutex::new(None));
    executor().block_on(async {
        let task = spawn(AbortsItself {
            handle: place.clone(),
            then,
            polls: 0,
        });
        *place.lock().unwrap() = Some(task);
        yield_now().await;
        yield_now().await;
        let task = place.lock().unwrap().take().unwrap();
        assert!(task.is_finished());
        task.await
    })
}

#[test]
fn a_task_that_aborts_itself_and_waits_is_cancelled_when_its_poll_ends() {
    assert!(abort_itself(Poll::Pending).unwrap_err().is_cancelled());
}

#[test]
fn a_task_that_aborts_itself_and_returns_has_returned() {
    assert_eq!(abort_itself(Poll::Ready(9)).unwrap(), 9);
}

#[test]
fn a_task_that_drops_its_own_handle_goes_on() {
    watched(|| {
        let place = Arc::new(Mutex::new(None));
        let key = Key::default();
        executor().block_on(async {
            let task = spawn({
                let (place, gate) = (place.clone(), key.gate());
                async move {
                    let own: Option<JoinHandle<()>> = place.lock().unwrap().take();
                    drop(own);
                    yield_now().await;
                    drop(gate);
                }
            });
            *place.lock().unwrap() = Some(task);
            while key.drops() == 0 {
                yield_now().await;
            }
        });
    });
}

#[test]
fn a_task_aborts_the_next_one_in_the_queue() {
    watched(|| {
        let key = Key::default();
        executor().block_on(async {
            let place = Arc::new(Mutex::new(None::<JoinHandle<()>>));
            let first = spawn({
                let place = place.clone();
                async move { place.lock().unwrap().as_ref().unwrap().abort() }
            });
            *place.lock().unwrap() = Some(spawn(key.gate()));
            first.await.unwrap();
            let second = place.lock().unwrap().take().unwrap();
            assert!(second.await.unwrap_err().is_cancelled());
        });
        assert_eq!((key.polls(), key.drops()), (0, 1));
    });
}

#[test]
fn a_local_task_is_aborted_from_another_thread_and_dropped_on_its_own() {
    watched(|| {
        struct DropThread(std::sync::mpsc::Sender<thread::ThreadId>);
        impl Drop for DropThread {
            fn drop(&mut self) {
                self.0.send(thread::current().id()).unwrap();
            }
        }
        let (dropped, on) = std::sync::mpsc::channel();
        executor().block_on(async {
            let note = DropThread(dropped);
            let task = Arc::new(spawn_local(async move {
                let _note = note;
                future::pending::<()>().await;
            }));
            yield_now().await;
            let aborter = thread::spawn({
                let task = task.clone();
                move || task.abort()
            });
            aborter.join().unwrap();
            let task = Arc::into_inner(task).unwrap();
            assert!(task.await.unwrap_err().is_cancelled());
        });
        assert_eq!(on.recv().unwrap(), thread::current().id());
    });
}

#[test]
fn the_error_of_an_aborted_task_names_it_and_has_no_payload() {
    watched(|| {
        executor().block_on(async {
            let task = spawn(future::pending::<()>());
            let id = task.id();
            task.abort();
            let error = task.await.unwrap_err();
            assert_eq!(error.id(), id);
            assert!(!error.is_panic());
            assert_eq!(error.to_string(), format!("task {id} was cancelled"));
            let error = error.try_into_panic().unwrap_err();
            assert!(error.is_cancelled());
            assert_eq!(std::io::Error::from(error).kind(), std::io::ErrorKind::Other);
        });
    });
}
