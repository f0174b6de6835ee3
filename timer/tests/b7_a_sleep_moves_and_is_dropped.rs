//! Scenario B7: a sleep is cancelled, reset, moved and fired at any moment, and may outlive its runtime.

use std::sync::Arc;
use std::task::{Poll, Waker};
use std::thread;

use reveille_timer::{Duration, Handle, Instant, Sleep, Timers, sleep, sleep_until};

mod probe;

use probe::{Count, Meeting, dawdle, poll, rounds, watchdog};

const HOUR: Duration = Duration::from_secs(60 * 60);
const SOON: Duration = Duration::from_millis(20);

fn timers() -> Timers {
    Timers::new(Waker::noop().clone())
}

fn poll_under(handle: &Handle, sleep: &mut Sleep, waker: &Waker) -> Poll<()> {
    let _entered = handle.enter();
    poll(sleep, waker)
}

/// A sleep that has registered and will soon be due.
fn short_sleep(handle: &Handle, waker: &Waker) -> Sleep {
    loop {
        let mut sleep = sleep(SOON);
        if poll_under(handle, &mut sleep, waker).is_pending() {
            return sleep;
        }
    }
}

/// Waits and drives until everything has fired.
fn drive(timers: &mut Timers) {
    let mut woken = Vec::new();
    while let Some(wait) = timers.wait() {
        thread::sleep(wait);
        timers.advance(&mut woken);
        woken.drain(..).for_each(Waker::wake);
    }
}

#[test]
fn dropping_a_sleep_takes_its_timer_out() {
    let timers = timers();
    let handle = timers.handle();
    let (count, waker) = Count::new();
    let before = Arc::strong_count(&count);
    let mut sleep = sleep(HOUR);
    assert!(handle.is_empty(), "it registers when it is polled");
    assert!(poll_under(&handle, &mut sleep, &waker).is_pending());
    assert_eq!(handle.len(), 1);
    drop(sleep);
    assert!(handle.is_empty());
    assert_eq!(Arc::strong_count(&count), before, "the waker was kept");
}

#[test]
fn a_sleep_follows_the_thread_that_polls_it() {
    let (mut first, mut second) = (timers(), timers());
    let (old, old_waker) = Count::new();
    let (new, new_waker) = Count::new();
    let mut sleep = short_sleep(&first.handle(), &old_waker);
    assert_eq!((first.handle().len(), second.handle().len()), (1, 0));
    if poll_under(&second.handle(), &mut sleep, &new_waker).is_pending() {
        assert_eq!((first.handle().len(), second.handle().len()), (0, 1));
        drive(&mut first);
        drive(&mut second);
        assert_eq!((old.get(), new.get()), (0, 1));
    }
    assert!(poll_under(&first.handle(), &mut sleep, &old_waker).is_ready());
}

#[test]
fn a_reset_stays_where_the_sleep_is() {
    let (first, second) = (timers(), timers());
    let mut sleep = sleep(HOUR);
    assert!(poll_under(&first.handle(), &mut sleep, Waker::noop()).is_pending());
    assert!(poll_under(&second.handle(), &mut sleep, Waker::noop()).is_pending());
    let _entered = first.handle().enter();
    sleep.reset(Instant::now() + 2 * HOUR);
    assert_eq!((first.handle().len(), second.handle().len()), (0, 1));
}

#[test]
fn the_waker_of_the_last_poll_counts() {
    let mut timers = timers();
    let handle = timers.handle();
    let (first, first_waker) = Count::new();
    let (last, last_waker) = Count::new();
    loop {
        let before = last.get();
        let mut sleep = short_sleep(&handle, &first_waker);
        if poll_under(&handle, &mut sleep, &last_waker).is_pending() {
            drive(&mut timers);
            assert_eq!((first.get(), last.get() - before), (0, 1));
            return;
        }
    }
}

#[test]
fn a_sleep_outside_a_runtime_leaves_the_one_that_nobody_drives() {
    watchdog(|| {
        let timers = timers();
        let mut sleep = short_sleep(&timers.handle(), Waker::noop());
        let deadline = sleep.deadline();
        pollster::block_on(&mut sleep);
        assert!(Instant::now() >= deadline);
        assert!(timers.handle().is_empty());
    });
}

