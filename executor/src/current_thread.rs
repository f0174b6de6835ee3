//! The executor on one thread: who drives it, and the loop that does.

mod embedded;
mod metrics;
mod watch;

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::iter;
use std::panic::Location;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Waker;
use std::thread;
use std::time::{Duration, Instant};

use futures_task::waker_ref;
use reveille_context::event::{self, Event, Role};
use reveille_context::wake;

use crate::config::Config;
use crate::entry::Entry;
use crate::follow::down;
use crate::handle::Handle;
use crate::home::Home;
use crate::local::{self, EntryGuard, Flavor};
use crate::nested::NestedBlockOn;
use crate::pace::Pace;
use crate::park::{BROKEN_PARK, Park};
use crate::primitive::{Mutex, lock};
use crate::root::{BATCH, Root, keep_poll, run_batch};
use crate::shutdown_report::{ShutdownReport, wait_and_say};
use crate::task::Runnable;
use watch::Watch;

pub use embedded::{EmbedError, Embedded};

// BOOK: ch00, ch14
/// An executor whose tasks all run on one thread: that of the [`block_on`](Self::block_on) that drives it.
///
/// Several threads may be in `block_on` at once. One of them drives; each other polls its own future when that is
/// woken, and takes the driving over when it is free. Between two `block_on`s nothing runs. Dropping the executor
/// cancels its tasks.
///
/// # Examples
///
/// ```
/// use reveille_executor::{CurrentThread, ThreadPark, spawn};
///
/// let executor = CurrentThread::new(ThreadPark::new());
/// let answer = executor.block_on(async {
///     spawn(async { 42 }).await.unwrap()
/// });
/// assert_eq!(answer, 42);
/// ```
pub struct CurrentThread<P: Park> {
    home: Arc<Home>,
    /// Whether the drop waits for the blocking jobs.
    waits: bool,
    seat: Mutex<Seat<P>>,
}

/// The driver's seat.
struct Seat<P> {
    /// Taken by the thread that drives.
    core: Option<Box<Core<P>>>,
    /// Who took it for an embedded runtime, and keeps it between two calls.
    embedding: Option<Embedding>,
    /// Those who would drive. All are told when the seat is free: one alone may be busy with its own future for long.
    followers: Vec<Arc<Entry>>,
}

/// The thread that drives an embedded runtime.
struct Embedding {
    /// As [`local::address`] says.
    thread: usize,
    location: &'static Location<'static>,
}

/// What belongs to whoever drives.
struct Core<P> {
    park: P,
    /// The woken tasks, while nobody drives; else they are in the thread's own queue.
    queue: VecDeque<Runnable>,
    /// Reused by every turn.
    woken: Vec<Waker>,
    pace: Pace,
    watch: Watch,
    home: Arc<Home>,
}

/// How many mails are opened at a time. They may lead to nothing to run, while others lie behind them.
const MAIL: usize = if cfg!(loom) { 1 } else { 256 };

impl<P: Park> CurrentThread<P> {
    /// An executor that sleeps on `park`.
    ///
    /// See [`CurrentThread`] for an example.
    #[track_caller]
    pub fn new(park: P) -> Self {
        Self::with_config(park, &Config::default())
    }

    /// An executor that sleeps on `park`, with other settings than the default ones.
    ///
    /// See [`PanicPolicy`](crate::PanicPolicy) for an example.
    pub fn with_config(park: P, config: &Config) -> Self {
        event::emit(move || Event::RuntimeStart { workers: 1 });
        let home = Arc::new(Home::new(park.unparker(), config));
        Handle::current_thread(home.clone()).make_current_in_pool(config.around_blocking.clone());
        let core = Core {
            park,
            queue: VecDeque::new(),
            woken: Vec::new(),
            pace: Pace::default(),
            watch: Watch::new(config),
            home: home.clone(),
        };
        let seat = Seat {
            core: Some(Box::new(core)),
            embedding: None,
            followers: Vec::new(),
        };
        Self {
            home,
            waits: true,
            seat: Mutex::new(seat),
        }
    }

    /// A handle, to spawn from anywhere.
    ///
    /// See [`Handle`] for an example.
    pub fn handle(&self) -> Handle {
        Handle::current_thread(self.home.clone())
    }

