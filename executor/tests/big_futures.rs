//! A place that spawns big futures is told.
// The allocator counts in a thread-local, which allocates by itself where MinGW provides it.
#![cfg(not(all(windows, target_env = "gnu")))]

use std::future::Future;
use std::hint::black_box;
use std::pin::Pin;
use std::process::Command;
use std::task::{Context, Poll};

use reveille_executor::{CurrentThread, Handle, JoinHandle, ThreadPark, spawn, spawn_local};

/// It is all there before it is first polled.
struct Big<const SIZE: usize>([u8; SIZE]);

impl<const SIZE: usize> Future for Big<SIZE> {
    type Output = u8;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<u8> {
        Poll::Ready(black_box(self.0[SIZE - 1]))
    }
}

fn executor() -> CurrentThread<ThreadPark> {
    CurrentThread::new(ThreadPark::new())
}

/// Runs in a process of its own, whose stderr the test below reads.
#[test]
fn child_that_spawns_big_futures() {
    if std::env::var_os("REVEILLE_TEST_CHILD").is_none() {
        return;
    }
    executor().block_on(async {
        for _ in 0..3 {
            drop(spawn(Big([0; 20_000])));
            drop(spawn(Big([0; 16_000])));
        }
    });
}

#[test]
fn a_place_that_spawns_big_futures_is_told_once_in_debug_builds() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_that_spawns_big_futures", "--nocapture"])
        .env("REVEILLE_TEST_CHILD", "1")
        .output()
        .unwrap();
    assert!(output.status.success());
    let stderr = String::from_utf8(output.stderr).unwrap();
    let told = stderr
        .lines()
        .filter(|line| line.starts_with("reveille: the future spawned at"))
        .collect::<Vec<_>>();
    if cfg!(debug_assertions) {
        assert_eq!(told.len(), 1, "{stderr}");
        assert!(
            told[0].contains("big_futures.rs:") && told[0].contains("20000 bytes"),
            "{stderr}"
        );
    } else {
        assert_eq!(told.len(), 0, "{stderr}");
    }
}

/// A future of 256 KiB on a stack of 2 MiB, in a debug build: the caller has it twice, to make it and to hand it over, and
/// what is moved on from there is the box.
#[test]
fn a_big_future_is_boxed_before_it_is_moved_on() {
    const SIZE: usize = 256 * 1024;

    #[inline(never)]
    fn spawned() -> JoinHandle<u8> {
        spawn(Big([1; SIZE]))
    }

    #[inline(never)]
    fn spawned_here() -> JoinHandle<u8> {
        spawn_local(Big([2; SIZE]))
    }

    #[inline(never)]
    fn spawned_by(handle: &Handle) -> JoinHandle<u8> {
        handle.spawn(Big([3; SIZE]))
    }

    let spawner = std::thread::Builder::new().stack_size(2 * 1024 * 1024);
    let thread = spawner.spawn(|| {
        let executor = executor();
        let handle = executor.handle();
        executor.block_on(async {
            assert_eq!(spawned().await.unwrap(), 1);
            assert_eq!(spawned_here().await.unwrap(), 2);
            assert_eq!(spawned_by(&handle).await.unwrap(), 3);
        });
    });
    thread.unwrap().join().unwrap();
}

/// The cell of a big future is no bigger than that of a small one.
#[test]
fn the_cell_of_a_big_future_holds_a_box() {
    let largest = count_largest(|| {
        let executor = executor();
        executor.block_on(async {
            drop(spawn(Big([0; 20_000])));
        });
    });
    assert_eq!(largest, 20_000, "the future was not allocated alone");
}

fn count_largest(run: impl FnOnce()) -> usize {
    LARGEST.with(|largest| largest.set(0));
    run();
    LARGEST.with(std::cell::Cell::get)
}

thread_local! {
    static LARGEST: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

struct Largest;

// SAFETY: it hands on to the system's allocator.
unsafe impl std::alloc::GlobalAlloc for Largest {
    unsafe fn alloc(&self, layout: std::alloc::Layout) -> *mut u8 {
        let _ = LARGEST.try_with(|largest| largest.set(largest.get().max(layout.size())));
        // SAFETY: the caller's promise.
        unsafe { std::alloc::System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: std::alloc::Layout) {
        // SAFETY: the caller's promise.
        unsafe { std::alloc::System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Largest = Largest;
