//! Who is told that nothing runs any more, what a listener that panics costs, and who waits while it is told.

mod watchdog;

use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Poll, Waker};
use std::thread::{self, ThreadId};

use reveille_executor::{Config, CurrentThread, Handle, MultiThread, OnQuiescent, ThreadPark};
use watchdog::watched;

/// Panics the first time that it is asked for other work.
struct PanicsOnce {
    asked: AtomicUsize,
    panicked: mpsc::Sender<()>,
    waiting: Mutex<Vec<Waker>>,
}

impl OnQuiescent for PanicsOnce {
    fn is_awaited(&self) -> bool {
        true
    }

    fn other_work(&self) -> Option<u64> {
        if self.asked.fetch_add(1, Ordering::SeqCst) == 0 {
            self.panicked.send(()).unwrap();
            panic!("a listener that panics, as this test wants");
        }
        Some(0)
    }

    fn reached(&self, woken: &mut Vec<Waker>) {
        woken.append(&mut self.waiting.lock().unwrap());
    }
}

/// Calls `run` with a configuration, and with what is to be awaited: it ends when the listener is told.
fn a_look_that_panics_is_followed_by_others(run: impl FnOnce(&Config, Arc<PanicsOnce>, mpsc::Receiver<()>)) {
    let (panicked, has_panicked) = mpsc::channel();
    let listener = Arc::new(PanicsOnce {
        asked: AtomicUsize::new(0),
        panicked,
        waiting: Mutex::default(),
    });
    let mut config = Config::default();
    config.on_quiescent = Some(listener.clone());
    run(&config, listener, has_panicked);
}

/// Waits until the listener has panicked, and then has the runtime look again.
fn look_again(handle: Handle, has_panicked: mpsc::Receiver<()>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        has_panicked.recv().unwrap();
        handle.look_for_rest();
    })
}

async fn until_told(listener: Arc<PanicsOnce>) {
    let mut waits = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut waits, true) {
            return Poll::Ready(());
        }
        listener.waiting.lock().unwrap().push(cx.waker().clone());
        Poll::Pending
    })
    .await;
}

#[test]
fn a_listener_that_panics_is_asked_again_on_one_thread() {
    watched(|| {
        a_look_that_panics_is_followed_by_others(|config, listener, has_panicked| {
            let executor = CurrentThread::with_config(ThreadPark::new(), config);
            let looks = look_again(executor.handle(), has_panicked);
            executor.block_on(until_told(listener));
            looks.join().unwrap();
        });
    });
}

#[test]
fn a_listener_that_panics_is_asked_again_on_workers() {
    watched(|| {
        a_look_that_panics_is_followed_by_others(|config, listener, has_panicked| {
            let executor = MultiThread::new([ThreadPark::new(), ThreadPark::new()], config.clone()).unwrap();
            let looks = look_again(executor.handle(), has_panicked);
            executor
                .block_on(executor.handle().spawn(until_told(listener)))
                .unwrap();
            looks.join().unwrap();
        });
    });
}

/// Notes who asks it.
#[derive(Default)]
struct NotesWhoAsks {
    asked_by: Mutex<Vec<ThreadId>>,
}

impl NotesWhoAsks {
    /// How often this thread has asked.
    fn asked_here(&self) -> usize {
        let here = thread::current().id();
        let asked_by = self.asked_by.lock().unwrap();
        asked_by.iter().filter(|thread| **thread == here).count()
    }
}

impl OnQuiescent for NotesWhoAsks {
    fn is_awaited(&self) -> bool {
        self.asked_by.lock().unwrap().push(thread::current().id());
        true
    }

    fn reached(&self, _: &mut Vec<Waker>) {}
}

/// Who asks whether rest is awaited waits in front of the door if it is.
#[test]
fn who_spawns_from_another_runtime_comes_from_outside() {
    let listener = Arc::new(NotesWhoAsks::default());
    let mut config = Config::default();
    config.on_quiescent = Some(listener.clone());
    let executor = CurrentThread::with_config(ThreadPark::new(), &config);
    let asks_for_a_spawn = || {
        let before = listener.asked_here();
        drop(executor.handle().spawn(async {}));
        listener.asked_here() > before
    };
    assert!(asks_for_a_spawn(), "this thread is in no runtime");
    let other = CurrentThread::new(ThreadPark::new());
    assert!(other.block_on(async { asks_for_a_spawn() }), "in another one");
    assert!(!executor.block_on(async { asks_for_a_spawn() }), "in this one");
}
