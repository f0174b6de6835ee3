//! A runtime that a foreign loop drives, call by call: what a call does, and what it leaves alone.

mod announcing_park;
mod watchdog;

use std::cell::Cell;
use std::env;
use std::future;
use std::process::Command;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread::{self, ThreadId};
use std::time::Duration;

use announcing_park::AnnouncingPark;
use reveille_executor::{CurrentThread, Embedded, ThreadPark, block_in_place, spawn, spawn_local, yield_now};
use watchdog::watched;

const NOW: Option<Duration> = Some(Duration::ZERO);

#[test]
fn a_call_runs_what_is_ready_and_says_whether_more_is() {
    let executor = CurrentThread::new(ThreadPark::new());
    let mut embedded = executor.embed().unwrap();
    assert!(!embedded.poll_once(NOW), "nothing was spawned");
    assert_eq!(embedded.next_deadline(), None);
    let task = executor.handle().spawn(async { yield_now().await });
    assert_eq!(embedded.next_deadline(), NOW);
    assert!(!embedded.poll_once(NOW));
    assert!(task.is_finished());
    assert_eq!(embedded.next_deadline(), None);
}

#[test]
fn a_call_polls_a_bounded_number_of_times() {
    let executor = CurrentThread::new(ThreadPark::new());
    let polls = Arc::new(AtomicUsize::new(0));
    for _ in 0..3 {
        let polls = polls.clone();
        drop(executor.handle().spawn(async move {
            loop {
                polls.fetch_add(1, Ordering::Relaxed);
                yield_now().await;
            }
        }));
    }
    let mut embedded = executor.embed().unwrap();
    let most = Embedded::<ThreadPark>::POLLS_PER_CALL as usize;
    for call in 1..=5 {
        assert!(embedded.poll_once(None), "the tasks are always ready");
        assert_eq!(embedded.next_deadline(), NOW);
        let polls = polls.load(Ordering::Relaxed);
        assert!(polls <= call * most, "{polls} polls in {call} calls");
    }
    assert_eq!(polls.load(Ordering::Relaxed), 5 * most);
}

#[test]
fn a_task_that_spawns_for_ever_does_not_keep_a_call() {
    fn spawn_another(polls: Arc<AtomicUsize>) {
        drop(spawn(async move {
            polls.fetch_add(1, Ordering::Relaxed);
            spawn_another(polls);
        }));
    }
    watched(|| {
        let executor = CurrentThread::new(ThreadPark::new());
        let polls = Arc::new(AtomicUsize::new(0));
        let first = polls.clone();
        drop(executor.handle().spawn(async move { spawn_another(first) }));
        let mut embedded = executor.embed().unwrap();
        assert!(embedded.poll_once(None));
        assert!(polls.load(Ordering::Relaxed) <= Embedded::<ThreadPark>::POLLS_PER_CALL as usize);
    });
}

#[test]
fn a_call_waits_until_another_thread_spawns() {
    watched(|| {
        let executor = CurrentThread::new(ThreadPark::new());
        let mut embedded = executor.embed().unwrap();
        let ran = Arc::new(AtomicUsize::new(0));
        let spawner = thread::spawn({
            let (handle, ran) = (executor.handle(), ran.clone());
            move || {
                drop(handle.spawn(async move {
                    ran.fetch_add(1, Ordering::Relaxed);
                }));
            }
        });
        while ran.load(Ordering::Relaxed) == 0 {
            embedded.poll_once(None);
        }
        spawner.join().unwrap();
    });
}

#[test]
fn a_call_without_work_returns_when_its_timeout_is_over() {
    watched(|| {
        let executor = CurrentThread::new(ThreadPark::new());
        let mut embedded = executor.embed().unwrap();
        assert!(!embedded.poll_once(Some(Duration::from_millis(1))));
    });
}

#[test]
fn a_wake_on_the_thread_itself_between_two_calls_interrupts() {
    let (park, counts) = AnnouncingPark::new();
    let executor = CurrentThread::new(park);
    let mut embedded = executor.embed().unwrap();
    let kept = Rc::new(Cell::new(None::<Waker>));
    let task = embedded.spawn_local({
        let kept = kept.clone();
        future::poll_fn(move |cx| match kept.take() {
            Some(_) => Poll::Ready(()),
            None => {
                kept.set(Some(cx.waker().clone()));
                Poll::Pending
            }
        })
    });
    assert_eq!(counts.interrupts(), 1, "the spawn itself");
    assert!(!embedded.poll_once(NOW));
    let waker = kept.take().unwrap();
    kept.set(Some(waker.clone()));
    waker.wake_by_ref();
    waker.wake();
    assert_eq!(counts.interrupts(), 2, "once for all wakes between two calls");
    drop(executor.handle().spawn(async {}));
    assert_eq!(counts.interrupts(), 2);
    assert!(!embedded.poll_once(NOW));
    assert!(task.is_finished());
    drop(executor.handle().spawn(async {}));
    assert_eq!(counts.interrupts(), 3, "a spawn, after the next call");
}

