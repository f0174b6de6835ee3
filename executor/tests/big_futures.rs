//! A place that spawns big futures is told.

use std::future::Future;
use std::hint::black_box;
use std::pin::Pin;
use std::process::Command;
use std::task::{Context, Poll};

use reveille_executor::{CurrentThread, ThreadPark, spawn};

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