#[test]
fn a_sleep_that_fired_and_was_reset_waits_again() {
    let mut timers = timers();
    let handle = timers.handle();
    let (count, waker) = Count::new();
    let mut sleep = short_sleep(&handle, &waker);
    drive(&mut timers);
    assert_eq!(count.get(), 1);
    sleep.reset(Instant::now() + HOUR);
    assert!(handle.is_empty());
    assert!(poll_under(&handle, &mut sleep, &waker).is_pending());
    assert_eq!(handle.len(), 1);
    drop(sleep);
    assert!(handle.is_empty());
}

#[test]
fn closing_wakes_and_the_sleep_waits_elsewhere() {
    watchdog(|| {
        for by_drop in [false, true] {
            let mut closed = timers();
            let handle = closed.handle();
            let (count, waker) = Count::new();
            let mut sleep = short_sleep(&handle, &waker);
            let deadline = sleep.deadline();
            if by_drop {
                drop(closed);
            } else {
                let mut woken = Vec::new();
                closed.close(&mut woken);
                assert_eq!(count.get(), 0, "a waker ran inside");
                woken.drain(..).for_each(Waker::wake);
                assert_eq!(closed.wait(), None);
            }
            assert_eq!(count.get(), 1);
            assert!(handle.is_closed() && handle.is_empty());
            // The old runtime is still the thread's; the sleep goes to the process's thread, and is not early.
            let _entered = handle.enter();
            pollster::block_on(&mut sleep);
            assert!(Instant::now() >= deadline);
            assert!(handle.is_empty());
        }
    });
}

#[test]
fn a_sleep_of_a_closed_runtime_goes_to_the_one_that_polls_it() {
    let (mut closed, open) = (timers(), timers());
    let mut sleep = sleep(HOUR);
    assert!(poll_under(&closed.handle(), &mut sleep, Waker::noop()).is_pending());
    closed.close(&mut Vec::new());
    sleep.reset(Instant::now() + 2 * HOUR);
    assert!(poll_under(&open.handle(), &mut sleep, Waker::noop()).is_pending());
    assert_eq!(open.handle().len(), 1);
}

/// Insertions race with the end: each is woken, or refused, and none is forgotten in a wheel that nobody drives.
#[test]
fn insertions_that_race_with_closing_are_woken_or_refused() {
    for round in 0..rounds(2_000, 100_000) {
        let mut timers = timers();
        let handle = timers.handle();
        let meeting = Meeting::default();
        let (count, waker) = Count::new();
        let sleep = thread::scope(|scope| {
            let inserter = scope.spawn(|| {
                let mut sleep = sleep(HOUR);
                meeting.meet();
                assert!(poll_under(&handle, &mut sleep, &waker).is_pending());
                sleep
            });
            let mut woken = Vec::new();
            meeting.meet();
            dawdle(round);
            timers.close(&mut woken);
            let closed_first = woken.is_empty();
            woken.drain(..).for_each(Waker::wake);
            let sleep = inserter.join().unwrap();
            assert_eq!(count.get(), usize::from(!closed_first));
            sleep
        });
        assert!(handle.is_empty());
        drop(sleep);
    }
}

#[test]
fn sleeps_dropped_while_they_fire_leave_nothing_behind() {
    watchdog(|| {
        let mut timers = timers();
        let handle = timers.handle();
        let (count, waker) = Count::new();
        let references = Arc::strong_count(&count);
        let deadline = Instant::now() + SOON;
        let sleeps: Vec<_> = (0..rounds(20_000, 100_000))
            .filter_map(|_| {
                let mut sleep = sleep_until(deadline);
                poll_under(&handle, &mut sleep, &waker)
                    .is_pending()
                    .then_some(sleep)
            })
            .collect();
        let started = sleeps.len();
        if let Some(wait) = timers.wait() {
            thread::sleep(wait);
        }
        let dropper = thread::spawn(move || drop(sleeps));
        drive(&mut timers);
        dropper.join().unwrap();
        assert!(handle.is_empty());
        assert!(count.get() <= started, "a sleep was woken twice");
        assert_eq!(Arc::strong_count(&count), references, "a waker was kept");
    });
}
