//! Between async and blocking code: `block_on`, and the pool of threads that may block.

use std::hint::black_box;

use crate::Runtime;
use crate::measure::{Figures, Stopwatch};
use crate::settings::{repeats, workers};
use crate::tasks::in_tasks;

/// `block_on` of a ready future, time after time in one runtime. Per call.
pub(crate) fn block_on_ready<R: Runtime>() -> Figures {
    let count = repeats(1_000_000);
    let mut figures = Figures::new();
    R::block_on_repeatedly(workers(), |block_on_ready| {
        (0..count / 10).for_each(|_| block_on_ready());
        let stopwatch = Stopwatch::start();
        (0..count).for_each(|_| block_on_ready());
        figures = stopwatch.per_operation(count);
    });
    figures
}

/// A job that returns at once, run on the blocking pool and waited for, one after the other. Per job.
pub(crate) fn round_trip<R: Runtime>() -> Figures {
    in_tasks::<R, _>(1, repeats(50_000).max(10), |each| async move {
        for number in 0..each {
            assert_eq!(R::spawn_blocking(move || black_box(number)).await, number);
        }
    })
}
