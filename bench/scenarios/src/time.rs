//! Timers that never fire, which is what most timers do.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use crate::Timers;
use crate::measure::Figures;
use crate::settings::repeats;
use crate::tasks::{in_tasks, wake_itself_once};

const FAR: Duration = Duration::from_secs(30);

/// A timeout around a future that is pending once, in so many tasks. Per timeout.
pub(crate) fn timeout_unfired<R: Timers>(tasks: u64) -> Figures {
    in_tasks::<R, _>(tasks, repeats(2_000_000).max(tasks * 10), |each| async move {
        for _ in 0..each {
            R::timeout(FAR, wake_itself_once())
                .await
                .expect("thirty seconds are not over");
        }
    })
}

/// Ten thousand tasks, each of which sleeps for 1 to 10 ms twenty times. Per sleep.
pub(crate) fn short_sleeps<R: Timers>() -> Figures {
    const TASKS: u64 = 10_000;
    in_tasks::<R, _>(TASKS, repeats(20) * TASKS, |each| async move {
        for number in 0..each {
            R::sleep(Duration::from_micros(1_000 + number * 7_919 % 9_000)).await;
        }
    })
}

/// A sleep that is made, polled once so that it is registered, and dropped. Per sleep.
///
/// Another task sleeps until an earlier deadline meanwhile, as in most programs: where no timer is left, each new one is
/// the earliest, for which tokio writes to its eventfd.
pub(crate) fn sleep_dropped<R: Timers>() -> Figures {
    in_tasks::<R, _>(1, repeats(2_000_000), |each| async move {
        let earlier = R::spawn(R::sleep(FAR / 2));
        for number in 0..each {
            // Both runtimes let a task complete 128 operations in one poll; without a fresh budget a sleep is pending
            // because the budget is spent, and is not registered at all.
            if number % 64 == 0 {
                wake_itself_once().await;
            }
            let mut sleep = pin!(R::sleep(FAR));
            poll_fn(|context| {
                assert!(sleep.as_mut().poll(context).is_pending());
                Poll::Ready(())
            })
            .await;
        }
        drop(earlier);
    })
}