    /// Runs `future` to its end on this thread, and the executor's tasks meanwhile. What was spawned with
    /// [`spawn_local`](crate::spawn_local) inside is cancelled before this returns; other tasks wait for the next
    /// `block_on`.
    ///
    /// # Panics
    ///
    /// If this thread is inside a `block_on` already: [`try_block_on`](Self::try_block_on) returns an error instead.
    /// A panic of `future` comes out here; one of a task does not.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_executor::{CurrentThread, ThreadPark};
    ///
    /// let executor = CurrentThread::new(ThreadPark::new());
    /// let mut log = Vec::new();
    /// // The future may borrow.
    /// executor.block_on(async { log.push("first") });
    /// executor.block_on(async { log.push("second") });
    /// assert_eq!(log, ["first", "second"]);
    /// ```
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        match self.try_block_on(future) {
            Ok(output) => output,
            Err(nested) => panic!("{nested}"),
        }
    }

    /// As [`block_on`](Self::block_on), but an error if this thread is inside a `block_on` already. The future is
    /// dropped unpolled then.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_executor::{CurrentThread, ThreadPark};
    ///
    /// let executor = CurrentThread::new(ThreadPark::new());
    /// executor.block_on(async {
    ///     let nested = executor.try_block_on(async {}).unwrap_err();
    ///     println!("{nested}");
    /// });
    /// ```
    #[track_caller]
    pub fn try_block_on<F: Future>(&self, future: F) -> Result<F::Output, NestedBlockOn> {
        let location = Location::caller();
        if let Some(outer) = local::entered_at() {
            return Err(NestedBlockOn::new(outer, location));
        }
        let in_blocking_code = self.handle().is_in_blocking_code();
        let entry = Entry::new(self.home.unparker().clone()).in_blocking_code(in_blocking_code);
        let entry = Arc::new(entry);
        let _registered = self.home.entries.register(&entry, &self.home.quiescence);
        let _runtime = self.handle().enter();
        let _entry = EntryGuard::new(entry.clone(), location, Flavor::CurrentThread);
        self.run(&entry, pin!(future), location)
            .map_err(|embedded| NestedBlockOn::embedded(embedded, location))
    }

    /// An error if this thread would wait for the seat that it has itself; where it took it.
    fn run<F: Future>(
        &self,
        entry: &Arc<Entry>,
        future: Pin<&mut F>,
        location: &'static Location<'static>,
    ) -> Result<F::Output, &'static Location<'static>> {
        let waker = waker_ref(entry);
        let mut root = Root::new(entry, &waker, future, location);
        let mut following = Following {
            seat: &self.seat,
            entry,
            asked: false,
        };
        loop {
            // Right before the park: user code below may use up the unpark that tells of a free seat or of the end (std's
            // channels do), so what it missed must be seen here.
            if let Some(core) = following.ask()? {
                drop(following);
                return Ok(Driving::start(self, core, entry).run(&mut root, location));
            }
            if self.home.is_down() {
                down();
            }
            if local::is_empty() && !entry.has_news() {
                entry.sleep(|| self.home.quiescence.have_a_look());
            }
            if let Some(output) = root.poll_if_woken() {
                return Ok(output);
            }
            run_batch();
            entry.receive();
        }
    }
}

impl<P: Park> CurrentThread<P> {
    /// Cancels the tasks, on this thread, and the blocking jobs that have not begun and are not
    /// [mandatory](Handle::spawn_mandatory_blocking_at), and waits until the other jobs have
    /// returned, at most for `timeout`; the report says which have not.
    ///
    /// On a thread that runs tasks this does not wait.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use reveille_executor::{CurrentThread, ThreadPark};
    ///
    /// let executor = CurrentThread::new(ThreadPark::new());
    /// let task = executor.handle().spawn(std::future::pending::<()>());
    /// let report = executor.shut_down(Duration::from_secs(5));
    /// assert!(report.is_complete(), "{report}");
    /// assert!(task.is_finished());
    /// ```
    pub fn shut_down(mut self, timeout: Duration) -> ShutdownReport {
        self.waits = false;
        self.cancel_all();
        if !local::runs_tasks() {
            self.home
                .blocking
                .wait_for_end(Instant::now().checked_add(timeout));
        }
        self.left()
    }

    /// As [`shut_down`](Self::shut_down), but waits for no job.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use reveille_executor::{CurrentThread, ThreadPark};
    ///
    /// let executor = CurrentThread::new(ThreadPark::new());
    /// let (release, blocked) = mpsc::channel::<()>();
    /// let _job = executor.handle().spawn_blocking(move || blocked.recv());
    /// // A drop would wait for the job.
    /// executor.shut_down_in_background();
    /// drop(release);
    /// ```
    pub fn shut_down_in_background(mut self) {
        self.waits = false;
    }

    fn left(&self) -> ShutdownReport {
        ShutdownReport {
            tasks: self.home.owned.list(),
            jobs: self.home.blocking.jobs(),
            threads: self.home.blocking.other_threads(),
        }
    }