#[test]
fn wakes_inside_a_call_interrupt_nobody() {
    let (park, counts) = AnnouncingPark::new();
    let executor = CurrentThread::new(park);
    let task = executor.handle().spawn(async {
        for _ in 0..10 {
            yield_now().await;
            spawn(yield_now()).await.unwrap();
            spawn_local(yield_now()).await.unwrap();
        }
    });
    let mut embedded = executor.embed().unwrap();
    while !task.is_finished() {
        embedded.poll_once(NOW);
    }
    assert_eq!(counts.interrupts(), 0);
}

#[test]
fn local_tasks_end_with_the_embedding_and_on_its_thread() {
    struct Note(Arc<Mutex<Vec<ThreadId>>>);
    impl Drop for Note {
        fn drop(&mut self) {
            self.0.lock().unwrap().push(thread::current().id());
        }
    }
    let executor = CurrentThread::new(ThreadPark::new());
    let dropped = Arc::new(Mutex::new(Vec::new()));
    let mut embedded = executor.embed().unwrap();
    let waker = Rc::new(Cell::new(None::<Waker>));
    let outside = embedded.spawn_local({
        let (note, waker) = (Note(dropped.clone()), waker.clone());
        async move {
            let _note = note;
            future::poll_fn(|cx| {
                waker.set(Some(cx.waker().clone()));
                Poll::<()>::Pending
            })
            .await;
        }
    });
    let inside = embedded.spawn_local({
        let note = Note(dropped.clone());
        async move {
            Some(spawn_local(
                async move { (note, future::pending::<()>().await).1 },
            ))
        }
    });
    let never_polled = {
        embedded.poll_once(NOW);
        let note = Note(dropped.clone());
        embedded.spawn_local(async move { drop(note) })
    };
    drop(embedded);
    assert_eq!(*dropped.lock().unwrap(), [thread::current().id(); 3]);
    // A late waker, dropped elsewhere, finds nothing left.
    let waker = waker.take().unwrap();
    thread::spawn(move || waker.wake()).join().unwrap();
    executor.block_on(async {
        assert!(outside.await.unwrap_err().is_cancelled());
        assert!(inside.await.unwrap().unwrap().await.unwrap_err().is_cancelled());
        assert!(never_polled.await.unwrap_err().is_cancelled());
    });
}

#[test]
fn a_local_task_that_was_spawned_between_two_calls_ends_with_the_embedding() {
    let executor = CurrentThread::new(ThreadPark::new());
    let mut embedded = executor.embed().unwrap();
    let kept = Rc::new(());
    let task = embedded.spawn_local({
        let kept = kept.clone();
        async move { (kept, future::pending::<()>().await).1 }
    });
    embedded.poll_once(NOW);
    drop(embedded);
    assert_eq!(Rc::strong_count(&kept), 1);
    assert!(task.is_finished());
}

/// Runs itself in a process of its own, which leaks what the thread cannot end any more, and is not to be told of it.
#[test]
fn an_embedding_in_a_thread_local_outlives_the_threads_other_locals() {
    const CHILD: &str = "REVEILLE_TEST_EMBEDDING_IN_A_THREAD_LOCAL";
    if env::var_os(CHILD).is_none() {
        let output = Command::new(env::current_exe().unwrap())
            .args([
                "--exact",
                "an_embedding_in_a_thread_local_outlives_the_threads_other_locals",
            ])
            .envs([(CHILD, ""), ("ASAN_OPTIONS", "detect_leaks=0")])
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        return;
    }
    thread_local! {
        static EMBEDDED: Cell<Option<Embedded<'static, ThreadPark>>> = const { Cell::new(None) };
    }
    let executor: &CurrentThread<ThreadPark> = Box::leak(Box::new(CurrentThread::new(ThreadPark::new())));
    let ended = thread::spawn(|| {
        // Its destructor is the first to be registered, so it is the last to run.
        EMBEDDED.set(None);
        let mut embedded = executor.embed().unwrap();
        embedded.spawn_local(future::pending::<()>());
        embedded.poll_once(NOW);
        EMBEDDED.set(Some(embedded));
    });
    ended.join().unwrap();
}

