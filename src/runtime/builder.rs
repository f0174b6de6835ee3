//! What a runtime can be told before it starts.

use std::fmt;
use std::io;
use std::panic::Location;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use reveille_executor::{Config, CurrentThread, MultiThread, PanicPolicy, SlowPoll};
use reveille_net::Resolver;
use reveille_net::names::Names;
use reveille_timer::Clock;

use super::{Executor, Handle, Runtime};
use crate::driver::{Driver, Waiting};
use crate::drivers::Drivers;
use crate::traced;

// BOOK: ch14
/// Builds a [`Runtime`].
///
/// # Examples
///
/// ```
/// use reveille::runtime::Builder;
///
/// # fn main() -> std::io::Result<()> {
/// let runtime = Builder::multi_thread().worker_threads(2).thread_name("my-worker").build()?;
/// assert_eq!(runtime.block_on(async { 42 }), 42);
/// # Ok(())
/// # }
/// ```
pub struct Builder {
    flavor: Flavor,
    workers: Option<usize>,
    config: Config,
    resolver: Option<Arc<dyn Resolver>>,
    start_paused: bool,
    timer_granularity: Duration,
    look_before_park: Duration,
}

#[derive(Debug)]
enum Flavor {
    CurrentThread,
    MultiThread,
}

impl Builder {
    /// A runtime whose tasks all run on the thread that is in its `block_on`.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille::runtime::Builder;
    /// use reveille::task::spawn_local;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = Builder::current_thread().build()?;
    /// let answer = runtime.block_on(async { spawn_local(async { 42 }).await.unwrap() });
    /// assert_eq!(answer, 42);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn current_thread() -> Self {
        Self::new(Flavor::CurrentThread)
    }

    /// A runtime whose tasks run on threads of its own, one for each processor if it is not told otherwise. Each has
    /// its own sockets and timers.
    ///
    /// See [`Builder`] for an example.
    #[track_caller]
    pub fn multi_thread() -> Self {
        Self::new(Flavor::MultiThread)
    }

    #[track_caller]
    fn new(flavor: Flavor) -> Self {
        Self {
            flavor,
            workers: None,
            config: Config::at(Location::caller()),
            resolver: None,
            start_paused: false,
            timer_granularity: MILLISECOND,
            look_before_park: Duration::ZERO,
        }
    }

    /// How many threads run tasks: by default one for each processor that this process may use. A current-thread
    /// runtime has none of its own, whatever is said here.
    ///
    /// See [`Builder`] for an example.
    ///
    /// # Panics
    ///
    /// If `count` is 0.
    #[track_caller]
    pub fn worker_threads(&mut self, count: usize) -> &mut Self {
        assert!(
            count > 0,
            "`worker_threads(0)` leaves nobody to run tasks; ask for at least one, or use `Builder::current_thread`"
        );
        self.workers = Some(count);
        self
    }

    /// The name of the threads that run tasks; `reveille-worker` by default.
    ///
    /// See [`Builder`] for an example.
    pub fn thread_name(&mut self, name: impl Into<String>) -> &mut Self {
        self.config.thread_name = name.into();
        self
    }

    /// The stack size of the runtime's threads, in bytes; what std gives a thread by default.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille::runtime::Builder;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = Builder::multi_thread().worker_threads(1).thread_stack_size(8 << 20).build()?;
    /// # drop(runtime);
    /// # Ok(())
    /// # }
    /// ```
    pub fn thread_stack_size(&mut self, bytes: usize) -> &mut Self {
        self.config.thread_stack_size = Some(bytes);
        self
    }

    /// Called on every thread of the runtime before it runs anything.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use reveille::runtime::Builder;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let (sender, receiver) = mpsc::channel();
    /// let stopped = sender.clone();
    /// let runtime = Builder::multi_thread()
    ///     .worker_threads(1)
    ///     .on_thread_start(move || sender.send("start").unwrap_or_default())
    ///     .on_thread_stop(move || stopped.send("stop").unwrap_or_default())
    ///     .build()?;
    /// drop(runtime);
    /// assert_eq!(receiver.recv().unwrap(), "start");
    /// assert_eq!(receiver.recv().unwrap(), "stop");
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_thread_start(&mut self, hook: impl Fn() + Send + Sync + 'static) -> &mut Self {
        self.config.on_thread_start = Some(Arc::new(hook));
        self
    }

    /// Called on every thread of the runtime before it ends.
    ///
    /// See [`on_thread_start`](Self::on_thread_start) for an example.
    pub fn on_thread_stop(&mut self, hook: impl Fn() + Send + Sync + 'static) -> &mut Self {
        self.config.on_thread_stop = Some(Arc::new(hook));
        self
    }

    /// Called on a worker's thread before it goes to sleep. It must not block.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use reveille::runtime::Builder;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let (sender, receiver) = mpsc::channel();
    /// let woke = sender.clone();
    /// let runtime = Builder::multi_thread()
    ///     .worker_threads(1)
    ///     .on_thread_park(move || sender.send("sleeps").unwrap_or_default())
    ///     .on_thread_unpark(move || woke.send("woke").unwrap_or_default())
    ///     .build()?;
    /// assert_eq!(receiver.recv().unwrap(), "sleeps");
    /// runtime.block_on(runtime.spawn(async {})).unwrap();
    /// assert_eq!(receiver.recv().unwrap(), "woke");
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_thread_park(&mut self, hook: impl Fn() + Send + Sync + 'static) -> &mut Self {
        self.config.on_thread_park = Some(Arc::new(hook));
        self
    }

    /// Called on a worker's thread after it slept. It must not block.
    ///
    /// See [`on_thread_park`](Self::on_thread_park) for an example.
    pub fn on_thread_unpark(&mut self, hook: impl Fn() + Send + Sync + 'static) -> &mut Self {
        self.config.on_thread_unpark = Some(Arc::new(hook));
        self
    }

    /// Called when a poll takes longer than the [threshold](Self::slow_poll_threshold), once for each poll: on a
    /// multi-thread runtime while it still does, from a thread that must not be blocked; on a current-thread runtime when it
    /// has ended, by the thread that polled. By default a line on stderr names the task.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use std::time::Duration;
    /// use reveille::runtime::Builder;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let (sender, receiver) = mpsc::channel();
    /// let runtime = Builder::multi_thread()
    ///     .worker_threads(1)
    ///     .slow_poll_threshold(Duration::from_millis(10))
    ///     .on_slow_poll(move |poll| sender.send(poll.spawned_at.line()).unwrap_or_default())
    ///     .build()?;
    /// // It blocks its worker until it has been reported.
    /// let line = line!() + 1;
    /// let task = runtime.spawn(async move { receiver.recv().unwrap() });
    /// assert_eq!(runtime.block_on(task).unwrap(), line);
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_slow_poll(&mut self, report: impl Fn(&SlowPoll) + Send + Sync + 'static) -> &mut Self {
        self.config.on_slow_poll = Some(Arc::new(report));
        self
    }

    /// How long a poll may take before it is reported: 100 ms by default.
    ///
    /// See [`on_slow_poll`](Self::on_slow_poll) for an example.
    pub fn slow_poll_threshold(&mut self, threshold: Duration) -> &mut Self {
        self.config.slow_poll_threshold = threshold;
        self
    }

    /// What a panic in a task does, besides ending the task: by default a line on stderr if nobody joins it.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille::runtime::{Builder, PanicPolicy};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = Builder::multi_thread().worker_threads(1).on_task_panic(PanicPolicy::Store).build()?;
    /// let task = runtime.spawn(async { panic!("seen by who joins") });
    /// assert!(runtime.block_on(task).unwrap_err().is_panic());
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_task_panic(&mut self, policy: PanicPolicy) -> &mut Self {
        self.config.panic_policy = policy;
        self
    }

    /// How many threads may run blocking jobs at once: 512 by default.
    ///
    /// # Panics
    ///
    /// If `count` is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use reveille::runtime::Builder;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = Builder::multi_thread()
    ///     .worker_threads(1)
    ///     .max_blocking_threads(4)
    ///     .thread_keep_alive(Duration::from_secs(60))
    ///     .build()?;
    /// assert_eq!(runtime.block_on(runtime.spawn_blocking(|| 7)).unwrap(), 7);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn max_blocking_threads(&mut self, count: usize) -> &mut Self {
        assert!(
            count > 0,
            "`max_blocking_threads(0)` leaves nobody to run blocking jobs; allow at least one"
        );
        self.config.max_blocking_threads = count;
        self
    }

    /// How long a thread of the blocking pool waits for a job before it ends: 10 s by default.
    ///
    /// See [`max_blocking_threads`](Self::max_blocking_threads) for an example.
    pub fn thread_keep_alive(&mut self, time: Duration) -> &mut Self {
        self.config.thread_keep_alive = time;
        self
    }

    /// Who looks up the names that [`connect`](crate::net::TcpStream::connect),
    /// [`lookup_host`](crate::net::lookup_host) and others are given on this runtime; the system's `getaddrinfo` by
    /// default. Addresses are taken as they are.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::future::{Future, ready};
    /// use std::io;
    /// use std::net::{Ipv4Addr, SocketAddr};
    /// use std::pin::Pin;
    ///
    /// use reveille::net::{Resolver, lookup_host};
    /// use reveille::runtime::Builder;
    ///
    /// /// Every name is this machine.
    /// struct AllMine;
    ///
    /// impl Resolver for AllMine {
    ///     fn resolve(
    ///         &self,
    ///         _host: &str,
    ///         port: u16,
    ///     ) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>> {
    ///         Box::pin(ready(Ok(vec![(Ipv4Addr::LOCALHOST, port).into()])))
    ///     }
    /// }
    ///
    /// # fn main() -> io::Result<()> {
    /// let runtime = Builder::current_thread().resolver(AllMine).build()?;
    /// let found = runtime.block_on(lookup_host("printer.example:631"))?;
    /// assert_eq!(found.collect::<Vec<_>>(), ["127.0.0.1:631".parse().unwrap()]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn resolver(&mut self, resolver: impl Resolver + 'static) -> &mut Self {
        self.resolver = Some(Arc::new(resolver));
        self
    }

    /// Whether the runtime's clock is [paused](crate::time::pause) from the beginning: time then moves on to the next deadline
    /// whenever nothing else is left to do, on one worker and on many. The clock stops at each deadline to the nanosecond.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use reveille::runtime::Builder;
    /// use reveille::time::{Instant, sleep};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = Builder::multi_thread().worker_threads(2).start_paused(true).build()?;
    /// runtime.block_on(async {
    ///     let start = Instant::now();
    ///     sleep(Duration::from_secs(3600)).await;
    ///     assert_eq!(start.elapsed(), Duration::from_secs(3600));
    /// });
    /// # Ok(())
    /// # }
    /// ```
    pub fn start_paused(&mut self, start_paused: bool) -> &mut Self {
        self.start_paused = start_paused;
        self
    }

    /// How late a timer may be on a machine that is idle, beside what the system takes to run a thread; a millisecond by
    /// default. It is never early.
    ///
    /// Less than that has its cost. On Linux a worker then waits in `ppoll`, which counts nanoseconds, and after that asks its
    /// `epoll` what has come: one more system call for each wait that a socket ends while a timer is set, so two for an
    /// echoed message's one. And timers are not gathered any more: those that would have shared one wake-up of the worker have one each. The
    /// system adds its own: Linux delays what a thread waits for by up to 50 µs (`PR_SET_TIMERSLACK`) and rounds to its own
    /// clock's resolution, macOS and FreeBSD are as precise by themselves, and Windows stays at its own tick of up to 15.6 ms.
    ///
    /// A runtime whose clock [stands from the beginning](Self::start_paused) counts nanoseconds in any case.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    /// use reveille::runtime::Builder;
    /// use reveille::time::sleep;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = Builder::current_thread().timer_granularity(Duration::from_micros(50)).build()?;
    /// let start = Instant::now();
    /// runtime.block_on(sleep(Duration::from_micros(200)));
    /// assert!(start.elapsed() >= Duration::from_micros(200));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// If it is less than a microsecond or more than a millisecond.
    #[track_caller]
    pub fn timer_granularity(&mut self, granularity: Duration) -> &mut Self {
        assert!(
            (Duration::from_micros(1)..=MILLISECOND).contains(&granularity),
            "`timer_granularity({granularity:?})` is none a runtime can have; ask for something from a microsecond to a \
             millisecond, which is the default"
        );
        self.timer_granularity = granularity;
        self
    }

    /// Lets a thread that is about to wait for sockets and timers look for `longest` at most before it lets itself be put to sleep.
    /// Zero, the default, is no look; 20 to 50 µs are about what it saves.
    ///
    /// To fall asleep and to be woken takes 20 µs and more where the processor halts meanwhile, on virtual machines above all. What
    /// comes while a thread looks is had without that: an answer within 20 µs makes a lone connection's round trip about half
    /// as long. The price is the processor time of looks in vain: up to `longest` each. So a thread looks only after four of its waits
    /// in a row have ended within `longest` and some 50 µs, stops after four looks in vain, and then takes twice as many such
    /// waits to try again, up to 1024. A runtime with nothing to do sleeps. On a machine with one processor, on which nobody can
    /// answer meanwhile, looks are in vain.
    ///
    /// A timer may be later by as much as a look takes, since the system counts what is left of a wait in whole milliseconds; an
    /// unpark ends a look.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use reveille::runtime::Builder;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let runtime = Builder::current_thread().look_before_park(Duration::from_micros(20)).build()?;
    /// assert_eq!(runtime.block_on(async { 42 }), 42);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// If it is more than a millisecond.
    #[track_caller]
    pub fn look_before_park(&mut self, longest: Duration) -> &mut Self {
        assert!(
            longest <= MILLISECOND,
            "`look_before_park({longest:?})` would keep a processor busy for nothing; what is to be won is some 50 µs a wait"
        );
        self.look_before_park = longest;
        self
    }

    /// Makes the runtime.
    ///
    /// See [`Builder`] for an example.
    ///
    /// # Errors
    ///
    /// What the system says when it refuses an epoll (or kqueue) instance or its waker, such as too many open files, or
    /// a thread. `InvalidInput` for a [`thread_name`](Self::thread_name) with a zero byte in it, and for more
    /// [`worker_threads`](Self::worker_threads) than a process can have descriptors for.
    pub fn build(&mut self) -> io::Result<Runtime> {
        traced::runtime_begins();
        match self.flavor {
            Flavor::CurrentThread => {
                let (mut driver, drivers) = Driver::several(1, self.names(), self.clock(), self.waiting())?;
                let driver = driver.pop().expect("one was asked for");
                let executor = CurrentThread::with_config(driver, &self.config(&drivers));
                let handle = Handle {
                    executor: executor.handle(),
                    drivers,
                };
                Ok(Runtime::new_with(Executor::CurrentThread(executor), handle))
            }
            Flavor::MultiThread => {
                let workers = match self.workers {
                    Some(workers) => workers,
                    None => thread::available_parallelism().map_or(1, usize::from),
                };
                let (parks, drivers) = Driver::several(workers, self.names(), self.clock(), self.waiting())?;
                let executor = MultiThread::new(parks, self.config(&drivers))?;
                let handle = Handle {
                    executor: executor.handle(),
                    drivers,
                };
                Ok(Runtime::new_with(Executor::MultiThread(executor), handle))
            }
        }
    }
}

