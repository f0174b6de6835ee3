//! What something that waits costs: the growth of what is resident, per thing.

use std::future::pending;
use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::measure::{Figures, resident};
use crate::settings::size;
use crate::{Runtime, Timers, block_on};

/// Longer than any measurement.
const FAR: Duration = Duration::from_secs(3_600);

/// A task that waits for nothing that comes, and keeps a number.
pub(crate) fn of_a_task<R: Runtime>() -> Figures {
    of_each::<R>(|number| {
        R::detach(R::spawn(async move {
            pending::<()>().await;
            black_box(number);
        }));
    })
}

/// A task that sleeps, each until a moment of its own.
pub(crate) fn of_a_sleep<R: Timers>() -> Figures {
    let start = Instant::now();
    of_each::<R>(move |number| {
        let deadline = start + FAR + Duration::from_micros(number * 7);
        R::detach(R::spawn(async move { R::sleep_until(deadline).await }));
    })
}

/// Tells, and ends the process: nobody waits until a million tasks are cancelled.
fn of_each<R: Runtime>(start: impl Fn(u64)) -> Figures {
    let count = size(1_000_000);
    block_on::<R, _>(async {
        // A few first, so that what the runtime keeps once is there.
        (0..1_000).for_each(&start);
        R::spawn(async {}).await.expect("it does not panic");
        let before = resident();
        for number in 1_000..1_000 + count {
            start(number);
            // So that they wait, and not in the queue of what is to run, which would grow for them.
            if number % 100 == 0 {
                R::spawn(async {}).await.expect("it does not panic");
            }
        }
        let each = resident().saturating_sub(before) as f64 / count as f64;
        println!("rss_bytes {each:.3}");
        std::process::exit(0)
    })
}