    fn cancel_all(&mut self) {
        // No `block_on` borrows the executor any more, so the seat is free.
        let Some(mut core) = lock(&self.seat).core.take() else {
            // Somebody has forgotten an `Embedded`: its tasks are lost with it.
            self.home.owned.close();
            self.home.blocking.close();
            return;
        };
        // So that a destructor which spawns gets a cancelled task, not a panic.
        let _runtime = self.handle().enter();
        let Core {
            park, queue, woken, ..
        } = &mut *core;
        // A park that panics keeps no task.
        wake::contain(|| park.enter());
        let next_mail = || iter::from_fn(|| self.home.open_mail()).flatten().next();
        let pop = || queue.pop_front().or_else(next_mail);
        self.home.owned.cancel_all(pop, || {
            if !wake::contain(|| park.park(None, woken)) {
                thread::sleep(BROKEN_PARK);
            }
            wake::wake_all(woken);
        });
        self.home.blocking.close();
    }
}

impl<P: Park> Drop for CurrentThread<P> {
    fn drop(&mut self) {
        self.cancel_all();
        if self.waits && !local::runs_tasks() {
            let jobs = &self.home.blocking;
            wait_and_say(|deadline| jobs.wait_for_end(deadline), || self.left());
        }
        event::emit(move || Event::RuntimeStop);
    }
}

impl<P: Park> fmt::Debug for CurrentThread<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CurrentThread").finish_non_exhaustive()
    }
}

/// A thread that waits for the seat.
struct Following<'a, P: Park> {
    seat: &'a Mutex<Seat<P>>,
    entry: &'a Arc<Entry>,
    /// Whether it is among the seat's followers.
    asked: bool,
}

impl<P: Park> Following<'_, P> {
    /// Takes the seat if it is free; else this thread is unparked when it is. An error if this thread has it.
    fn ask(&mut self) -> Result<Option<Box<Core<P>>>, &'static Location<'static>> {
        let mut seat = lock(self.seat);
        if seat.core.is_none() && !self.asked {
            match &seat.embedding {
                Some(embedding) if embedding.thread == local::address() => return Err(embedding.location),
                _ => {}
            }
            seat.followers.push(self.entry.clone());
            self.asked = true;
        }
        Ok(seat.core.take())
    }
}

impl<P: Park> Drop for Following<'_, P> {
    fn drop(&mut self) {
        if self.asked {
            let mut seat = lock(self.seat);
            seat.followers
                .retain(|follower| !Arc::ptr_eq(follower, self.entry));
        }
    }
}

/// The thread drives while this lives.
struct Driving<'a, P: Park> {
    executor: &'a CurrentThread<P>,
    entry: &'a Arc<Entry>,
    /// `None` only while it is given back.
    core: Option<Box<Core<P>>>,
}

impl<'a, P: Park> Driving<'a, P> {
    fn start(executor: &'a CurrentThread<P>, mut core: Box<Core<P>>, entry: &'a Arc<Entry>) -> Self {
        event::emit(move || Event::Thread {
            role: Role::Worker(0),
        });
        local::start_driving(&executor.home, &mut core.queue);
        entry.set_driving(true);
        // Before any foreign code, which may panic: the guard gives the core back.
        let mut driving = Self {
            executor,
            entry,
            core: Some(core),
        };
        let core = driving.core.as_mut().expect("just given");
        core.rise();
        core.park.enter();
        driving
    }

    // BOOK: ch05
    /// The loop: the root, the mailboxes, a batch of tasks, and the park: to sleep if there is nothing to run, else
    /// when it is due.
    fn run<F: Future>(mut self, root: &mut Root<'_, F>, location: &'static Location<'static>) -> F::Output {
        let executor = self.executor;
        let core = self.core.as_mut().expect("it is given back in `drop`");
        loop {
            if executor.home.is_down() {
                executor.go_down(core, self.entry);
            }
            if self.entry.is_woken() {
                core.watch.note_root(root.id(), location);
            }
            if let Some(output) = root.poll_if_woken() {
                core.pace.count(1);
                // A runtime that is driven only by short `block_on`s must get to its tasks, sockets and timers too.
                if core.turn_is_due() {
                    core.turn();
                    executor.receive(self.entry);
                    core.run_batch();
                }
                return output;
            }
            if core.watch.is_due() {
                core.look();
            }
            // Before the batch: what another thread woke before the root yielded runs before the root goes on.
            executor.receive(self.entry);
            let ran = core.run_batch();
            core.pace.count(1 + ran);
            if local::is_empty() {
                // Again, since a park that returns at once costs more than a look.
                executor.receive(self.entry);
            }
            // The unpark of mail that is left may have been used up by the sleep before.
            if local::is_empty() && !self.entry.has_news() && !executor.home.has_mail() {
                if !core.finds_work_at_rest(self.entry) {
                    core.sleep(None);
                }
            } else if core.turn_is_due() {
                core.turn();
            }
        }
    }
}

