//! What a runtime has done so far, in numbers.

use std::fmt;
use std::time::Duration;

use crate::blocking::PoolMetrics;

/// The numbers of a runtime at one moment, or between two ([`since`](Self::since)).
///
/// They are always counted. Counters only rise; they are taken one after the other while the runtime goes on, so that
/// they may differ by what happens meanwhile.
///
/// # Examples
///
/// ```
/// use reveille_executor::{CurrentThread, ThreadPark, spawn, yield_now};
///
/// let executor = CurrentThread::new(ThreadPark::new());
/// let before = executor.handle().metrics();
/// executor.block_on(async {
///     spawn(async {
///         for _ in 0..9 {
///             yield_now().await;
///         }
///     })
///     .await
///     .unwrap()
/// });
/// let metrics = executor.handle().metrics().since(&before);
/// assert_eq!(metrics.tasks_spawned, 1);
/// assert_eq!(metrics.tasks_alive, 0);
/// assert_eq!(metrics.workers[0].polls, 10);
/// assert!(metrics.workers[0].busy <= metrics.elapsed);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metrics {
    /// Since the runtime was made, or since the earlier moment.
    pub elapsed: Duration,
    /// Of each worker. A current-thread runtime has one: whichever thread drives it.
    pub workers: Vec<WorkerMetrics>,
    /// Tasks that wait for any worker; on a current-thread runtime, the mails of those that other threads
    /// woke.
    pub injector_depth: usize,
    /// Tasks that were spawned and are not complete, local ones included.
    pub tasks_alive: usize,
    /// Tasks that were spawned, local ones included. All but those that are alive have ended.
    pub tasks_spawned: u64,
    /// How long tasks lay in queues, from the wake (or spawn) to the poll, for a sample of them: each thread notes one in
    /// 127 of the tasks that it queues, local ones excepted.
    pub schedule_latency: LatencyHistogram,
    /// Of the blocking pool.
    pub blocking: BlockingMetrics,
}

impl Metrics {
    /// What happened since an `earlier` snapshot of the same runtime: the difference of all counters. What is a state and
    /// not a counter (the depths of queues, the tasks alive, the threads) stays as it is here, and so does
    /// [`queue_latency_max`](BlockingMetrics::queue_latency_max).
    ///
    /// See [`Metrics`] for an example.
    #[must_use = "this changes nothing, it returns the difference"]
    pub fn since(&self, earlier: &Self) -> Self {
        let workers = self.workers.iter().enumerate();
        let workers = workers.map(|(index, worker)| match earlier.workers.get(index) {
            Some(earlier) => worker.since(earlier),
            None => worker.clone(),
        });
        Self {
            elapsed: self.elapsed.saturating_sub(earlier.elapsed),
            workers: workers.collect(),
            injector_depth: self.injector_depth,
            tasks_alive: self.tasks_alive,
            tasks_spawned: self.tasks_spawned.saturating_sub(earlier.tasks_spawned),
            schedule_latency: self.schedule_latency.since(&earlier.schedule_latency),
            blocking: self.blocking.since(&earlier.blocking),
        }
    }

    /// How many tasks have ended: completed, panicked or cancelled. Of a difference: how many more are alive than
    /// were spawned in between counts for nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_executor::{CurrentThread, ThreadPark, spawn};
    ///
    /// let executor = CurrentThread::new(ThreadPark::new());
    /// drop(executor.handle().spawn(std::future::pending::<()>()));
    /// executor.block_on(async { spawn(async {}).await.unwrap() });
    /// let metrics = executor.handle().metrics();
    /// assert_eq!((metrics.tasks_spawned, metrics.tasks_ended()), (2, 1));
    /// ```
    pub fn tasks_ended(&self) -> u64 {
        self.tasks_spawned.saturating_sub(self.tasks_alive as u64)
    }
}