#[test]
fn tasks_that_are_not_local_wait_for_the_next_driver() {
    let executor = CurrentThread::new(ThreadPark::new());
    let mut embedded = executor.embed().unwrap();
    let task = executor.handle().spawn(async {
        let most = Embedded::<ThreadPark>::POLLS_PER_CALL;
        for _ in 0..most + 1 {
            yield_now().await;
        }
        9
    });
    assert!(embedded.poll_once(NOW));
    drop(embedded);
    let mut again = executor.embed().unwrap();
    assert!(!task.is_finished());
    again.poll_once(NOW);
    drop(again);
    assert_eq!(executor.block_on(task).unwrap(), 9);
}

#[test]
fn a_panic_in_a_task_stays_in_its_handle() {
    let executor = CurrentThread::new(ThreadPark::new());
    let mut embedded = executor.embed().unwrap();
    let bad = executor.handle().spawn(async { panic!("expected") });
    let bad_local = embedded.spawn_local(async { panic!("expected") });
    let good = executor.handle().spawn(async { 1 });
    assert!(!embedded.poll_once(NOW));
    assert!(good.is_finished());
    drop(embedded);
    executor.block_on(async {
        assert!(bad.await.unwrap_err().is_panic());
        assert!(bad_local.await.unwrap_err().is_panic());
    });
}

#[test]
fn a_panic_of_the_park_leaves_the_seat_usable() {
    let (mut park, _) = AnnouncingPark::new();
    park.panics = 1;
    let executor = CurrentThread::new(park);
    let mut embedded = executor.embed().unwrap();
    let task = executor.handle().spawn(async { 5 });
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| embedded.poll_once(NOW)));
    assert!(panic.is_err());
    assert!(
        reveille_executor::Handle::try_current().is_none(),
        "the thread has left"
    );
    assert!(!embedded.poll_once(NOW));
    assert!(task.is_finished());
    drop(embedded);
    assert_eq!(executor.block_on(task).unwrap(), 5);
}

#[test]
fn a_block_on_elsewhere_follows_while_the_runtime_is_embedded() {
    watched(|| {
        let executor = Arc::new(CurrentThread::new(ThreadPark::new()));
        let mut embedded = executor.embed().unwrap();
        let here = thread::current().id();
        let follower = thread::spawn({
            let executor = executor.clone();
            move || {
                let task = executor.handle().spawn(async { thread::current().id() });
                executor.block_on(async { task.await.unwrap() })
            }
        });
        while !follower.is_finished() {
            embedded.poll_once(Some(Duration::from_millis(1)));
        }
        assert_eq!(follower.join().unwrap(), here, "the embedding thread drives");
    });
}

#[test]
fn a_block_on_elsewhere_drives_once_the_embedding_ends() {
    watched(|| {
        let executor = Arc::new(CurrentThread::new(ThreadPark::new()));
        let embedded = executor.embed().unwrap();
        let task = executor.handle().spawn(async { thread::current().id() });
        let (ready, is_ready) = std::sync::mpsc::channel();
        let follower = thread::spawn({
            let executor = executor.clone();
            move || {
                let id = executor.block_on(async {
                    ready.send(()).unwrap();
                    task.await.unwrap()
                });
                (id, thread::current().id())
            }
        });
        // It polls its own future, so it follows.
        is_ready.recv().unwrap();
        drop(embedded);
        let (ran_on, follower) = follower.join().unwrap();
        assert_eq!(ran_on, follower);
    });
}

#[test]
fn only_one_thread_drives() {
    let executor = CurrentThread::new(ThreadPark::new());
    let embedded = executor.embed().unwrap();
    let second = executor.embed().unwrap_err();
    assert!(second.is_driven() && !second.is_nested());
    thread::scope(|scope| {
        let elsewhere = scope.spawn(|| executor.embed().unwrap_err().is_driven());
        assert!(elsewhere.join().unwrap());
    });
    drop(embedded);
    let nested = executor.block_on(async { executor.embed().unwrap_err() });
    assert!(nested.is_nested() && !nested.is_driven());
    assert!(
        nested.to_string().contains("tests/embedding.rs"),
        "it says where: {nested}"
    );
    drop(executor.embed().unwrap());
}

