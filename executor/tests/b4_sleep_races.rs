//! B4: a task is queued while the thread goes to sleep, and everybody sleeps with work in the mailbox.
//!
//! A foreign thread spawns one task at a time, after waits of all lengths around the one in which the executor falls
//! asleep. A task that is left in the mailbox hangs, which the watchdog reports. `REVEILLE_STRESS=full` runs far more
//! rounds.

mod counting_park;
mod watchdog;

use std::future;
use std::hint::spin_loop;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;

use counting_park::CountingPark;
use reveille_executor::CurrentThread;
use watchdog::watched;

fn rounds() -> usize {
    match std::env::var("REVEILLE_STRESS") {
        Ok(full) if full == "full" => 500_000,
        _ => 2_000,
    }
}

/// Waits for none to some 50 µs, without a clock.
fn idle(round: usize) {
    for _ in 0..(round * 37) % 5_000 {
        spin_loop();
    }
}

/// The executor runs on a thread of its own until `act` has returned; `act` gets the root's waker too.
fn beside_a_running_executor(
    act: impl FnOnce(reveille_executor::Handle, Arc<Mutex<Option<Waker>>>, Arc<AtomicBool>),
) -> (usize, usize, usize) {
    let (park, counts) = CountingPark::new();
    let executor = CurrentThread::new(park);
    let (handle, root) = (executor.handle(), Arc::new(Mutex::new(None)));
    let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let driver = thread::spawn({
        let (root, stop, answered) = (root.clone(), stop.clone(), answered.clone());
        move || {
            executor.block_on(future::poll_fn(|cx| {
                *root.lock().unwrap() = Some(cx.waker().clone());
                answered.store(true, Ordering::SeqCst);
                if stop.load(Ordering::SeqCst) {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            }))
        }
    });
    while !answered.load(Ordering::SeqCst) {
        thread::yield_now();
    }
    act(handle, root.clone(), answered);
    stop.store(true, Ordering::SeqCst);
    let waker = root.lock().unwrap().take().unwrap();
    waker.wake();
    driver.join().unwrap();
    (counts.parks(), counts.unparks(), counts.interrupts())
}

#[test]
fn b4_no_spawn_is_left_in_the_mailbox_of_a_sleeper() {
    watched(|| {
        let (parks, unparks, interrupts) = beside_a_running_executor(|handle, _, _| {
            let (done, is_done) = channel();
            for round in 0..rounds() {
                let done = done.clone();
                drop(handle.spawn(async move { done.send(round).unwrap() }));
                assert_eq!(is_done.recv().unwrap(), round);
                idle(round);
            }
        });
        // No storm: one unpark for each push (and the last wake of the root), and no more interrupts than sleeps.
        assert_eq!(unparks, rounds() + 1);
        assert!(interrupts <= parks, "{interrupts} interrupts of {parks} parks");
    });
}

#[test]
fn b4_no_wake_of_the_root_is_left_when_it_falls_asleep() {
    watched(|| {
        let (parks, unparks, interrupts) = beside_a_running_executor(|_, root, answered| {
            for round in 0..rounds() {
                answered.store(false, Ordering::SeqCst);
                let waker = root.lock().unwrap().clone().unwrap();
                waker.wake();
                while !answered.load(Ordering::SeqCst) {
                    thread::yield_now();
                }
                idle(round);
            }
        });
        assert!(unparks <= rounds() + 1);
        assert!(interrupts <= parks, "{interrupts} interrupts of {parks} parks");
    });
}
