//! What a sleep leaves behind that is dropped on the thread that drives its timers: a place for the next one.

use std::sync::{Arc, mpsc};
use std::task::Waker;
use std::thread;

use reveille_timer::{Clock, Duration, Handle, Instant, Timers, sleep};

mod probe;

use probe::{Count, poll};

const HOUR: Duration = Duration::from_secs(60 * 60);
const SOON: Duration = Duration::from_millis(20);

/// Timers that this thread drives.
fn driven() -> Timers {
    let timers = Timers::new(Waker::noop().clone());
    assert!(Handle::replace_current(Some(timers.handle())).is_none());
    timers
}

fn drop_a_polled_sleep(duration: Duration, waker: &Waker) {
    let mut sleep = sleep(duration);
    assert!(poll(&mut sleep, waker).is_pending());
}

/// Waits and drives until everything has fired.
fn drive(timers: &mut Timers) {
    let mut woken = Vec::new();
    while let Some(wait) = timers.wait() {
        assert!(
            wait < HOUR / 2,
            "the deadline is that of a sleep that was dropped"
        );
        thread::sleep(wait);
        timers.advance(&mut woken);
        woken.drain(..).for_each(Waker::wake);
    }
}

/// As another thread counts.
fn len(timers: &Timers) -> usize {
    let handle = timers.handle();
    thread::spawn(move || handle.len()).join().unwrap()
}

#[test]
fn a_task_that_drops_a_sleep_and_makes_another_clones_no_waker() {
    let timers = driven();
    let (count, waker) = Count::new();
    drop_a_polled_sleep(HOUR, &waker);
    let kept = Arc::strong_count(&count);
    let mut next = sleep(2 * HOUR);
    assert!(poll(&mut next, &waker).is_pending());
    assert_eq!(Arc::strong_count(&count), kept);
    assert_eq!(len(&timers), 1, "two places for one sleep");
}

#[test]
fn the_next_sleep_has_its_own_deadline_and_line() {
    for (first, second) in [(HOUR, 2 * HOUR), (2 * HOUR, HOUR)] {
        let timers = driven();
        drop_a_polled_sleep(first, Waker::noop());
        let before = Instant::now();
        let (mut next, line) = (sleep(second), line!());
        assert!(poll(&mut next, Waker::noop()).is_pending());
        let [waiting] = timers.handle().waiting()[..] else {
            panic!("one sleep waits");
        };
        assert!(waiting.deadline >= before + second && waiting.deadline < before + second + HOUR / 2);
        assert_eq!(waiting.location.line(), line);
        Handle::replace_current(None);
    }
}

#[test]
fn the_next_sleep_of_another_task_wakes_that_task() {
    let mut timers = driven();
    let (old, old_waker) = Count::new();
    let (new, new_waker) = Count::new();
    let before = Arc::strong_count(&old);
    drop_a_polled_sleep(HOUR, &old_waker);
    let mut next = sleep(SOON);
    if poll(&mut next, &new_waker).is_pending() {
        drive(&mut timers);
        assert_eq!((old.get(), new.get()), (0, 1));
    }
    assert_eq!(Arc::strong_count(&old), before, "the waker was kept");
}

#[test]
fn a_turn_takes_out_what_a_dropped_sleep_left() {
    let mut timers = driven();
    let (count, waker) = Count::new();
    let before = Arc::strong_count(&count);
    drop_a_polled_sleep(HOUR, &waker);
    assert_eq!(timers.wait(), None, "it waits for nobody");
    assert_eq!(len(&timers), 0);
    drop_a_polled_sleep(HOUR, &waker);
    timers.advance(&mut Vec::new());
    assert_eq!(len(&timers), 0);
    drop_a_polled_sleep(HOUR, Waker::noop());
    assert_eq!(
        Arc::strong_count(&count),
        before,
        "the waker outlived the next timer"
    );
    assert_eq!(count.get(), 0);
}

