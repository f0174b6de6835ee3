//! The threads of a runtime: who is still there, and whether they are to end.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use super::shared::Shared;
use super::worker::Worker;
use crate::config::Hook;
use crate::entries::Entries;
use crate::entry::Entry;
use crate::handle::Handle;
use crate::local::{self, EntryGuard, Flavor};
use crate::primitive::{
    AtomicBool, Condvar, JoinHandle, Mutex, Ordering, join_thread, lock, spawn_thread, wait, wait_until,
};
use reveille_context::wake;

/// The workers' threads and the monitor's.
pub(super) struct Threads {
    closing: AtomicBool,
    /// Whether a task's panic is why.
    panicked: AtomicBool,
    /// Of those that run tasks, and those that are in the runtime's `block_on`.
    pub(super) entries: Entries,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Threads that were started and have not ended.
    alive: usize,
    handles: Vec<JoinHandle<()>>,
    /// Workers' own threads that have ever begun to run tasks.
    started: usize,
}

impl Threads {
    pub(super) fn new() -> Self {
        Self {
            closing: AtomicBool::new(false),
            panicked: AtomicBool::new(false),
            entries: Entries::default(),
            state: Mutex::new(State::default()),
            changed: Condvar::new(),
        }
    }

    /// Whether the runtime shuts down.
    #[inline]
    pub(super) fn is_closing(&self) -> bool {
        // Relaxed: who sleeps is unparked after it was set.
        self.closing.load(Ordering::Relaxed)
    }

    /// The runtime shuts down from now on. False if it does already.
    pub(super) fn close(&self) -> bool {
        // Relaxed: the tables were closed under their locks before. Who sees the flag and then locks one finds it closed,
        // since it read the flag before it locked.
        !self.closing.swap(true, Ordering::Relaxed)
    }

    /// A task's panic shuts the runtime down, by the policy; those in `block_on` are told.
    pub(super) fn note_panic(&self) {
        // Relaxed: they are unparked after it was set.
        self.panicked.store(true, Ordering::Relaxed);
    }

    /// Whether a task's panic shut the runtime down.
    pub(super) fn has_panicked(&self) -> bool {
        self.panicked.load(Ordering::Relaxed)
    }

    /// A worker's own thread has begun to run tasks.
    fn note_start(&self) {
        lock(&self.state).started += 1;
        self.changed.notify_all();
    }

    /// Waits until that many threads have begun to run tasks. One whose driver panics at once may have ended again.
    pub(super) fn wait_for_start(&self, count: usize) {
        let mut state = lock(&self.state);
        while state.started < count {
            state = wait(&self.changed, state);
        }
    }

    /// Waits until every thread has ended, or the deadline has passed. Whether they have.
    pub(super) fn wait_for_end(&self, deadline: Option<Instant>) -> bool {
        let mut state = lock(&self.state);
        while state.alive > 0 {
            state = match deadline {
                None => wait(&self.changed, state),
                Some(deadline) => match wait_until(&self.changed, state, deadline) {
                    Ok(state) => state,
                    Err(state) if state.alive > 0 => return false,
                    Err(state) => state,
                },
            };
        }
        // They have all but ended: what may still run is what somebody else left in their thread-locals, or in a report
        // of the monitor's, for which a deadline does not wait.
        if deadline.is_none() {
            let handles = std::mem::take(&mut state.handles);
            drop(state);
            handles.into_iter().for_each(join_thread);
        }
        true
    }

    /// How many workers' threads have not ended.
    pub(super) fn alive(&self) -> usize {
        lock(&self.state).alive
    }

    /// Starts a thread, which counts until it ends.
    fn start(
        &self,
        shared: &Arc<Shared>,
        name: &str,
        main: impl FnOnce(&Arc<Shared>) + Send + 'static,
    ) -> io::Result<()> {
        let alive = Alive::new(shared.clone());
        let handle = spawn_thread(name, shared.config.thread_stack_size, move || {
            main(&alive.0);
        })?;
        lock(&self.state).handles.push(handle);
        Ok(())
    }
}

/// A thread counts as alive while this lives.
pub(super) struct Alive(Arc<Shared>);

impl Alive {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        lock(&shared.threads.state).alive += 1;
        Self(shared)
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.0
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        lock(&self.0.threads.state).alive -= 1;
        self.0.threads.changed.notify_all();
        // The monitor ends with the last of them.
        self.0.monitor.hurry();
    }
}

impl Shared {
    /// Starts the thread of a worker.
    pub(super) fn start_worker(self: &Arc<Self>, index: usize) -> io::Result<()> {
        let name = self.config.thread_name.clone();
        self.threads
            .start(self, &name, move |shared| work(shared, index, true))
    }

    /// Starts the monitor's thread.
    pub(super) fn start_monitor(self: &Arc<Self>) -> io::Result<()> {
        let shared = self.clone();
        let handle = spawn_thread("reveille-monitor", None, move || shared.watch())?;
        lock(&self.threads.state).handles.push(handle);
        Ok(())
    }
}

/// A thread that runs tasks: one of the runtime's own, or a substitute for one that is blocked.
pub(super) fn work(shared: &Arc<Shared>, index: usize, own: bool) {
    let entry = Arc::new(Entry::new(shared.shards[index].unparker.clone()));
    // There is no root to poll; as news it would keep the worker from ever going to sleep.
    entry.take_woken();
    if own {
        let _ = shared.own[index].set(entry.clone());
    }
    let _registered = shared.threads.entries.register(&entry, &shared.quiescence);
    if own {
        shared.threads.note_start();
    }
    let _runtime = Handle::multi_thread(shared.clone()).enter();
    // Its drop cancels the thread's local tasks.
    let _entry = EntryGuard::new(entry.clone(), shared.config.location, Flavor::MultiThread);
    // Others may send it local tasks at any time, until its table is closed at the end.
    local::note_local_task();
    // A substitute is of the blocking pool, which calls the hooks itself.
    let hook = |hook: &Option<Hook>| {
        if let Some(hook) = hook.as_ref().filter(|_| own) {
            wake::contain(|| hook());
        }
    };
    hook(&shared.config.on_thread_start);
    Worker::new(shared.clone(), entry, index, own).run();
    hook(&shared.config.on_thread_stop);
}
