//! The beat of an interval, and what becomes of ticks that nobody came for. Late ticks need no waiting: an interval
//! may start in the past.

use std::task::{Poll, Waker};

use reveille_timer::{Duration, Instant, Interval, MissedTickBehavior, interval, interval_at};

mod probe;

use probe::{poll, watchdog};

const PERIOD: Duration = Duration::from_secs(1);

/// An interval whose first tick was due a while ago.
fn late_by(late: Duration, behavior: MissedTickBehavior) -> (Interval, Instant) {
    let start = Instant::now() - late;
    let mut interval = interval_at(start, PERIOD);
    interval.set_missed_tick_behavior(behavior);
    assert_eq!(interval.missed_tick_behavior(), behavior);
    (interval, start)
}

fn tick(interval: &mut Interval) -> Option<Instant> {
    match poll(&mut interval.tick(), Waker::noop()) {
        Poll::Ready(due) => Some(due),
        Poll::Pending => None,
    }
}

#[test]
fn the_first_tick_comes_at_once_and_the_others_keep_the_beat() {
    watchdog(|| {
        let period = Duration::from_millis(2);
        let mut interval = interval(period);
        assert_eq!(interval.period(), period);
        pollster::block_on(async {
            let start = interval.tick().await;
            for beat in 1..5 {
                assert_eq!(interval.tick().await, start + beat * period);
                assert!(Instant::now() >= start + beat * period, "early");
            }
        });
    });
}

#[test]
fn burst_makes_up_for_every_missed_tick() {
    let (mut interval, start) = late_by(PERIOD * 7 / 2, MissedTickBehavior::Burst);
    for beat in 0..4 {
        assert_eq!(tick(&mut interval), Some(start + beat * PERIOD));
    }
    assert_eq!(tick(&mut interval), None);
}

#[test]
fn delay_starts_a_new_beat() {
    let (mut interval, start) = late_by(PERIOD * 7 / 2, MissedTickBehavior::Delay);
    let before = Instant::now();
    assert_eq!(tick(&mut interval), Some(start));
    assert_eq!(tick(&mut interval), None);
    interval.reset_at(before);
    assert_eq!(tick(&mut interval), Some(before), "a reset counts, not the beat");
}

#[test]
fn skip_leaves_the_missed_ticks_out() {
    let (mut interval, start) = late_by(PERIOD * 7 / 2, MissedTickBehavior::Skip);
    assert_eq!(tick(&mut interval), Some(start));
    assert_eq!(tick(&mut interval), None);
}

#[test]
fn a_tick_that_is_dropped_is_not_lost() {
    watchdog(|| {
        let (start, mut interval) = loop {
            let start = Instant::now() + Duration::from_millis(20);
            let mut interval = interval_at(start, PERIOD);
            // It is ready if the machine stalled.
            if tick(&mut interval).is_none() {
                break (start, interval);
            }
        };
        assert_eq!(pollster::block_on(interval.tick()), start);
    });
}

#[test]
fn a_reset_counts_from_now() {
    let mut interval = interval(PERIOD);
    assert!(tick(&mut interval).is_some());
    interval.reset_immediately();
    assert!(tick(&mut interval).is_some());
    interval.reset_after(PERIOD);
    assert_eq!(tick(&mut interval), None);
    interval.reset();
    assert_eq!(tick(&mut interval), None);
}

#[test]
#[should_panic(expected = "the period of an interval is zero; give it a positive one")]
fn a_period_of_zero_panics() {
    let _ = interval(Duration::ZERO);
}

#[test]
fn the_panic_names_the_caller() {
    let line = std::sync::Arc::new(std::sync::Mutex::new(None));
    let seen = line.clone();
    let thread = std::thread::Builder::new().name("panics".into());
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().name() == Some("panics") {
            *seen.lock().unwrap() = info
                .location()
                .map(|location| (location.file().to_owned(), location.line()));
        } else {
            usual(info);
        }
    }));
    let panicked = thread.spawn(|| drop(interval(Duration::ZERO))).unwrap().join();
    assert!(panicked.is_err());
    let (file, line) = line.lock().unwrap().take().unwrap();
    assert!(
        file.ends_with("interval.rs") && file.contains("tests"),
        "{file}:{line}"
    );
}

#[test]
fn the_ticks_that_were_missed_are_counted_whatever_becomes_of_them() {
    for behavior in [
        MissedTickBehavior::Burst,
        MissedTickBehavior::Skip,
        MissedTickBehavior::Delay,
    ] {
        let (mut interval, _) = late_by(PERIOD * 7 / 2, behavior);
        assert_eq!(interval.missed(), 0, "no tick yet");
        assert!(tick(&mut interval).is_some());
        assert_eq!(interval.missed(), 3);
        if behavior == MissedTickBehavior::Burst {
            assert!(tick(&mut interval).is_some());
            assert_eq!(interval.missed(), 2);
        }
    }
}
