//! B15: what a thread is in is put back as it was, however `block_on`, `block_in_place`, `spawn_blocking` and `enter` are
//! nested, and wherever a panic ends them.
//!
//! Every sequence of three is tried, from a thread of its own and from a task: each call has its documented result, and
//! afterwards spawning, sleeping and sockets work on that thread.

mod watchdog;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc;
use std::time::Duration;

use reveille::net::{TcpListener, TcpStream};
use reveille::runtime::{Builder, Handle, Runtime};
use reveille::task::{block_in_place, yield_now};
use reveille::time::sleep;
use watchdog::Watchdog;

const LIMIT: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Call {
    BlockOn,
    BlockInPlace,
    SpawnBlocking,
    Enter,
}

const CALLS: [Call; 4] = [
    Call::BlockOn,
    Call::BlockInPlace,
    Call::SpawnBlocking,
    Call::Enter,
];

/// Where code runs, as far as the calls care.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    /// It may block.
    Free,
    /// In a task or a root.
    RunsTasks,
}

/// What ends a sequence.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Ending {
    Returns,
    /// Panics innermost; caught around the call of that index.
    Panics(usize),
}

struct Planned;

/// Makes the first of `calls` and the rest inside it. How many of them were made.
fn nest(handle: &Handle, calls: &[Call], depth: usize, place: Place, ending: Ending) -> usize {
    let Some((call, rest)) = calls.split_first() else {
        if let Ending::Panics(_) = ending {
            // No message: the hook is not called.
            resume_unwind(Box::new(Planned));
        }
        return depth;
    };
    let made = || make(handle, *call, rest, depth, place, ending);
    if ending != Ending::Panics(depth) {
        return made();
    }
    match catch_unwind(AssertUnwindSafe(made)) {
        Ok(made) => made,
        Err(panic) => {
            assert!(panic.is::<Planned>(), "{:?}", panic.downcast_ref::<String>());
            depth
        }
    }
}

fn make(handle: &Handle, call: Call, rest: &[Call], depth: usize, place: Place, ending: Ending) -> usize {
    let inner = |place| nest(handle, rest, depth + 1, place, ending);
    match call {
        Call::Enter => {
            let _current = handle.enter();
            assert!(Handle::try_current().is_some());
            inner(place)
        }
        Call::BlockOn => {
            let result = handle.try_block_on(async {
                yield_now().await;
                inner(Place::RunsTasks)
            });
            assert_eq!(
                result.is_err(),
                place == Place::RunsTasks,
                "`block_on` at depth {depth}"
            );
            result.unwrap_or(depth)
        }
        Call::BlockInPlace => block_in_place(|| inner(Place::Free)),
        Call::SpawnBlocking => {
            let (sender, receiver) = mpsc::channel();
            let (theirs, rest) = (handle.clone(), rest.to_vec());
            drop(handle.spawn_blocking(move || {
                assert!(Handle::try_current().is_some());
                let ended = catch_unwind(AssertUnwindSafe(|| {
                    nest(&theirs, &rest, depth + 1, Place::Free, ending)
                }));
                sender.send(ended).unwrap();
            }));
            // This blocks a worker if need be: the job does not need it.
            receiver
                .recv()
                .unwrap()
                .unwrap_or_else(|panic| resume_unwind(panic))
        }
    }
}

/// All that a thread needs of its runtime.
async fn everything_works() {
    assert!(Handle::try_current().is_some());
    assert_eq!(reveille::spawn(async { 1 }).await.unwrap(), 1);
    assert_eq!(reveille::task::spawn_local(async { 2 }).await.unwrap(), 2);
    sleep(Duration::from_micros(10)).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let client = reveille::spawn(async move {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"x").await.unwrap();
    });
    let (stream, _) = listener.accept().await.unwrap();
    let mut buffer = [0];
    stream.read_exact(&mut buffer).await.unwrap();
    client.await.unwrap();
}

fn runtime(workers: usize) -> Runtime {
    let mut builder = Builder::multi_thread();
    builder
        .worker_threads(workers)
        .on_slow_poll(|_| {})
        .build()
        .unwrap()
}

/// How many of the calls are made: a `block_on` where tasks run is refused.
fn made(calls: &[Call], mut place: Place) -> usize {
    for (index, call) in calls.iter().enumerate() {
        match (call, place) {
            (Call::BlockOn, Place::RunsTasks) => return index,
            (Call::BlockOn, Place::Free) => place = Place::RunsTasks,
            (Call::BlockInPlace | Call::SpawnBlocking, _) => place = Place::Free,
            (Call::Enter, _) => {}
        }
    }
    calls.len()
}