#[test]
fn a_place_that_has_fired_is_not_taken_over() {
    let timers = driven();
    drop_a_polled_sleep(SOON, Waker::noop());
    let mut timers = {
        let mut timers = timers;
        thread::spawn(move || {
            drive(&mut timers);
            timers
        })
        .join()
        .unwrap()
    };
    let (count, waker) = Count::new();
    let mut next = sleep(SOON);
    if poll(&mut next, &waker).is_pending() {
        drive(&mut timers);
        assert_eq!(count.get(), 1, "the sleep waits in a place that is gone");
    }
}

#[test]
fn nothing_is_left_on_a_thread_that_does_not_drive() {
    let timers = Timers::new(Waker::noop().clone());
    let (count, waker) = Count::new();
    let before = Arc::strong_count(&count);
    let _entered = timers.handle().enter();
    drop_a_polled_sleep(HOUR, &waker);
    assert_eq!(len(&timers), 0);
    assert_eq!(Arc::strong_count(&count), before, "the waker was kept");
}

#[test]
fn nothing_is_left_when_the_thread_turns_to_other_timers() {
    let timers = driven();
    let others = Timers::new(Waker::noop().clone());
    drop_a_polled_sleep(HOUR, Waker::noop());
    let entered = others.handle().enter();
    assert_eq!(len(&timers), 0);
    let mut next = sleep(HOUR);
    assert!(poll(&mut next, Waker::noop()).is_pending());
    assert_eq!((len(&timers), len(&others)), (0, 1));
    drop(next);
    drop(entered);
    assert_eq!(len(&others), 0);
    let mut again = sleep(HOUR);
    assert!(poll(&mut again, Waker::noop()).is_pending());
    assert_eq!((len(&timers), len(&others)), (1, 0));
}

#[test]
fn nothing_is_left_when_the_thread_ends() {
    let (count, waker) = Count::new();
    let before = Arc::strong_count(&count);
    let polled = waker.clone();
    let timers = thread::spawn(move || {
        let timers = driven();
        drop_a_polled_sleep(HOUR, &polled);
        timers
    });
    let timers = timers.join().unwrap();
    assert_eq!(len(&timers), 0);
    assert_eq!(Arc::strong_count(&count), before, "the waker was kept");
}

#[test]
fn nothing_is_left_where_the_clock_may_stand() {
    let clock = Clock::new();
    let timers = Timers::with_clock(clock.clone(), Waker::noop().clone());
    Handle::replace_current(Some(timers.handle()));
    clock.pause();
    drop_a_polled_sleep(HOUR, Waker::noop());
    assert_eq!(len(&timers), 0);
}

/// A dump is made by another thread, while the one that drives is stuck.
#[test]
fn another_thread_sees_no_sleep_that_was_dropped() {
    let timers = driven();
    drop_a_polled_sleep(HOUR, Waker::noop());
    let handle = timers.handle();
    let seen = thread::spawn(move || (handle.waiting().len(), handle.len()));
    assert_eq!(seen.join().unwrap(), (0, 0));
    // Its place is gone; the next one has its own.
    let mut next = sleep(HOUR);
    assert!(poll(&mut next, Waker::noop()).is_pending());
    assert_eq!(timers.handle().len(), 1);
}

/// Between the word of a thread that it is at rest and its wait for the driver the clock may be paused.
#[test]
fn a_clock_that_stands_does_not_stop_at_a_sleep_that_another_thread_dropped_before() {
    let clock = Clock::new();
    let timers = Timers::with_clock(clock.clone(), Waker::noop().clone());
    let handle = timers.handle();
    let (dropped, is_dropped) = mpsc::channel();
    let (go_on, goes_on) = mpsc::channel::<()>();
    let driving = thread::spawn({
        let handle = handle.clone();
        move || {
            drop(Handle::replace_current(Some(handle)));
            drop_a_polled_sleep(HOUR, Waker::noop());
            dropped.send(()).unwrap();
            let _ = goes_on.recv();
        }
    });
    is_dropped.recv().unwrap();
    assert!(clock.pause());
    let before = clock.now();
    assert!(!clock.step(&[handle], None, &mut Vec::new()), "nobody sleeps");
    assert_eq!(clock.now(), before);
    drop(go_on);
    driving.join().unwrap();
}
