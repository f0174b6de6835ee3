//! A clock that stands, and is moved on by hand.

use std::pin::Pin;
use std::task::{Poll, Waker};

use reveille_timer::{
    Clock, Duration, EnterGuard, Instant, Interval, Sleep, Timers, interval, sleep, sleep_until, timeout,
};

mod probe;

use probe::{Count, poll};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const SECOND: Duration = Duration::from_secs(1);

/// A clock, and the timers of a driver that goes by it.
struct Virtual {
    clock: Clock,
    timers: Timers,
}

impl Virtual {
    fn new(clock: Clock) -> Self {
        let timers = Timers::with_clock(clock.clone(), Waker::noop().clone());
        Self { clock, timers }
    }

    fn enter(&self) -> EnterGuard {
        self.timers.handle().enter()
    }

    /// A step; how many were woken, if any.
    fn step(&self, limit: Option<Instant>) -> Option<usize> {
        let mut woken = Vec::new();
        let stepped = self.clock.step(&[self.timers.handle()], limit, &mut woken);
        stepped.then_some(woken.len())
    }
}

fn waiting(duration: Duration) -> Sleep {
    let mut sleep = sleep(duration);
    assert!(is_pending(&mut sleep));
    sleep
}

fn is_pending(sleep: &mut Sleep) -> bool {
    poll(sleep, Waker::noop()).is_pending()
}

fn tick(interval: &mut Interval) -> Option<Instant> {
    match poll(&mut interval.tick(), Waker::noop()) {
        Poll::Ready(due) => Some(due),
        Poll::Pending => None,
    }
}

#[test]
fn time_stands_still_for_the_threads_that_go_by_the_clock_and_for_no_other() {
    let here = Virtual::new(Clock::new_paused());
    let machine = Instant::now();
    let entered = here.enter();
    let (first, second) = (Instant::now(), Instant::now());
    assert_eq!(first, second);
    here.clock.advance_to(first + DAY);
    assert_eq!(Instant::now(), first + DAY);
    drop(entered);
    assert!(Instant::now() < machine + DAY);
}

#[test]
fn a_step_stops_at_each_deadline_in_turn_to_the_nanosecond() {
    let here = Virtual::new(Clock::new_paused());
    let _entered = here.enter();
    let start = Instant::now();
    // One shorter than any tick of the machine's clock, one beyond every level of the wheel.
    let durations = [
        Duration::from_nanos(1),
        Duration::from_micros(300),
        SECOND,
        3650 * DAY,
    ];
    let mut sleeps = durations.map(waiting);
    for (sleep, duration) in sleeps.iter_mut().zip(durations) {
        assert!(is_pending(sleep));
        assert_eq!(here.step(None), Some(1));
        assert_eq!(Instant::now() - start, duration);
        assert!(!is_pending(sleep));
    }
    assert_eq!(here.step(None), None);
    assert_eq!(Instant::now() - start, 3650 * DAY, "without a deadline it stands");
}

#[test]
fn those_of_one_instant_come_together_in_the_order_of_their_registration() {
    let here = Virtual::new(Clock::new_paused());
    let _entered = here.enter();
    let deadline = Instant::now() + HOUR;
    let mut sleeps: [Sleep; 3] = std::array::from_fn(|_| sleep_until(deadline));
    let counts = [(); 3].map(|()| Count::new());
    for (sleep, (_, waker)) in sleeps.iter_mut().zip(&counts) {
        assert!(poll(sleep, waker).is_pending());
    }
    let mut woken = Vec::new();
    assert!(here.clock.step(&[here.timers.handle()], None, &mut woken));
    for (woken, (_, waker)) in woken.iter().zip(&counts) {
        assert!(woken.will_wake(waker));
    }
    assert_eq!(woken.len(), 3);
}

