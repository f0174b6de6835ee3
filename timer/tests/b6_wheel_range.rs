//! Scenario B6: wrap-around, overflow and the values at the ends. One timer far away must not disturb the near
//! ones, and every distance works.

use std::mem;
use std::task::Waker;
use std::thread;

use reveille_timer::wheel::Wheel;
use reveille_timer::{Duration, Instant, Timers, interval, sleep};

mod probe;

use probe::poll;

const RANGE: u64 = 1 << 36;
/// More than any test here needs in one call, so that a wheel that goes round in circles is found out.
const PLENTY: usize = 1000;

/// Drives the wheel as a driver does, from one deadline it names to the next, and returns when each value fired.
fn run<T>(wheel: &mut Wheel<T>) -> Vec<(u64, T)> {
    let mut fired = Vec::new();
    let mut expired = Vec::new();
    while let Some(next) = wheel.next_deadline() {
        assert!(next > wheel.elapsed() || fired.is_empty(), "time stands still");
        assert!(!wheel.advance(next, PLENTY, &mut expired));
        fired.extend(expired.drain(..).map(|value| (next, value)));
    }
    fired
}

#[test]
fn every_level_boundary_fires_on_its_tick() {
    for start in [0, 1, 63, 64, 4095, RANGE - 1, RANGE, 3 * RANGE + 12_345, 1 << 60] {
        for level in 0..=6 {
            for turns in 1..=3 {
                for offset in -1..=1 {
                    let boundary = (start | ((1_u64 << (6 * level)) - 1)) + 1 + ((turns - 1) << (6 * level));
                    let when = boundary.saturating_add_signed(offset).max(start);
                    let mut wheel = Wheel::new(start);
                    wheel.insert(when, ());
                    assert_eq!(run(&mut wheel), [(when, ())], "from {start}");
                }
            }
        }
    }
}

#[test]
fn deadlines_beyond_the_range_fire_on_their_tick() {
    for start in [0, 5, RANGE - 1, 2 * RANGE] {
        let mut wheel = Wheel::new(start);
        let mut expected = Vec::new();
        for turn in 1..=3 {
            for offset in -1..=1 {
                let when = start + (turn * RANGE).saturating_add_signed(offset);
                wheel.insert(when, when);
                expected.push((when, when));
            }
        }
        assert_eq!(run(&mut wheel), expected);
    }
}

#[test]
fn the_last_tick_is_a_tick_like_any_other() {
    let mut wheel = Wheel::new(0);
    wheel.insert(u64::MAX, "never");
    wheel.insert(u64::MAX - 1, "hardly ever");
    wheel.insert(7, "soon");
    let expected = [(7, "soon"), (u64::MAX - 1, "hardly ever"), (u64::MAX, "never")];
    assert_eq!(run(&mut wheel), expected);
    // Time stands still here; what is inserted is due.
    wheel.insert(u64::MAX, "again");
    assert_eq!(run(&mut wheel), [(u64::MAX, "again")]);
}

/// The clock reads 12 days and 10 hours, one timer is ten years away, and 333 ms after 333 ms must pass. Whatever
/// the ticks are, the peer's millisecond or ours.
#[test]
fn an_interval_ticks_beside_a_timer_ten_years_away() {
    let milliseconds = |ms: u64| ms;
    let ours = |ms: u64| u64::try_from((u128::from(ms) * 1_000_000).div_ceil(1 << 16)).unwrap();
    for ticks in [milliseconds as fn(u64) -> u64, ours] {
        let mut wheel = Wheel::new(0);
        let far = ticks(10 * 365 * 24 * 60 * 60 * 1000);
        let key = wheel.insert(far, "far");
        let start = ticks((12 * 24 + 10) * 60 * 60 * 1000);
        let mut expired = Vec::new();
        assert!(!wheel.advance(start, PLENTY, &mut expired));
        let mut now = start;
        // An hour and a half, past the point where a wheel of 2^30 ms turns over.
        for _ in 0..18_000 {
            now += ticks(333);
            wheel.insert(now, "tick");
            while expired.is_empty() {
                let next = wheel.next_deadline().expect("there is a tick");
                assert!(
                    wheel.elapsed() < next && next <= now,
                    "the driver would sleep past the tick"
                );
                assert!(!wheel.advance(next, PLENTY, &mut expired));
            }
            assert_eq!(mem::take(&mut expired), ["tick"]);
            assert_eq!(wheel.elapsed(), now);
        }
        assert_eq!(wheel.remove(key), Some("far"));
    }
}

#[test]
fn a_million_timers_in_one_slot_move_a_bounded_number_at_a_time() {
    const TIMERS: usize = 1_000_000;
    const LIMIT: usize = 1024;
    // On level 3, and no digit below is zero: each moves three times and fires.
    let when = (1 << 18) + (2 << 12) + (3 << 6) + 4;
    let mut wheel = Wheel::new(0);
    for number in 0..TIMERS {
        wheel.insert(when, number);
    }
    let mut fired = 0;
    let mut calls = 1;
    let mut expired = Vec::new();
    while wheel.advance(when, LIMIT, &mut expired) {
        assert!(expired.len() <= LIMIT);
        for number in expired.drain(..) {
            assert_eq!(number, fired, "not in the order of insertion");
            fired += 1;
        }
        calls += 1;
    }
    assert_eq!(fired + expired.len(), TIMERS);
    // A call that did more than its share would leave fewer calls.
    assert_eq!(calls, (4 * TIMERS).div_ceil(LIMIT));
}

