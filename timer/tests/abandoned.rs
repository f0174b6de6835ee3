//! What a sleep leaves behind that is dropped on another thread than the one that drives its timers.

use std::sync::Arc;
use std::task::{Wake, Waker};
use std::thread;

use reveille_timer::{Clock, Duration, Handle, Sleep, Timers, sleep};

mod probe;

use probe::{Count, poll, watchdog};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// A sleep in the wheel of `timers`.
fn polled_sleep(timers: &Timers, waker: &Waker) -> Sleep {
    let _entered = timers.handle().enter();
    let mut sleep = sleep(HOUR);
    assert!(poll(&mut sleep, waker).is_pending());
    sleep
}

/// Timers whose driver is awake, and with which threads have been in each other's way.
fn awake() -> Timers {
    let mut timers = Timers::always_driven(Clock::new(), Waker::noop().clone());
    timers.note_contention();
    assert!(look(&mut timers).is_empty());
    timers
}

/// As its driver does when it is awake.
fn look(timers: &mut Timers) -> Vec<Waker> {
    let mut woken = Vec::new();
    timers.advance(&mut woken);
    woken
}

fn drop_elsewhere<T: Send + 'static>(value: T) {
    thread::spawn(move || drop(value)).join().unwrap();
}

#[test]
fn what_is_dropped_elsewhere_while_the_driver_is_awake_is_gone_when_it_comes_by() {
    let mut timers = awake();
    let (count, waker) = Count::new();
    let sleep = polled_sleep(&timers, &waker);
    let waiting = Arc::strong_count(&count);
    drop_elsewhere(sleep);
    assert_eq!(Arc::strong_count(&count), waiting, "it was left");
    let woken = look(&mut timers);
    assert_eq!(
        Arc::strong_count(&count),
        waiting,
        "no waker is dropped where the driver looks"
    );
    woken.into_iter().for_each(Waker::wake);
    assert_eq!(Arc::strong_count(&count), waiting - 1);
    assert_eq!(count.get(), 0, "nobody waits any more");
    assert!(timers.handle().is_empty());
}

#[test]
fn what_is_dropped_elsewhere_while_the_driver_sleeps_is_gone_at_once() {
    let mut timers = awake();
    let (count, waker) = Count::new();
    let sleep = polled_sleep(&timers, &waker);
    let waiting = Arc::strong_count(&count);
    assert!(timers.wait().is_some_and(|wait| wait > HOUR / 2));
    drop_elsewhere(sleep);
    assert_eq!(Arc::strong_count(&count), waiting - 1);
}

#[test]
fn the_driver_does_not_sleep_on_what_was_left() {
    let mut timers = awake();
    let (count, waker) = Count::new();
    let sleep = polled_sleep(&timers, &waker);
    let waiting = Arc::strong_count(&count);
    drop_elsewhere(sleep);
    assert_eq!(timers.wait(), Some(Duration::ZERO), "it looks once more");
    look(&mut timers).into_iter().for_each(Waker::wake);
    assert_eq!(timers.wait(), None, "no deadline is left");
    assert_eq!(Arc::strong_count(&count), waiting - 1);
}

/// Timers that nobody comes by are no store: what is left of a thousand sleeps is 512 wakers, and fewer after the next sleep.
#[test]
fn no_more_is_left_than_is_taken_out_at_once() {
    let timers = awake();
    let (count, waker) = Count::new();
    let alone = Arc::strong_count(&count);
    let sleeps: Vec<_> = (0..1_000).map(|_| polled_sleep(&timers, &waker)).collect();
    drop_elsewhere(sleeps);
    let left = Arc::strong_count(&count) - alone;
    assert!((1..=512).contains(&left), "{left} are left");
    let next = polled_sleep(&timers, &waker);
    assert_eq!(Arc::strong_count(&count) - alone, 1, "but for the next one");
    drop(next);
}

#[test]
fn each_sleep_takes_out_what_was_left_by_many() {
    let timers = awake();
    let (count, waker) = Count::new();
    let alone = Arc::strong_count(&count);
    for _ in 0..1_000 {
        let sleep = polled_sleep(&timers, &waker);
        drop_elsewhere(sleep);
        let left = Arc::strong_count(&count) - alone;
        assert!(left <= 32, "{left} are left");
    }
    assert!(timers.handle().is_empty());
    assert_eq!(Arc::strong_count(&count), alone);
}

#[test]
fn who_asks_who_waits_is_not_told_of_what_was_left() {
    let timers = awake();
    let [left, kept] = [(); 2].map(|()| polled_sleep(&timers, Waker::noop()));
    drop_elsewhere(left);
    let handle = timers.handle();
    assert_eq!(handle.waiting().len(), 1);
    drop(kept);
    assert_eq!(handle.len(), 0);
}

#[test]
fn under_a_clock_that_was_paused_nothing_is_left() {
    let clock = Clock::new_paused();
    let mut timers = Timers::always_driven(clock.clone(), Waker::noop().clone());
    timers.note_contention();
    let (count, waker) = Count::new();
    for resumed in [false, false, true, true] {
        if resumed {
            clock.resume();
        }
        assert!(look(&mut timers).is_empty());
        let sleep = polled_sleep(&timers, &waker);
        let waiting = Arc::strong_count(&count);
        drop_elsewhere(sleep);
        assert_eq!(Arc::strong_count(&count), waiting - 1);
    }
}

