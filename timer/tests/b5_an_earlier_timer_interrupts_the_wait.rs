//! Scenario B5: a deadline earlier than the one for which the driver sleeps ends its wait, at whatever moment it is
//! set; and nothing else does.

use std::sync::Arc;
use std::task::Waker;
use std::thread;

use reveille_timer::{Duration, Sleep, Timers, sleep};

mod probe;

use probe::{Count, Meeting, dawdle, poll, rounds, watchdog};

const HOUR: Duration = Duration::from_secs(60 * 60);

fn timers() -> (Timers, Arc<Count>) {
    let (unparks, unparker) = Count::new();
    (Timers::new(unparker), unparks)
}

fn registered(timers: &Timers, duration: Duration) -> Sleep {
    let _entered = timers.handle().enter();
    let mut sleep = sleep(duration);
    assert!(poll(&mut sleep, Waker::noop()).is_pending());
    sleep
}

#[test]
fn a_timer_set_before_the_wait_is_seen_by_it() {
    let (mut timers, unparks) = timers();
    timers.advance(&mut Vec::new());
    let _sleep = registered(&timers, HOUR);
    let wait = timers.wait().expect("there is a deadline");
    assert!(wait > HOUR / 2 && wait <= HOUR + Duration::from_millis(1));
    assert_eq!(unparks.get(), 0, "the driver was not asleep");
}

#[test]
fn a_timer_set_between_looking_and_waiting_ends_the_wait() {
    let (mut timers, unparks) = timers();
    assert_eq!(timers.wait(), None);
    let _sleep = registered(&timers, 2 * HOUR);
    assert_eq!(unparks.get(), 1, "the driver would sleep for ever");

    timers.advance(&mut Vec::new());
    assert!(timers.wait().is_some());
    let _sleep = registered(&timers, HOUR);
    assert_eq!(unparks.get(), 2, "the driver would sleep for too long");
}

#[test]
fn a_timer_set_by_another_thread_ends_the_wait() {
    let (mut timers, unparks) = timers();
    let _far = registered(&timers, 2 * HOUR);
    assert!(timers.wait().is_some());
    thread::scope(|scope| {
        scope.spawn(|| drop(registered(&timers, HOUR)));
    });
    assert_eq!(unparks.get(), 1);
}

#[test]
fn a_later_timer_does_not_end_the_wait() {
    let (mut timers, unparks) = timers();
    let _first = registered(&timers, HOUR);
    assert!(timers.wait().is_some());
    let _second = registered(&timers, 2 * HOUR);
    assert_eq!(unparks.get(), 0);
}

#[test]
fn no_timer_unparks_a_driver_that_runs() {
    let (mut timers, unparks) = timers();
    let _first = registered(&timers, HOUR);
    assert!(timers.wait().is_some());
    timers.advance(&mut Vec::new());
    let _second = registered(&timers, HOUR / 2);
    assert_eq!(unparks.get(), 0);
    assert!(
        timers
            .wait()
            .is_some_and(|wait| wait <= HOUR / 2 + Duration::from_millis(1))
    );
}

#[test]
fn one_unpark_is_enough_for_one_wait() {
    let (mut timers, unparks) = timers();
    assert_eq!(timers.wait(), None);
    let _sleeps: Vec<_> = (1..10).map(|hours| registered(&timers, hours * HOUR)).collect();
    assert_eq!(unparks.get(), 1);
}

#[test]
fn a_reset_to_earlier_ends_the_wait_and_one_to_later_does_not() {
    let (mut timers, unparks) = timers();
    let mut sleep = registered(&timers, 2 * HOUR);
    assert!(timers.wait().is_some());
    let earlier = sleep.deadline() - HOUR;
    sleep.reset(earlier + 2 * HOUR);
    assert_eq!(unparks.get(), 0);
    sleep.reset(earlier);
    assert_eq!(unparks.get(), 1);
}

#[test]
fn a_near_timer_reset_to_far_does_not_fire() {
    let (mut timers, _) = timers();
    let entered = timers.handle().enter();
    let (wakes, waker) = Count::new();
    let mut sleep = sleep(Duration::from_millis(20));
    // On a machine that stalls it may be over before it has begun.
    while poll(&mut sleep, &waker).is_ready() {
        sleep = reveille_timer::sleep(Duration::from_millis(20));
    }
    let near = sleep.deadline();
    sleep.reset(near + HOUR);
    while reveille_timer::Instant::now() < near + Duration::from_millis(1) {
        thread::sleep(Duration::from_millis(1));
    }
    let mut woken = Vec::new();
    timers.advance(&mut woken);
    assert!(woken.is_empty());
    assert_eq!(wakes.get(), 0);
    assert!(timers.wait().is_some_and(|wait| wait > HOUR / 2));
    drop(entered);
}

/// Every insertion is either seen by `wait` or sees that the driver sleeps: never neither, and never both.
#[test]
fn an_insertion_that_races_with_the_wait_is_not_lost() {
    watchdog(|| {
        for round in 0..rounds(3_000, 300_000) {
            let (mut timers, unparks) = timers();
            let handle = timers.handle();
            let meeting = Meeting::default();
            let wait = thread::scope(|scope| {
                let inserter = scope.spawn(|| {
                    let _entered = handle.enter();
                    let mut sleep = sleep(HOUR);
                    meeting.meet();
                    assert!(poll(&mut sleep, Waker::noop()).is_pending());
                    sleep
                });
                meeting.meet();
                dawdle(round);
                let wait = timers.wait();
                drop(inserter.join().unwrap());
                wait
            });
            assert_ne!(
                wait.is_some(),
                unparks.get() == 1,
                "wait said {wait:?}, and there were {} unparks",
                unparks.get()
            );
        }
    });
}

/// The driver of the process's own thread, asleep for an hour or for ever, keeps short times on request of others.
#[test]
fn the_fallback_thread_is_interrupted() {
    watchdog(|| {
        let mut far = sleep(HOUR);
        assert!(poll(&mut far, Waker::noop()).is_pending());
        for duration in [0, 1, 1000].map(Duration::from_micros) {
            for _ in 0..rounds(50, 2_000) {
                pollster::block_on(sleep(duration));
            }
        }
        // Also by a timer that it has already.
        let mut near = sleep(HOUR);
        assert!(poll(&mut near, Waker::noop()).is_pending());
        near.reset(reveille_timer::Instant::now() + Duration::from_millis(1));
        pollster::block_on(near);
    });
}
