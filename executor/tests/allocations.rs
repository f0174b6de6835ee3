//! A spawn is one allocation, or none where a task of its size has ended before; running and joining a task is none.
// The allocator counts in a thread-local, which allocates by itself where MinGW provides it.
#![cfg(not(all(windows, target_env = "gnu")))]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;
use std::sync::atomic::{AtomicIsize, Ordering};

use reveille_executor::{CurrentThread, JoinHandle, ThreadPark, spawn, spawn_local, yield_now};

struct Counting;

/// Allocations that live, of all threads.
static LIVE: AtomicIsize = AtomicIsize::new(0);

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

fn count() {
    let _ = ALLOCATIONS.try_with(|allocations| allocations.set(allocations.get() + 1));
}

// SAFETY: every call is passed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        LIVE.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(1, Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's promise.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const TASKS: usize = 500;

fn allocations_of<R>(work: impl FnOnce() -> R) -> (usize, R) {
    let before = ALLOCATIONS.with(Cell::get);
    let result = work();
    (ALLOCATIONS.with(Cell::get) - before, result)
}

async fn join_all(tasks: &mut Vec<JoinHandle<usize>>) -> usize {
    let mut sum = 0;
    for task in tasks.drain(..) {
        sum += task.await.unwrap();
    }
    sum
}

/// One round to let the queue and the table grow, and one to count.
async fn count_rounds(expected: usize, spawn_one: impl Fn(usize) -> JoinHandle<usize>) {
    let mut tasks = Vec::with_capacity(TASKS);
    for round in 0..2 {
        let (spawning, ()) = allocations_of(|| tasks.extend((0..TASKS).map(&spawn_one)));
        let before = ALLOCATIONS.with(Cell::get);
        let sum = join_all(&mut tasks).await;
        let running = ALLOCATIONS.with(Cell::get) - before;
        assert_eq!(black_box(sum), TASKS * (TASKS - 1) / 2);
        if round == 1 {
            assert_eq!(spawning, expected, "allocations to spawn {TASKS} tasks");
            assert_eq!(running, 0, "allocations to run and join {TASKS} tasks");
        }
    }
}

async fn task(number: usize) -> usize {
    yield_now().await;
    number
}

/// Larger than what a thread keeps.
async fn large_task(number: usize) -> usize {
    let data = black_box([number as u64; 100]);
    yield_now().await;
    data[number % 100] as usize
}

fn one_allocation_for_a_spawn() {
    let (allocations, _) = allocations_of(|| black_box(Box::new(1)));
    assert_eq!(allocations, 1, "the allocator counts");
    let executor = CurrentThread::new(ThreadPark::new());
    // A checker of memory is to see every one.
    let again = if cfg!(memory_checker) { TASKS } else { 0 };
    executor.block_on(count_rounds(again, |number| spawn(task(number))));
    executor.block_on(count_rounds(again, |number| spawn_local(task(number))));
    executor.block_on(count_rounds(TASKS, |number| spawn(large_task(number))));
    executor.block_on(count_rounds(TASKS, |number| spawn_local(large_task(number))));
}

/// Spawns, runs, and ends tasks in every way, on a thread of their own: how many allocations more there are when it has ended,
/// and with it what it kept of freed tasks.
fn growth(rounds: usize) -> isize {
    let before = LIVE.load(Ordering::Relaxed);
    let thread = std::thread::spawn(move || {
        CurrentThread::new(ThreadPark::new()).block_on(async {
            for _ in 0..rounds {
                assert_eq!(spawn(task(1)).await.unwrap(), 1);
                drop(spawn_local(task(2)));
                let aborted = spawn(std::future::pending::<()>());
                aborted.abort();
                drop(aborted.abort_handle());
                drop(aborted);
                yield_now().await;
            }
        });
    });
    thread.join().unwrap();
    LIVE.load(Ordering::Relaxed) - before
}

fn no_growth_over_many_spawns() {
    let rounds = match std::env::var("REVEILLE_STRESS") {
        Ok(full) if full == "full" => 10_000_000 / 3,
        _ => 100_000 / 3,
    };
    // What the first thread of a process allocates for good.
    growth(100);
    assert_eq!(growth(rounds), 0, "allocations that stayed");
}

/// One test, since another's thread would be counted too.
#[test]
fn a_spawn_is_at_most_one_allocation_and_nothing_stays_of_it() {
    one_allocation_for_a_spawn();
    no_growth_over_many_spawns();
}