#[test]
fn a_block_on_of_the_embedding_thread_itself_is_an_error() {
    watched(|| {
        let executor = CurrentThread::new(ThreadPark::new());
        let mut embedded = executor.embed().unwrap();
        let between = executor.try_block_on(async {}).unwrap_err();
        assert!(
            between.to_string().contains("embedded the runtime at"),
            "{between}"
        );
        let other = CurrentThread::new(ThreadPark::new());
        assert_eq!(other.block_on(async { spawn(async { 3 }).await.unwrap() }), 3);
        let task = executor.handle().spawn(async {
            let inner = CurrentThread::new(ThreadPark::new());
            inner.try_block_on(async {}).is_err()
        });
        assert!(!embedded.poll_once(NOW));
        drop(embedded);
        assert!(executor.block_on(task).unwrap());
    });
}

#[test]
fn two_runtimes_are_embedded_on_one_thread() {
    let [first, second] = [(), ()].map(|()| CurrentThread::new(ThreadPark::new()));
    let (mut one, mut two) = (first.embed().unwrap(), second.embed().unwrap());
    let locals = [one.spawn_local(async { 1 }), two.spawn_local(async { 2 })];
    let tasks = [
        first.handle().spawn(async { 3 }),
        second.handle().spawn(async { 4 }),
    ];
    assert!(!one.poll_once(NOW));
    assert!(locals[0].is_finished() && tasks[0].is_finished());
    assert!(!locals[1].is_finished() && !tasks[1].is_finished());
    assert!(!two.poll_once(NOW));
    assert!(locals[1].is_finished() && tasks[1].is_finished());
}

#[test]
#[should_panic(expected = "`poll_once` was called inside the `block_on` or `poll_once` at")]
fn a_call_inside_a_block_on_panics() {
    let executor = CurrentThread::new(ThreadPark::new());
    let mut embedded = executor.embed().unwrap();
    let other = CurrentThread::new(ThreadPark::new());
    other.block_on(async {
        embedded.poll_once(NOW);
    });
}

#[test]
fn the_runtime_is_current_in_its_tasks_only() {
    let executor = CurrentThread::new(ThreadPark::new());
    let mut embedded = executor.embed().unwrap();
    let current = || reveille_executor::Handle::try_current().is_some();
    assert!(!current());
    let task = embedded.spawn_local(async move { current() });
    embedded.poll_once(NOW);
    assert!(!current());
    drop(embedded);
    assert!(executor.block_on(task).unwrap());
}

#[test]
fn blocking_in_place_is_refused_inside_a_call_and_allowed_between_two() {
    let executor = CurrentThread::new(ThreadPark::new());
    let mut embedded = executor.embed().unwrap();
    let task = executor.handle().spawn(async { block_in_place(|| ()) });
    embedded.poll_once(NOW);
    assert_eq!(block_in_place(|| 6), 6);
    drop(embedded);
    assert!(executor.block_on(task).unwrap_err().is_panic());
}

#[test]
fn a_park_is_harvested_by_every_call_and_told_of_every_sleep() {
    let (park, counts) = AnnouncingPark::new();
    let executor = CurrentThread::new(park);
    let mut embedded = executor.embed().unwrap();
    assert_eq!((counts.enters(), counts.announced()), (1, true));
    drop(executor.handle().spawn(async {}));
    embedded.poll_once(NOW);
    assert_eq!((counts.parks(), counts.announced()), (1, true));
    embedded.poll_once(NOW);
    assert_eq!((counts.parks(), counts.announced()), (2, true));
    drop(embedded);
    assert_eq!(
        (counts.parks(), counts.announced()),
        (3, false),
        "nobody sleeps any more"
    );
    assert_eq!(counts.turns(), 0);
}

#[test]
fn what_is_due_in_the_park_is_more() {
    let (park, counts) = AnnouncingPark::new();
    let executor = CurrentThread::new(park);
    let mut embedded = executor.embed().unwrap();
    assert!(!embedded.poll_once(NOW));
    counts.set_deadline(Some(Duration::from_secs(7)));
    assert_eq!(embedded.next_deadline(), Some(Duration::from_secs(7)));
    counts.set_deadline(NOW);
    assert!(embedded.poll_once(NOW));
    assert_eq!(embedded.next_deadline(), NOW);
}