fn sequences() -> impl Iterator<Item = ([Call; 3], Ending)> {
    let endings = [
        Ending::Returns,
        Ending::Panics(0),
        Ending::Panics(1),
        Ending::Panics(2),
    ];
    let triples = CALLS.into_iter().flat_map(|one| {
        CALLS
            .into_iter()
            .flat_map(move |two| CALLS.into_iter().map(move |three| [one, two, three]))
    });
    triples.flat_map(move |calls| endings.into_iter().map(move |ending| (calls, ending)))
}

/// What [`nest`] returns.
fn expected(calls: &[Call], place: Place, ending: Ending) -> usize {
    match (made(calls, place), ending) {
        (3, Ending::Panics(caught_at)) => caught_at,
        (made, _) => made,
    }
}

#[test]
fn every_nesting_on_a_free_thread_leaves_it_as_it_was() {
    let _watchdog = Watchdog::new("nestings on a free thread", LIMIT);
    for workers in [1, 2] {
        let runtime = runtime(workers);
        for (calls, ending) in sequences() {
            let made = nest(runtime.handle(), &calls, 0, Place::Free, ending);
            assert_eq!(
                made,
                expected(&calls, Place::Free, ending),
                "{calls:?}, {ending:?}"
            );
            assert!(Handle::try_current().is_none(), "{calls:?}, {ending:?}");
            runtime.block_on(everything_works());
        }
    }
}

#[test]
fn every_nesting_in_a_task_leaves_its_thread_as_it_was() {
    let _watchdog = Watchdog::new("nestings in a task", LIMIT);
    for workers in [1, 2] {
        let runtime = runtime(workers);
        for (calls, ending) in sequences() {
            let handle = runtime.handle().clone();
            let task = runtime.handle().spawn_on(workers - 1, move || async move {
                let made = nest(&handle, &calls, 0, Place::RunsTasks, ending);
                assert_eq!(
                    made,
                    expected(&calls, Place::RunsTasks, ending),
                    "{calls:?}, {ending:?}"
                );
                everything_works().await;
            });
            runtime.block_on(task).unwrap();
            runtime.block_on(runtime.spawn(yield_now())).unwrap();
        }
    }
}

#[test]
fn every_nesting_in_a_root_leaves_its_thread_as_it_was() {
    let _watchdog = Watchdog::new("nestings in a root", LIMIT);
    let runtime = runtime(2);
    for (calls, ending) in sequences() {
        runtime.block_on(async {
            let before = reveille::task::spawn_local(yield_now());
            let made = nest(runtime.handle(), &calls, 0, Place::RunsTasks, ending);
            assert_eq!(
                made,
                expected(&calls, Place::RunsTasks, ending),
                "{calls:?}, {ending:?}"
            );
            before.await.unwrap();
            everything_works().await;
        });
        assert!(Handle::try_current().is_none(), "{calls:?}, {ending:?}");
    }
}

/// Without another thread to go on, blocking in place is refused, and nothing is changed by that.
#[test]
fn a_current_thread_runtime_refuses_to_block_in_place() {
    let _watchdog = Watchdog::new("a current-thread runtime that blocks in place", LIMIT);
    let runtime = Builder::current_thread().build().unwrap();
    runtime.block_on(async {
        let refused = catch_unwind(|| block_in_place(|| ())).unwrap_err();
        assert!(
            refused
                .downcast_ref::<&str>()
                .unwrap()
                .contains("`spawn_blocking`")
        );
        assert!(runtime.try_block_on(async {}).is_err());
        everything_works().await;
    });
    // In a job it may block, though the runtime's own thread must not.
    let handle = runtime.handle().clone();
    let in_job = runtime.block_on(runtime.spawn_blocking(move || {
        block_in_place(|| handle.block_on(async { handle.spawn(async { 5 }).await.unwrap() }))
    }));
    assert_eq!(in_job.unwrap(), 5);
}

/// Wakes that come while the thread is elsewhere wait for it.
#[test]
fn wakes_of_a_suspended_threads_local_tasks_are_not_lost() {
    let _watchdog = Watchdog::new("local tasks of a suspended thread", LIMIT);
    for workers in [1, 2] {
        let runtime = runtime(workers);
        for _ in 0..50 {
            let task = runtime.handle().spawn_on(workers - 1, || async {
                let locals: Vec<_> = (0..4)
                    .map(|task| {
                        reveille::task::spawn_local(async move {
                            sleep(Duration::from_micros(task * 50)).await;
                            yield_now().await;
                        })
                    })
                    .collect();
                yield_now().await;
                block_in_place(|| Handle::current().block_on(sleep(Duration::from_micros(100))));
                for local in locals {
                    local.await.unwrap();
                }
            });
            runtime.block_on(task).unwrap();
        }
    }
}