#[test]
fn a_clock_that_is_paused_afterwards_does_not_stop_for_what_was_left() {
    let clock = Clock::new();
    let mut timers = Timers::always_driven(clock.clone(), Waker::noop().clone());
    timers.note_contention();
    assert!(look(&mut timers).is_empty());
    drop_elsewhere(polled_sleep(&timers, Waker::noop()));
    assert!(clock.pause());
    assert!(
        !clock.step(&[timers.handle()], None, &mut Vec::new()),
        "there is no deadline"
    );
}

#[test]
fn timers_that_close_wake_nobody_who_has_given_up() {
    let mut timers = awake();
    let (count, waker) = Count::new();
    let [left, kept] = [(); 2].map(|()| polled_sleep(&timers, &waker));
    drop_elsewhere(left);
    let mut woken = Vec::new();
    timers.close(&mut woken);
    woken.into_iter().for_each(Waker::wake);
    assert_eq!(count.get(), 1, "one waits, and one does not");
    drop_elsewhere(kept);
    assert!(timers.handle().is_empty());
}

/// On the thread that drives them a sleep leaves its place to the next one: `spare_place.rs`.
#[test]
fn a_thread_that_has_the_timers_takes_out_what_it_gives_up() {
    let timers = awake();
    let (count, waker) = Count::new();
    let sleep = polled_sleep(&timers, &waker);
    let waiting = Arc::strong_count(&count);
    let handle: Handle = timers.handle();
    thread::spawn(move || {
        let _entered = handle.enter();
        drop(sleep);
    })
    .join()
    .unwrap();
    assert_eq!(Arc::strong_count(&count), waiting - 1);
}

/// Whether a sleep that is dropped elsewhere now is left to the driver.
fn is_left(timers: &mut Timers) -> bool {
    let (count, waker) = Count::new();
    let sleep = polled_sleep(timers, &waker);
    let waiting = Arc::strong_count(&count);
    drop_elsewhere(sleep);
    let is_left = Arc::strong_count(&count) == waiting;
    look(timers).into_iter().for_each(Waker::wake);
    assert_eq!(Arc::strong_count(&count), waiting - 1);
    is_left
}

#[test]
fn after_a_sleep_of_the_driver_nothing_is_left_until_threads_meet_again() {
    let mut timers = awake();
    assert!(is_left(&mut timers) && is_left(&mut timers));
    assert_eq!(timers.wait(), None);
    assert!(look(&mut timers).is_empty());
    assert!(!is_left(&mut timers));
    timers.note_contention();
    assert!(!is_left(&mut timers), "the driver has not come by since");
    assert!(is_left(&mut timers));
}

/// However often others give something up while it comes by: it comes by once for that, and sleeps.
#[test]
fn a_driver_that_wants_to_sleep_is_kept_from_it_once() {
    let mut timers = awake();
    for _ in 0..3 {
        drop_elsewhere(polled_sleep(&timers, Waker::noop()));
        assert_eq!(timers.wait(), Some(Duration::ZERO));
        timers.note_contention();
        look(&mut timers).into_iter().for_each(Waker::wake);
        assert_eq!(timers.wait(), None);
        assert!(look(&mut timers).is_empty());
        assert!(
            !is_left(&mut timers),
            "what was wanted before the sleep is answered"
        );
        timers.note_contention();
        assert!(look(&mut timers).is_empty());
    }
}

/// Between two calls of `block_on` nobody may come by for long.
#[test]
fn nothing_is_left_to_a_driver_that_may_not_come_by() {
    let mut timers = Timers::new(Waker::noop().clone());
    timers.note_contention();
    assert!(look(&mut timers).is_empty());
    assert!(!is_left(&mut timers) && !is_left(&mut timers));
}

/// Wakers whose drop comes back here, and panics: no lock is held there, and the others are dropped too.
#[test]
fn wakers_that_call_back_and_panic_are_dropped_where_no_lock_is_held() {
    struct CallsBack(Handle, Arc<Count>);
    impl Wake for CallsBack {
        fn wake(self: Arc<Self>) {}
    }
    impl Drop for CallsBack {
        fn drop(&mut self) {
            assert!(self.0.len() < 100);
            self.1.wake_by_ref();
            panic!("a waker's drop");
        }
    }
    watchdog(|| {
        type Look = fn(&mut Timers);
        let by_driver: Look = |timers| look(timers).into_iter().for_each(Waker::wake);
        let by_insertion: Look = |timers| drop(polled_sleep(timers, Waker::noop()));
        let by_question: Look = |timers| assert!(timers.handle().is_empty());
        let by_end: Look = |timers| {
            let mut woken = Vec::new();
            timers.close(&mut woken);
            woken.into_iter().for_each(Waker::wake);
        };
        for collect in [by_driver, by_insertion, by_question, by_end] {
            let mut timers = awake();
            let (count, _) = Count::new();
            let sleeps: Vec<_> = (0..40)
                .map(|_| {
                    let waker = Arc::new(CallsBack(timers.handle(), count.clone())).into();
                    polled_sleep(&timers, &waker)
                })
                .collect();
            drop_elsewhere(sleeps);
            assert_eq!(count.get(), 0);
            collect(&mut timers);
            assert_eq!(count.get(), 40);
        }
    });
}
