//! Many sleeps that end at random deadlines: whether any is early, how late they are, and what they cost.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::measure::{Figures, Stopwatch};
use crate::random::Random;
use crate::settings::size;
use crate::{Timers, block_on};

const MILLION: u64 = 1_000_000;
/// From the start to the first deadline: all are registered by then, also where that is slow.
const AHEAD: Duration = Duration::from_secs(2);
/// The deadlines of a million are anywhere in this.
const SPREAD: Duration = Duration::from_secs(4);
const SEED: u64 = 5;

/// A million, each in a task of its own.
pub(crate) fn in_a_task_each<R: Timers>() -> Figures {
    sleeps::<R, _>(MILLION, [AHEAD, SPREAD], each_in_a_task::<R>)
}

/// A hundred thousand in three seconds, each in a task of its own.
pub(crate) fn a_hundred_thousand<R: Timers>() -> Figures {
    let ahead = Duration::from_millis(200);
    sleeps::<R, _>(MILLION / 10, [ahead, Duration::from_secs(3)], each_in_a_task::<R>)
}

async fn each_in_a_task<R: Timers>(deadlines: Deadlines, lateness: &'static [AtomicU64]) {
    let tasks: Vec<_> = deadlines
        .zip(lateness)
        .map(|(deadline, lateness)| R::spawn(sleep::<R>(deadline, lateness)))
        .collect();
    for task in tasks {
        task.await.expect("it does not panic");
    }
}

/// All in one task, which waits for them by a `FuturesUnordered`. Without a budget: with its own, tokio had not come to an
/// end after six minutes of processor time.
pub(crate) fn in_one_task<R: Timers>() -> Figures {
    sleeps::<R, _>(MILLION, [AHEAD, SPREAD], |deadlines, lateness| async move {
        let task = R::spawn(R::unconstrained(async move {
            let sleeps = deadlines
                .zip(lateness)
                .map(|(deadline, lateness)| sleep::<R>(deadline, lateness));
            let mut sleeps: FuturesUnordered<_> = sleeps.collect();
            while let Some(()) = sleeps.next().await {}
        }));
        task.await.expect("it does not panic");
    })
}

async fn sleep<R: Timers>(deadline: Instant, lateness: &'static AtomicU64) {
    R::sleep_until(deadline).await;
    let now = Instant::now();
    let nanoseconds = match now.checked_duration_since(deadline) {
        Some(late) => late.as_nanos() as u64,
        None => EARLY,
    };
    lateness.store(nanoseconds, Ordering::Relaxed);
}

/// Stands for a sleep that ended before its deadline.
const EARLY: u64 = u64::MAX;

type Deadlines = Box<dyn Iterator<Item = Instant> + Send>;

fn sleeps<R: Timers, F: Future<Output = ()>>(
    count: u64,
    [ahead, spread]: [Duration; 2],
    run: impl FnOnce(Deadlines, &'static [AtomicU64]) -> F,
) -> Figures {
    let count = size(count);
    // This is the only measurement of the process. Every page is touched, so that none is when the time is taken.
    let lateness: &'static [AtomicU64] = (0..count).map(AtomicU64::new).collect::<Vec<_>>().leak();
    let mut figures = block_on::<R, _>(async {
        let mut random = Random::new(SEED);
        let first = Instant::now() + ahead;
        let deadlines = (0..count).map(move |_| first + random.below(spread));
        let stopwatch = Stopwatch::start();
        let cpu = move || stopwatch.processor_per_operation(count);
        let begun = R::spawn(async move {
            R::sleep_until(first).await;
            cpu()
        });
        run(Box::new(deadlines), lateness).await;
        let (before, all) = (begun.await.expect("it does not panic"), cpu());
        vec![
            ("cpu_ns", all),
            ("cpu_begin_ns", before),
            ("cpu_end_ns", all - before),
        ]
    });
    let mut lateness: Vec<u64> = lateness.iter().map(|each| each.load(Ordering::Relaxed)).collect();
    let early = lateness.iter().filter(|&&each| each == EARLY).count();
    lateness.retain(|&each| each != EARLY);
    lateness.sort_unstable();
    let microseconds = |part: f64| {
        let index = (lateness.len().saturating_sub(1) as f64 * part) as usize;
        lateness.get(index).map_or(0.0, |&each| each as f64 / 1e3)
    };
    figures.extend([
        ("early", early as f64),
        ("late_p50_us", microseconds(0.5)),
        ("late_p99_us", microseconds(0.99)),
        ("late_max_us", microseconds(1.0)),
    ]);
    figures
}