/// The numbers of one worker.
///
/// See [`Metrics`] for an example.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerMetrics {
    /// How many polls of tasks have begun. A task that was aborted while it was queued counts once more, when its turn
    /// comes and it is dropped. The future of a `block_on` is not a task. A current-thread runtime counts after every 32
    /// polls and when it sleeps or returns.
    pub polls: u64,
    /// For how long it has not been parked, until now: it polled, looked for work, or looked at sockets and timers.
    pub busy: Duration,
    /// How often it went to sleep.
    pub parks: u64,
    /// How often it took tasks from another worker.
    pub steals: u64,
    /// Tasks that wait for this worker, its thread's local ones excepted (on a current-thread runtime included). Read
    /// from another thread, a current-thread runtime's is as of some polls ago.
    pub queue_depth: usize,
    /// How often it looked at its sockets and timers: whenever it slept, and in between.
    pub driver_turns: u64,
}

impl WorkerMetrics {
    fn since(&self, earlier: &Self) -> Self {
        Self {
            polls: self.polls.saturating_sub(earlier.polls),
            busy: self.busy.saturating_sub(earlier.busy),
            parks: self.parks.saturating_sub(earlier.parks),
            steals: self.steals.saturating_sub(earlier.steals),
            queue_depth: self.queue_depth,
            driver_turns: self.driver_turns.saturating_sub(earlier.driver_turns),
        }
    }
}

/// The numbers of a runtime's blocking pool.
///
/// # Examples
///
/// ```
/// use reveille_executor::{CurrentThread, ThreadPark, spawn_blocking};
///
/// let executor = CurrentThread::new(ThreadPark::new());
/// executor.block_on(async { spawn_blocking(|| {}).await.unwrap() });
/// let blocking = executor.handle().metrics().blocking;
/// assert_eq!(blocking.jobs_run, 1);
/// assert_eq!(blocking.queue_latency_total, blocking.queue_latency_max);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BlockingMetrics {
    /// Its threads.
    pub threads: usize,
    /// Those that wait for a job.
    pub idle_threads: usize,
    /// Jobs that no thread has begun.
    pub queue_depth: usize,
    /// Jobs that a thread has begun.
    pub jobs_run: u64,
    /// For how long those had been queued, all together.
    pub queue_latency_total: Duration,
    /// For how long the one of them that waited longest had been queued.
    pub queue_latency_max: Duration,
}

impl BlockingMetrics {
    fn since(&self, earlier: &Self) -> Self {
        Self {
            jobs_run: self.jobs_run.saturating_sub(earlier.jobs_run),
            queue_latency_total: self
                .queue_latency_total
                .saturating_sub(earlier.queue_latency_total),
            ..self.clone()
        }
    }
}

impl From<PoolMetrics> for BlockingMetrics {
    fn from(pool: PoolMetrics) -> Self {
        Self {
            threads: pool.threads,
            idle_threads: pool.idle_threads,
            queue_depth: pool.queue_depth,
            jobs_run: pool.jobs_begun,
            queue_latency_total: pool.queue_latency_total,
            queue_latency_max: pool.queue_latency_max,
        }
    }
}

/// How many buckets a histogram has: the last one takes everything from 137 s on.
pub(crate) const LATENCY_BUCKETS: usize = 39;

/// How often something took how long, in buckets each of which reaches twice as far as the one before.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reveille_executor::{CurrentThread, ThreadPark, spawn, yield_now};
///
/// let executor = CurrentThread::new(ThreadPark::new());
/// executor.block_on(async {
///     for _ in 0..1000 {
///         spawn(async {}).await.unwrap();
///     }
/// });
/// let latency = executor.handle().metrics().schedule_latency;
/// assert!(latency.count() >= 7, "one in 127");
/// println!("99 in 100 tasks lay in the queue for less than {:?}", latency.quantile(0.99));
/// for (bucket, count) in latency.buckets().filter(|(_, count)| *count > 0) {
///     println!("{count:8} below {:?}", bucket.end);
/// }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct LatencyHistogram {
    counts: [u64; LATENCY_BUCKETS],
}