/// What timers are rounded to if nobody asks for less: what the system's wait on Linux counts in.
const MILLISECOND: Duration = Duration::from_millis(1);

impl Builder {
    fn names(&self) -> Names {
        Names::new(self.resolver.clone())
    }

    fn clock(&self) -> Clock {
        if self.start_paused {
            Clock::new_paused()
        } else {
            Clock::with_granularity(self.timer_granularity)
        }
    }

    fn waiting(&self) -> Waiting {
        let look = Some(self.look_before_park).filter(|longest| !longest.is_zero());
        Waiting {
            // Waits that are rounded up to a millisecond are too long.
            precise: self.timer_granularity < MILLISECOND,
            look,
        }
    }

    /// The settings, with the runtime's sockets and timers current in blocking jobs too.
    fn config(&self, drivers: &Drivers) -> Config {
        let mut config = self.config.clone();
        config.on_quiescent = Some(drivers.virtual_time().clone());
        let drivers = drivers.clone();
        config.around_blocking = Some(Arc::new(move |work| {
            let _current = drivers.enter();
            work();
        }));
        config
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("flavor", &self.flavor)
            .field("worker_threads", &self.workers)
            .field("config", &self.config)
            .field("start_paused", &self.start_paused)
            .field("timer_granularity", &self.timer_granularity)
            .field("look_before_park", &self.look_before_park)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_looks_only_if_it_was_told_to() {
        let look = |longest| Builder::current_thread().look_before_park(longest).waiting().look;
        let longest = Duration::from_micros(20);
        assert_eq!(look(longest), Some(longest));
        assert_eq!(look(Duration::ZERO), None);
        assert_eq!(Builder::multi_thread().waiting().look, None);
    }
}