/// Each fires in the call for its own tick, which never has more to do than the limit allows: nothing has to wait for the
/// others to be sorted.
#[test]
fn the_entries_of_a_full_slot_move_ahead_of_its_time() {
    const LIMIT: usize = 1024;
    for level in 1..=4 {
        let slot = 1_u64 << (6 * level);
        // Up to sixteen in a tick, in a slot after an empty one and in the next two.
        let timers = (slot * 3 * 16).min(150_000);
        let mut wheel = Wheel::new(0);
        for number in 0..timers {
            let when = 2 * slot + number * 3 * slot / timers;
            wheel.insert(when, when);
        }
        let mut expired = Vec::new();
        let mut calls = 0;
        while let Some(next) = wheel.next_deadline() {
            assert!(
                !wheel.advance(next, LIMIT, &mut expired),
                "a call for tick {next} has left some of it"
            );
            assert!(expired.drain(..).all(|when| when == next));
            calls += 1;
        }
        let ticks = timers.min(3 * slot);
        assert!(calls <= ticks + ticks / 2 + 10, "{calls} calls for {ticks} ticks");
    }
}

#[test]
fn what_is_inserted_in_the_middle_of_a_cascade_keeps_its_order() {
    let mut wheel = Wheel::new(0);
    for when in [70, 66, 64, 75] {
        wheel.insert(when, when);
    }
    let mut expired = Vec::new();
    assert!(wheel.advance(100, 2, &mut expired), "two of four moved");
    assert_eq!(wheel.elapsed(), 64);
    for when in [64, 65, 80, 3] {
        wheel.insert(when, when);
    }
    while wheel.advance(100, 1, &mut expired) {}
    // 3 had been reached when it was inserted, so it is due with 64.
    expired[..3].sort_unstable();
    assert_eq!(expired, [3, 64, 64, 65, 66, 70, 75, 80]);
}

#[test]
fn an_idle_timer_costs_few_needless_wake_ups() {
    let wake_ups = |timers: &[u64]| {
        let mut wheel = Wheel::new(0);
        for &when in timers {
            wheel.insert(when, ());
        }
        let mut expired = Vec::new();
        let mut calls = 0;
        while expired.is_empty() {
            let next = wheel.next_deadline().unwrap();
            assert!(!wheel.advance(next, PLENTY, &mut expired));
            calls += 1;
        }
        calls - 1
    };
    let far = RANGE - 1;
    assert_eq!(wake_ups(&[far]), 0, "alone in its slot");
    assert_eq!(wake_ups(&[far, far]), 5, "one per level");
    assert_eq!(wake_ups(&[RANGE, RANGE]), 0, "beyond the range");
}

/// It is a store. What it costs is one look when the slot it was in is over, however many resets there were.
#[test]
fn a_reset_to_later_leaves_the_entry_where_it_is() {
    let mut wheel = Wheel::new(0);
    let key = wheel.insert(10, "it");
    for later in [11, 500, 90_000, 5_000_000] {
        assert!(wheel.reset(key, later));
        assert_eq!(wheel.next_deadline(), Some(11), "linked anew for {later}");
    }
    let mut expired = Vec::new();
    assert!(!wheel.advance(11, PLENTY, &mut expired));
    assert_eq!(
        wheel.next_deadline(),
        Some(5_000_000),
        "looked into, it is where it belongs"
    );
    assert!(expired.is_empty());
    // To earlier it has to move.
    assert!(wheel.reset(key, 20));
    assert_eq!(wheel.next_deadline(), Some(20));
}

#[test]
fn a_deadline_thirty_days_ahead_is_waited_for() {
    let mut timers = Timers::new(Waker::noop().clone());
    let _entered = timers.handle().enter();
    let month = Duration::from_secs(30 * 24 * 60 * 60);
    let mut far = sleep(month);
    assert!(poll(&mut far, Waker::noop()).is_pending());
    let wait = timers.wait().expect("there is a deadline");
    assert!(wait > month / 2 && wait <= month + Duration::from_millis(1));
    let mut woken = Vec::new();
    assert!(!timers.advance(&mut woken));
    assert!(woken.is_empty());
}

#[test]
fn never_is_a_deadline() {
    let mut timers = Timers::new(Waker::noop().clone());
    let _entered = timers.handle().enter();
    let mut never = sleep(Duration::MAX);
    assert!(poll(&mut never, Waker::noop()).is_pending());
    assert!(
        timers
            .wait()
            .is_some_and(|wait| wait > Duration::from_secs(1 << 29))
    );
    let mut interval = interval(Duration::MAX);
    assert!(poll(&mut interval.tick(), Waker::noop()).is_ready());
    assert!(poll(&mut interval.tick(), Waker::noop()).is_pending());
}

#[test]
fn a_fraction_of_a_millisecond_does_not_spin() {
    let mut timers = Timers::new(Waker::noop().clone());
    let _entered = timers.handle().enter();
    let deadline = Instant::now() + Duration::from_micros(300);
    let mut short = sleep(Duration::from_micros(300));
    let mut polls = 1;
    let mut woken = Vec::new();
    while poll(&mut short, Waker::noop()).is_pending() {
        thread::sleep(timers.wait().expect("there is a deadline"));
        timers.advance(&mut woken);
        assert_eq!(woken.len(), 1, "the driver was told to wait for too short a time");
        polls += 1;
    }
    assert!(polls <= 3);
    assert!(Instant::now() >= deadline);
}
