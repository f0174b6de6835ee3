//! A future that is watched: whether it was woken, and polled since.

use std::cell::RefCell;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

// ANCHOR: watched
/// Gives `future` a waker of its own, which notes that it was called, and then wakes the task.
pub(crate) async fn watched<F: Future>(number: u32, future: F) -> F::Output {
    let watch = Arc::new(Watch {
        number,
        is_woken: AtomicBool::new(false),
        task: Mutex::new(None),
    });
    let _until_it_is_dropped = Registered::new(watch.clone());
    let waker = Waker::from(watch.clone());
    let mut future = pin!(future);
    std::future::poll_fn(move |cx| -> Poll<F::Output> {
        watch.is_woken.swap(false, Ordering::AcqRel);
        *watch.task.lock().unwrap() = Some(cx.waker().clone());
        future.as_mut().poll(&mut Context::from_waker(&waker))
    })
    .await
}

impl Wake for Watch {
    fn wake(self: Arc<Self>) {
        self.is_woken.swap(true, Ordering::AcqRel);
        let task = self.task.lock().unwrap().take();
        if let Some(task) = task {
            task.wake();
        }
    }
}

/// Those that are alive, and owed a poll.
pub(crate) fn woken_and_not_polled() -> Vec<u32> {
    ALIVE.with_borrow(|alive| {
        let owed = alive
            .iter()
            .filter(|watch| watch.is_woken.load(Ordering::Acquire));
        owed.map(|watch| watch.number).collect()
    })
}
// ANCHOR_END: watched

struct Watch {
    number: u32,
    is_woken: AtomicBool,
    task: Mutex<Option<Waker>>,
}

/// In the list of those that are alive, until it is dropped.
struct Registered(Arc<Watch>);

impl Registered {
    fn new(watch: Arc<Watch>) -> Self {
        ALIVE.with_borrow_mut(|alive| alive.push(watch.clone()));
        Self(watch)
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        ALIVE.with_borrow_mut(|alive| alive.retain(|watch| !Arc::ptr_eq(watch, &self.0)));
    }
}

thread_local! {
    static ALIVE: RefCell<Vec<Arc<Watch>>> = const { RefCell::new(Vec::new()) };
}
