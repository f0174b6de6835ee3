//! What a sleep promises wherever it is polled.

use std::task::Waker;

use reveille_context::coop;
use reveille_context::task::{self, TaskId};
use reveille_timer::{Duration, Handle, Instant, Sleep, Timers, sleep, sleep_until};

mod probe;

use probe::{Count, poll, watchdog};

const HOUR: Duration = Duration::from_secs(60 * 60);

#[test]
fn a_sleep_works_under_a_foreign_executor() {
    watchdog(|| {
        for micros in [0, 1, 65, 66, 1_000, 20_000] {
            let sleep = sleep(Duration::from_micros(micros));
            let deadline = sleep.deadline();
            pollster::block_on(sleep);
            assert!(Instant::now() >= deadline, "early");
        }
    });
}

#[test]
fn sleeps_fire_in_the_order_of_their_deadlines() {
    watchdog(|| {
        let mut timers = Timers::new(Waker::noop().clone());
        let _entered = timers.handle().enter();
        let start = Instant::now() + Duration::from_millis(20);
        let order = [3, 0, 4, 1, 2];
        let mut sleeps = order.map(|place| sleep_until(start + place * Duration::from_millis(2)));
        let counts = order.map(|_| Count::new());
        for (sleep, (_, waker)) in sleeps.iter_mut().zip(&counts) {
            let _ = poll(sleep, waker);
        }
        let mut fired = 5 - timers.handle().len();
        let mut woken = Vec::new();
        while let Some(wait) = timers.wait() {
            std::thread::sleep(wait);
            timers.advance(&mut woken);
            for waker in woken.drain(..) {
                let place = counts.iter().position(|(_, own)| own.will_wake(&waker)).unwrap();
                assert_eq!(order[place] as usize, fired, "out of order");
                fired += 1;
            }
        }
        assert_eq!(fired, 5);
    });
}

#[test]
fn a_deadline_that_has_passed_is_ready_at_once_and_touches_no_timer() {
    let (unparks, unparker) = Count::new();
    let mut timers = Timers::new(unparker);
    let _entered = timers.handle().enter();
    assert_eq!(timers.wait(), None);
    assert!(poll(&mut sleep(Duration::ZERO), Waker::noop()).is_ready());
    assert!(poll(&mut sleep_until(Instant::now()), Waker::noop()).is_ready());
    drop(sleep(HOUR));
    assert_eq!(unparks.get(), 0);
}

#[test]
fn a_task_that_has_used_up_its_budget_yields() {
    let (count, waker) = Count::new();
    let _poll = coop::enter();
    for _ in 0..coop::BUDGET {
        assert!(poll(&mut sleep(Duration::ZERO), &waker).is_ready());
    }
    assert!(poll(&mut sleep(Duration::ZERO), &waker).is_pending());
    assert_eq!(count.get(), 1, "nobody would poll the task again");
}

#[test]
fn one_turn_wakes_a_bounded_number() {
    let mut timers = Timers::new(Waker::noop().clone());
    let _entered = timers.handle().enter();
    let deadline = Instant::now() + Duration::from_millis(200);
    let mut sleeps: Vec<_> = (0..5000).map(|_| sleep_until(deadline)).collect();
    for sleep in &mut sleeps {
        let _ = poll(sleep, Waker::noop());
    }
    let waiting = timers.handle().len();
    assert!(waiting > 1024, "the machine stalled");
    while Instant::now() < deadline + Duration::from_millis(1) {
        std::thread::sleep(Duration::from_millis(1));
    }
    let mut woken = Vec::new();
    loop {
        let before = woken.len();
        let more = timers.advance(&mut woken);
        assert!(woken.len() - before <= 1024, "{} at once", woken.len() - before);
        if !more {
            break;
        }
        assert_eq!(
            timers.wait(),
            Some(Duration::ZERO),
            "more is due, and the driver would sleep"
        );
    }
    assert_eq!(woken.len(), waiting);
}

#[test]
fn the_guard_brings_the_outer_timers_back() {
    let (outer, inner) = (
        Timers::new(Waker::noop().clone()),
        Timers::new(Waker::noop().clone()),
    );
    let register = || {
        let mut sleep = sleep(HOUR);
        assert!(poll(&mut sleep, Waker::noop()).is_pending());
        (outer.handle().len(), inner.handle().len())
    };
    assert_eq!(register(), (0, 0));
    let outer_entered = outer.handle().enter();
    assert_eq!(register(), (1, 0));
    {
        let _entered = inner.handle().enter();
        assert_eq!(register(), (0, 1));
    }
    assert_eq!(register(), (1, 0));
    drop(outer_entered);
    let replaced = Handle::replace_current(Some(inner.handle()));
    assert!(replaced.is_none());
    assert_eq!(register(), (0, 1));
    assert!(Handle::replace_current(None).is_some());
    assert_eq!(register(), (0, 0));
}

#[test]
fn a_dump_names_the_task_the_line_and_the_deadline() {
    let timers = Timers::new(Waker::noop().clone());
    let handle = timers.handle();
    let _entered = handle.enter();
    let task = TaskId::next();
    let (mut first, line) = (sleep(HOUR), line!());
    {
        let _polled = task::enter(task);
        assert!(poll(&mut first, Waker::noop()).is_pending());
    }
    let mut second = reveille_timer::timeout(2 * HOUR, std::future::pending::<()>());
    assert!(poll(&mut second, Waker::noop()).is_pending());
    let mut waiting = handle.waiting();
    waiting.sort_by_key(|waiting| waiting.deadline);
    let [first_waits, second_waits] = waiting[..] else {
        panic!("{waiting:?}");
    };
    assert_eq!(first_waits.task, Some(task));
    assert_eq!(first_waits.location.line(), line);
    assert!(first_waits.location.file().ends_with("sleep.rs"));
    assert!(first_waits.deadline >= first.deadline());
    assert_eq!(second_waits.task, None);
    assert_eq!(second_waits.location.line(), line + 5);
    drop((first, second));
    assert!(handle.waiting().is_empty());
}

#[test]
fn the_futures_are_send_sync_and_unpin() {
    fn check<T: Send + Sync + Unpin>() {}
    check::<Sleep>();
    check::<reveille_timer::Timeout<std::future::Ready<()>>>();
    check::<reveille_timer::Interval>();
    check::<reveille_timer::Tick<'_>>();
    check::<Handle>();
}