impl LatencyHistogram {
    /// Each bucket, by the times that it takes (the end excluded), and what is in it. The last one takes longer times
    /// too.
    ///
    /// See [`LatencyHistogram`] for an example.
    pub fn buckets(&self) -> impl Iterator<Item = (std::ops::Range<Duration>, u64)> + '_ {
        let counts = self.counts.iter().enumerate();
        counts.map(|(bucket, count)| (Self::start(bucket)..Self::start(bucket + 1), *count))
    }

    /// What is in all buckets together.
    ///
    /// See [`LatencyHistogram`] for an example.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// A time that so great a part (0 to 1) of all was below: the end of the bucket in which that falls. `None` if
    /// nothing was counted.
    ///
    /// See [`LatencyHistogram`] for an example.
    pub fn quantile(&self, part: f64) -> Option<Duration> {
        let total = self.count();
        let wanted = (total as f64 * part.clamp(0.0, 1.0)).ceil().max(1.0) as u64;
        let mut seen = 0;
        let bucket = self.counts.iter().position(|count| {
            seen += count;
            seen >= wanted
        })?;
        Some(Self::start(bucket + 1))
    }

    /// What was counted since an `earlier` snapshot.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_executor::{CurrentThread, ThreadPark};
    ///
    /// let executor = CurrentThread::new(ThreadPark::new());
    /// let before = executor.handle().metrics().schedule_latency;
    /// // Nothing happens in between.
    /// let latency = executor.handle().metrics().schedule_latency.since(&before);
    /// assert_eq!(latency.count(), 0);
    /// ```
    #[must_use = "this changes nothing, it returns the difference"]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            counts: std::array::from_fn(|bucket| self.counts[bucket].saturating_sub(earlier.counts[bucket])),
        }
    }

    /// The bucket for that time.
    pub(crate) fn bucket(time: Duration) -> usize {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        ((u64::BITS - nanos.leading_zeros()) as usize).min(LATENCY_BUCKETS - 1)
    }

    /// The shortest time in a bucket: 0, 1, 2, 4, 8 and so on, in nanoseconds.
    fn start(bucket: usize) -> Duration {
        Duration::from_nanos((1 << bucket) >> 1)
    }
}

impl From<[u64; LATENCY_BUCKETS]> for LatencyHistogram {
    fn from(counts: [u64; LATENCY_BUCKETS]) -> Self {
        Self { counts }
    }
}

impl fmt::Debug for LatencyHistogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let filled = self.buckets().filter(|(_, count)| *count > 0);
        f.debug_map()
            .entries(filled.map(|(bucket, count)| (bucket.start, count)))
            .finish()
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_in_the_bucket_that_says_so() {
        let histogram = LatencyHistogram::from([0; LATENCY_BUCKETS]);
        for nanos in (0..40).flat_map(|power| [(1_u64 << power) - 1, 1 << power, (1 << power) + 1]) {
            let time = Duration::from_nanos(nanos);
            let bucket = LatencyHistogram::bucket(time);
            let (range, _) = histogram.buckets().nth(bucket).unwrap();
            let is_last = bucket == LATENCY_BUCKETS - 1;
            assert!(
                range.contains(&time) || is_last && time >= range.end,
                "{time:?} in {range:?}"
            );
        }
    }

    #[test]
    fn a_quantile_is_the_end_of_its_bucket() {
        let mut counts = [0; LATENCY_BUCKETS];
        counts[LatencyHistogram::bucket(Duration::from_nanos(100))] = 90;
        counts[LatencyHistogram::bucket(Duration::from_micros(100))] = 10;
        let histogram = LatencyHistogram::from(counts);
        assert_eq!(histogram.quantile(0.0), Some(Duration::from_nanos(128)));
        assert_eq!(histogram.quantile(0.9), Some(Duration::from_nanos(128)));
        assert_eq!(histogram.quantile(0.91), Some(Duration::from_nanos(131_072)));
        assert_eq!(histogram.quantile(1.0), Some(Duration::from_nanos(131_072)));
        assert_eq!(LatencyHistogram::from([0; LATENCY_BUCKETS]).quantile(0.5), None);
    }

    #[test]
    fn a_difference_keeps_states_and_subtracts_counters() {
        let metrics = |polls, depth| Metrics {
            elapsed: Duration::from_secs(polls),
            workers: vec![WorkerMetrics {
                polls,
                queue_depth: depth,
                ..WorkerMetrics::default()
            }],
            injector_depth: depth,
            tasks_alive: depth,
            tasks_spawned: polls,
            schedule_latency: LatencyHistogram::from([polls; LATENCY_BUCKETS]),
            blocking: BlockingMetrics {
                jobs_run: polls,
                queue_depth: depth,
                ..BlockingMetrics::default()
            },
        };
        assert_eq!(metrics(7, 4).since(&metrics(2, 9)), metrics(5, 4));
    }
}
