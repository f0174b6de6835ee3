//! A million timeouts that never run out, cancelled where they were made and elsewhere.
//!
//! The worker that makes them and the one that drops them do nothing else, so that they are two: each is blocked in one poll
//! of a task.

use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Barrier};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use crate::measure::{Figures, Stopwatch};
use crate::settings::size;
use crate::{Timers, block_on};

const BATCH: u64 = 1_000;
const FAR: Duration = Duration::from_secs(30);

/// All made and polled, then all dropped, in the same order, by one task. Per timeout.
pub(crate) fn on_the_same_worker<R: Timers>() -> Figures {
    let count = size(1_000_000);
    block_on::<R, _>(async {
        let earlier = R::spawn(R::sleep(FAR / 2));
        let task = R::spawn(R::unconstrained(async move {
            drop(polled(count / 10, timeout::<R>).await);
            let stopwatch = Stopwatch::start();
            let timeouts = polled(count, timeout::<R>).await;
            let made = stopwatch.processor_per_operation(count);
            drop(timeouts);
            let all = stopwatch.processor_per_operation(count);
            vec![
                ("cpu_ns", all),
                ("cpu_make_ns", made),
                ("cpu_cancel_ns", all - made),
            ]
        }));
        let figures = task.await.expect("it does not panic");
        drop(earlier);
        figures
    })
}

/// Made and polled on one worker while another drops those made before. Per timeout.
pub(crate) fn dropped_on_another_worker<R: Timers>() -> Figures {
    on_two_workers::<R, _>(timeout::<R>, drop)
}

/// Sleeps made and polled on one worker while another sets those made before to a later, then to an earlier deadline, and
/// drops them. Per sleep.
pub(crate) fn reset_on_another_worker<R: Timers>() -> Figures {
    let sleep = || Box::pin(R::sleep_until(Instant::now() + FAR));
    on_two_workers::<R, _>(sleep, |mut sleep| {
        let now = Instant::now();
        R::reset(sleep.as_mut(), now + FAR * 2);
        R::reset(sleep.as_mut(), now + FAR / 3 * 2);
    })
}

fn timeout<R: Timers>() -> Pin<Box<dyn Future<Output = Option<()>> + Send>> {
    Box::pin(R::timeout(FAR, pending()))
}

/// So many futures, each polled once.
async fn polled<F: Future + Unpin>(count: u64, make: impl Fn() -> F) -> Vec<F> {
    poll_fn(|context| {
        let futures = (0..count).map(|_| {
            let mut future = make();
            assert!(Pin::new(&mut future).poll(context).is_pending());
            future
        });
        Poll::Ready(futures.collect())
    })
    .await
}

fn on_two_workers<R: Timers, F: Future + Unpin + Send + 'static>(
    make: impl Fn() -> F + Copy + Send + Sync + 'static,
    end: impl Fn(F) + Copy + Send + Sync + 'static,
) -> Figures {
    let round = async move |count: u64| {
        let (sender, receiver) = sync_channel(4);
        let both_run = Arc::new(Barrier::new(2));
        let maker = R::spawn(R::unconstrained(make_batches(
            count,
            make,
            sender,
            both_run.clone(),
        )));
        let ender = R::spawn(async move { end_batches(&receiver, end, &both_run) });
        maker.await.expect("it does not panic");
        ender.await.expect("it does not panic");
    };
    let count = size(1_000_000).next_multiple_of(BATCH);
    block_on::<R, _>(async {
        let earlier = R::spawn(R::sleep(FAR / 2));
        round(count / 10).await;
        let stopwatch = Stopwatch::start();
        round(count).await;
        let figures = stopwatch.per_operation(count);
        drop(earlier);
        figures
    })
}

type Batch<F> = (thread::ThreadId, Vec<F>);

async fn make_batches<F: Future + Unpin>(
    count: u64,
    make: impl Fn() -> F + Copy,
    sender: SyncSender<Batch<F>>,
    both_run: Arc<Barrier>,
) {
    both_run.wait();
    for _ in 0..count / BATCH {
        let batch = (thread::current().id(), polled(BATCH, make).await);
        sender.send(batch).expect("they are taken");
    }
}

fn end_batches<F>(receiver: &Receiver<Batch<F>>, end: impl Fn(F), both_run: &Barrier) {
    both_run.wait();
    for (made_on, batch) in receiver {
        assert_ne!(
            made_on,
            thread::current().id(),
            "the other worker is blocked by its task"
        );
        batch.into_iter().for_each(&end);
    }
}
