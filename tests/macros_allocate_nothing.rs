//! `join!`, `try_join!` and `select!` keep their futures and outputs where they stand.
// The allocator counts in a thread-local, which allocates by itself where MinGW provides it.
#![cfg(not(all(windows, target_env = "gnu")))]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::future;

use reveille::task::yield_now;
use reveille::{block_on, join, select, try_join};

struct Counting;

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
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
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

/// How many allocations of this thread `turn` takes, once what it needs at first is there.
fn allocations_of(turn: impl AsyncFn()) -> usize {
    block_on(async {
        turn().await;
        let before = ALLOCATIONS.with(Cell::get);
        for _ in 0..100 {
            turn().await;
        }
        ALLOCATIONS.with(Cell::get) - before
    })
}

async fn waits() -> Result<u8, ()> {
    yield_now().await;
    Ok(1)
}

#[test]
fn an_allocation_is_counted() {
    let turn = async || drop(std::hint::black_box(Box::new(waits().await)));
    assert_eq!(allocations_of(turn), 100);
}

#[test]
fn join_allocates_nothing() {
    let turn = async || assert_eq!(join!(waits(), waits()), (Ok(1), Ok(1)));
    assert_eq!(allocations_of(turn), 0);
}

#[test]
fn try_join_allocates_nothing() {
    let turn = async || assert_eq!(try_join!(waits(), waits()), Ok((1, 1)));
    assert_eq!(allocations_of(turn), 0);
}

#[test]
fn select_allocates_nothing() {
    let turn = async || {
        select! {
            Ok(1) = waits() => (),
            () = future::pending() => (),
            () = future::ready(()), if false => (),
            Err(()) = future::ready(Ok(())) => (),
        }
    };
    assert_eq!(allocations_of(turn), 0);
}