#[test]
fn no_step_goes_beyond_its_limit() {
    let here = Virtual::new(Clock::new_paused());
    let _entered = here.enter();
    let start = Instant::now();
    let mut sleep = waiting(2 * SECOND);
    // In one slot with it on the wheel's higher levels: these are looked at before either is due.
    let _other = waiting(2 * SECOND + Duration::from_micros(1));
    assert_eq!(
        here.step(Some(start + 2 * SECOND - Duration::from_nanos(1))),
        None
    );
    assert_eq!(Instant::now(), start);
    assert_eq!(here.step(Some(start + 2 * SECOND)), Some(1));
    assert!(!is_pending(&mut sleep));
}

#[test]
fn drivers_that_share_a_clock_are_stepped_together() {
    let one = Virtual::new(Clock::new_paused());
    let two = Virtual::new(one.clock.clone());
    let wait = |at: &Virtual, duration| {
        let _entered = at.enter();
        waiting(duration)
    };
    let _sleeps = [wait(&one, SECOND), wait(&two, SECOND), wait(&two, HOUR)];
    let both = [one.timers.handle(), two.timers.handle()];
    let mut woken = Vec::new();
    assert!(one.clock.step(&both, None, &mut woken));
    assert_eq!(woken.len(), 2);
    assert!(one.clock.step(&both, None, &mut woken));
    assert_eq!(woken.len(), 3);
}

#[test]
fn a_driver_neither_waits_for_nor_fires_what_is_due_while_the_clock_stands() {
    let mut here = Virtual::new(Clock::new());
    let _entered = here.enter();
    let _sleep = waiting(Duration::from_nanos(1));
    here.clock.pause();
    here.clock.advance_to(Instant::now() + HOUR);
    let mut woken = Vec::new();
    assert!(!here.timers.advance(&mut woken));
    assert!(woken.is_empty());
    assert_eq!(here.timers.wait(), None);
    here.clock.resume();
    assert_eq!(here.timers.wait(), Some(Duration::ZERO));
    here.timers.advance(&mut woken);
    assert_eq!(woken.len(), 1);
}

/// A clock that was not paused from the beginning has long ticks.
#[test]
fn a_limit_within_a_tick_fires_what_is_due_by_then() {
    let here = Virtual::new(Clock::new());
    let _entered = here.enter();
    here.clock.pause();
    let start = Instant::now();
    let (mut due, mut later) = (waiting(SECOND), waiting(SECOND + Duration::from_nanos(1)));
    let limit = Some(start + SECOND);
    while here.step(limit).is_some() {
        assert!(Instant::now() <= start + SECOND);
        assert!(!is_pending(&mut due));
        assert!(is_pending(&mut later), "a nanosecond early");
    }
    assert!(here.step(None).is_some());
    assert!(!is_pending(&mut later));
    assert!(Instant::now() < start + SECOND + Duration::from_millis(1));
}

/// tokio#8334: once a far timer had got into the wheel's top level, short ones stopped after twelve days.
#[test]
fn an_interval_of_333_ms_ticks_beside_a_timer_of_ten_years_after_twelve_days() {
    for clock in [Clock::new(), Clock::new_paused()] {
        let here = Virtual::new(clock);
        let _entered = here.enter();
        here.clock.pause();
        let mut far = waiting(3650 * DAY);
        here.clock.advance_to(Instant::now() + 12 * DAY + 10 * HOUR);
        let period = Duration::from_millis(333);
        let mut interval = interval(period);
        let start = tick(&mut interval).expect("the first tick is due at once");
        // More than the day in which the wheel's top level comes round.
        for beat in 1..=300_000 {
            assert_eq!(tick(&mut interval), None);
            assert!(here.step(None).is_some());
            assert_eq!(tick(&mut interval), Some(start + beat * period));
        }
        assert!(is_pending(&mut far));
    }
}

#[test]
fn a_timeout_goes_by_the_same_clock() {
    let here = Virtual::new(Clock::new_paused());
    let _entered = here.enter();
    let mut timeout = std::pin::pin!(timeout(HOUR, std::future::pending::<()>()));
    let mut poll = || Pin::new(&mut timeout).poll(&mut std::task::Context::from_waker(Waker::noop()));
    assert!(poll().is_pending());
    assert_eq!(here.step(None), Some(1));
    assert!(matches!(poll(), Poll::Ready(Err(_))));
}