impl<P: Park> Drop for Driving<'_, P> {
    fn drop(&mut self) {
        let Some(mut core) = self.core.take() else { return };
        core.rest();
        self.entry.set_driving(false);
        local::stop_driving(&mut core.queue);
        let mut seat = lock(&self.executor.seat);
        seat.core = Some(core);
        seat.embedding = None;
        let followers = seat.followers.clone();
        drop(seat);
        followers.iter().for_each(|follower| follower.unpark_follower());
    }
}

impl<P: Park> CurrentThread<P> {
    /// Moves what other threads woke into this thread's queue. Whether there was mail.
    #[inline(always)]
    fn receive(&self, entry: &Entry) -> bool {
        let has_mail = self.home.has_mail();
        if has_mail {
            // Bounded, since other threads may spawn faster than this one moves.
            iter::from_fn(|| self.home.open_mail())
                .take(MAIL)
                .flatten()
                .for_each(local::push);
        }
        entry.receive() || has_mail
    }
}

impl<P: Park> CurrentThread<P> {
    /// Cancels all tasks and panics, after a task's panic.
    #[cold]
    fn go_down(&self, core: &mut Core<P>, entry: &Entry) -> ! {
        // All of it: an unpark that was for mail behind what one look takes is used up by the next sleep.
        let pop = || {
            loop {
                self.receive(entry);
                match local::pop() {
                    None if self.home.has_mail() || entry.has_mail() => {}
                    next => return next,
                }
            }
        };
        self.home.owned.cancel_all(pop, || core.sleep(None));
        down()
    }
}

impl<P: Park> Core<P> {
    /// Runs up to [`BATCH`] tasks of this thread's queue; how many it were.
    fn run_batch(&mut self) -> u32 {
        let _around = keep_poll();
        let mut ran = 0;
        while ran < BATCH {
            let Some(task) = local::pop() else { break };
            self.watch.note(&task);
            let mut again = task.run();
            ran += 1;
            // One that is alone needs no queue in between.
            while let Some(task) = again {
                if ran == BATCH || self.watch.is_due() || !local::is_empty() {
                    local::push(task);
                    break;
                }
                self.watch.note_again();
                again = task.run();
                ran += 1;
            }
            if self.watch.is_due() {
                self.look();
            }
        }
        ran
    }

    /// Looks at the clock, and for a poll that took long.
    fn look(&mut self) {
        let polls = self.watch.look(Instant::now(), &self.home);
        self.home.polls.add(polls);
        self.home.queued.set(local::queued() as u64);
    }

    fn turn_is_due(&mut self) -> bool {
        if !self.pace.look_is_due() {
            return false;
        }
        if !self.watch.is_fresh() {
            self.look();
        }
        self.pace.look(self.watch.read_at())
    }

    /// It works from now on.
    fn rise(&mut self) {
        let now = Instant::now();
        self.home.counters.busy.begin(now);
        self.watch.wake_up(now);
    }

    /// It rests from now on.
    fn rest(&mut self) {
        self.look();
        self.home.counters.busy.end(self.watch.read_at());
    }

    /// With nothing to run: if somebody waits for the runtime to be at rest, looks whether it is. True if that led to
    /// something to run, so far as this thread knows.
    fn finds_work_at_rest(&mut self, entry: &Entry) -> bool {
        if !self.home.quiescence.is_awaited() {
            return false;
        }
        // What sockets have is work, too.
        self.turn();
        // On its own thread what that wakes unparks nobody.
        if local::is_empty() && !entry.has_news() {
            let _elsewhere = local::as_if_elsewhere();
            self.home.look_for_rest();
        }
        !local::is_empty() || entry.has_news()
    }

    fn sleep(&mut self, timeout: Option<Duration>) {
        self.rest();
        let elsewhere = local::as_if_elsewhere();
        event::emit(move || Event::Park { timeout });
        self.park.park(timeout, &mut self.woken);
        event::emit(move || Event::Unpark);
        drop(elsewhere);
        self.rise();
        if timeout != Some(Duration::ZERO) {
            self.home.counters.parks.add(1);
        }
        self.after_turn();
    }

    #[cold]
    fn turn(&mut self) {
        let elsewhere = local::as_if_elsewhere();
        self.park.turn(&mut self.woken);
        drop(elsewhere);
        // What that took is no poll's.
        self.watch.skip(Instant::now());
        self.after_turn();
    }

    fn after_turn(&mut self) {
        self.home.counters.turns.add(1);
        wake::wake_all(&mut self.woken);
        self.pace = Pace::default();
    }
}
