//! What a program does when a system call fails: it gets a clear error, or nothing at all; what it tries again works; no byte
//! is lost, nobody is stuck, and no descriptor stays open.
//!
//! Here each scene is played as it is; `ci/injected-faults` plays them under strace, which lets one call fail after the other
//! between two marks (looks for files that are not there), and says by `REVEILLE_INJECTED` which error that is: the only one
//! that a scene then takes, and it tries again what it met it in.
#![cfg(target_os = "linux")]

mod datagrams;
mod local;
mod news;
mod stage;
mod tcp;
mod threads;
mod waits;
#[path = "../watchdog/mod.rs"]
mod watchdog;

use stage::{one_thread, play, play_and_keep, two_workers};

#[test]
fn tcp_on_one_thread() {
    play("tcp_on_one_thread", || tcp::scene(one_thread()));
}

#[test]
fn tcp_on_two_workers() {
    play("tcp_on_two_workers", || tcp::scene(two_workers()));
}

#[test]
fn local_on_one_thread() {
    play("local_on_one_thread", || local::scene(one_thread()));
}

#[test]
fn local_on_two_workers() {
    play("local_on_two_workers", || local::scene(two_workers()));
}

#[test]
fn datagrams_on_one_thread() {
    play("datagrams_on_one_thread", || datagrams::scene(one_thread()));
}

#[test]
fn datagrams_on_two_workers() {
    play("datagrams_on_two_workers", || datagrams::scene(two_workers()));
}

#[test]
fn threads_on_one_thread() {
    play("threads_on_one_thread", || threads::scene(one_thread(), false));
}

#[test]
fn threads_on_two_workers() {
    play("threads_on_two_workers", || threads::scene(two_workers(), true));
}

#[test]
fn threads_without_a_runtime() {
    // An epoll instance, its duplicate and its eventfd.
    play_and_keep(3, "threads_without_a_runtime", threads::without_a_runtime);
}

#[test]
fn waits_on_one_thread() {
    play("waits_on_one_thread", || waits::scene(one_thread()));
}

#[test]
fn waits_on_two_workers() {
    play("waits_on_two_workers", || waits::scene(two_workers()));
}

#[test]
fn news_on_one_thread() {
    play("news_on_one_thread", || news::scene(one_thread()));
}

#[test]
fn news_on_two_workers() {
    play("news_on_two_workers", || news::scene(two_workers()));
}
