//! A spawn on several threads is one allocation, and however many tasks there were, nothing grows.
//!
//! `REVEILLE_STRESS=full` spawns ten million tasks instead of two hundred thousand.

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering};

use reveille_executor::{Config, JoinHandle, MultiThread, ThreadPark, spawn, yield_now};

/// Counts what all threads do.
struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);
static BYTES: AtomicIsize = AtomicIsize::new(0);

fn count(bytes: isize) {
    ALLOCATIONS.fetch_add(usize::from(bytes > 0), Ordering::Relaxed);
    BYTES.fetch_add(bytes, Ordering::Relaxed);
}

// SAFETY: every call is passed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        BYTES.fetch_add(size as isize - layout.size() as isize, Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// As many as fit into a worker's own queue: what overflows goes through the injector, which allocates a block for 31
/// tasks.
const BATCH: usize = 200;

/// Tasks of about 32 kB in all are alive at once, so this allows for tables and queues of their size, and for no more.
const GROWTH: isize = 256 * 1024;

/// What a worker keeps of the tasks that it freed, at most.
const KEPT: isize = 128 * 1024;

async fn task(number: usize) -> usize {
    if number % 3 == 0 {
        yield_now().await;
    }
    number
}

async fn batch(tasks: &mut Vec<JoinHandle<usize>>) {
    tasks.extend((0..BATCH).map(|number| spawn(task(number))));
    for (number, task) in tasks.drain(..).enumerate() {
        assert_eq!(black_box(task.await.unwrap()), number);
    }
}

async fn batches(count: usize) {
    let mut tasks = Vec::with_capacity(BATCH);
    for _ in 0..count {
        batch(&mut tasks).await;
    }
}

#[test]
fn a_spawn_is_at_most_one_allocation_and_nothing_grows() {
    let full = std::env::var("REVEILLE_STRESS").is_ok_and(|stress| stress == "full");
    let count = if full { 10_000_000 } else { 200_000 } / BATCH;
    for workers in [1, 2, 4] {
        let parks = (0..workers).map(|_| ThreadPark::new());
        let executor = MultiThread::new(parks, Config::default()).unwrap();
        let run = |count| {
            // By a task: the future in `block_on` is no worker's, and what it spawns goes through the injector.
            let spawner = executor.handle().spawn(batches(count));
            executor.block_on(spawner).unwrap();
        };
        run(100);
        let (allocations, bytes) = (ALLOCATIONS.load(Ordering::SeqCst), BYTES.load(Ordering::SeqCst));
        run(count);
        let allocations = ALLOCATIONS.load(Ordering::SeqCst) - allocations;
        let growth = BYTES.load(Ordering::SeqCst) - bytes;
        let tasks = count * BATCH;
        println!("{workers} workers: {allocations} allocations for {tasks} tasks, {growth} bytes more");
        // One worker alone has kept what it needs. Of others each may free what another has made; and at worst all go through
        // the injector: the monitor takes them there from a worker that the system does not run.
        let most = match workers {
            1 if !cfg!(memory_checker) => tasks / 31,
            _ => tasks + tasks / 31,
        };
        assert!(
            allocations <= most + 100,
            "{allocations} allocations for {tasks} tasks on {workers} workers"
        );
        assert!(
            growth < GROWTH + KEPT * workers,
            "{growth} bytes more after {tasks} tasks on {workers} workers"
        );
    }
}
