//! The drivers of a runtime, as seen from anywhere: which of them a thread uses that is none of its workers.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Waker;

use reveille_executor::TaskId;
use reveille_net::names::Names;
use reveille_timer::Clock;

use crate::runtime::Wait;
use crate::virtual_time::VirtualTime;

/// What leads to each driver of a runtime: one for a current-thread runtime, one for each worker of a multi-thread one.
#[derive(Clone)]
pub(crate) struct Drivers {
    each: Arc<[(reveille_reactor::Handle, reveille_timer::Handle)]>,
    names: Names,
    virtual_time: Arc<VirtualTime>,
}

impl Drivers {
    pub(crate) fn new(
        drivers: impl Iterator<Item = (reveille_reactor::Handle, reveille_timer::Handle)>,
        names: Names,
        clock: Clock,
    ) -> Self {
        let each: Arc<[_]> = drivers.collect();
        let timers = each
            .iter()
            .map(|(_, timers): &(_, reveille_timer::Handle)| timers.clone());
        let virtual_time = Arc::new(VirtualTime::new(clock, timers, names.clone()));
        Self {
            each,
            names,
            virtual_time,
        }
    }

    /// Their clock, and who moves it while it is paused.
    pub(crate) fn virtual_time(&self) -> &Arc<VirtualTime> {
        &self.virtual_time
    }

    /// Ends, with the runtime, what its drivers do not end themselves: look-ups, and a pause of its clock. Who waits is to be
    /// woken by the caller.
    pub(crate) fn close(&self, woken: &mut Vec<Waker>) {
        self.names.close(woken);
        self.virtual_time.close(woken);
    }

    /// How the runtime has its names looked up.
    pub(crate) fn names(&self) -> &Names {
        &self.names
    }

    /// Calls `note` with everyone who waits for one of them, for a task dump.
    pub(crate) fn each_wait(&self, mut note: impl FnMut(Option<TaskId>, Wait)) {
        for (reactor, timers) in self.each.iter() {
            for wait in reactor.waits() {
                note(wait.task, Wait::for_readiness(&wait));
            }
            for wait in timers.waiting() {
                note(wait.task, Wait::for_time(&wait));
            }
        }
        for wait in self.names.waits() {
            note(wait.task, Wait::for_name(&wait));
        }
    }

    /// # Panics
    ///
    /// In a child that was forked from the runtime's process: none of its threads is there, so what it is given would wait
    /// for ever.
    #[track_caller]
    pub(crate) fn assert_not_forked(&self) {
        assert!(
            !self.is_forked(),
            "this process was forked from the one whose runtime this is, and has none of its threads; \
             build a runtime after the fork instead"
        );
    }

    /// Whether the runtime is another process's, of which this one is a fork.
    pub(crate) fn is_forked(&self) -> bool {
        self.each.first().is_some_and(|(reactor, _)| reactor.is_forked())
    }

    /// Those of the runtime that is current on this thread.
    pub(crate) fn current() -> Option<Self> {
        CURRENT
            .try_with(|current| current.borrow().clone())
            .ok()
            .flatten()
    }

    /// Makes one of them this thread's own until the guard is dropped, the same one each time.
    pub(crate) fn enter(&self) -> EnterGuard {
        let (reactor, timers) = &self.each[this_thread() % self.each.len()];
        EnterGuard {
            _names: self.names.enter(),
            _timers: timers.enter(),
            _reactor: reactor.enter(),
            previous: replace_current(Some(self.clone())),
            not_send: PhantomData,
        }
    }
}

impl fmt::Debug for Drivers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Drivers").field(&self.each.len()).finish()
    }
}

/// Made by [`Drivers::enter`].
#[derive(Debug)]
pub(crate) struct EnterGuard {
    _names: reveille_net::names::EnterGuard,
    _timers: reveille_timer::EnterGuard,
    _reactor: reveille_reactor::EnterGuard,
    previous: Option<Drivers>,
    not_send: PhantomData<*const ()>,
}

impl Drop for EnterGuard {
    fn drop(&mut self) {
        drop(replace_current(self.previous.take()));
    }
}

pub(crate) fn replace_current(drivers: Option<Drivers>) -> Option<Drivers> {
    CURRENT
        .try_with(|current| current.replace(drivers))
        .ok()
        .flatten()
}

/// A small number of this thread, so that threads spread over the drivers.
fn this_thread() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = THREAD.try_with(|thread| {
        // Relaxed: only spreading matters.
        let number = thread
            .get()
            .unwrap_or_else(|| NEXT.fetch_add(1, Ordering::Relaxed));
        thread.set(Some(number));
        number
    });
    number.unwrap_or(0)
}

thread_local! {
    static CURRENT: RefCell<Option<Drivers>> = const { RefCell::new(None) };
    static THREAD: Cell<Option<usize>> = const { Cell::new(None) };
}
