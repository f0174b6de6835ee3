//! Being at rest, as seen while others wake each other and fall asleep.
//!
//! `ci/loom` runs them; each has broken twins in `tests/planted`.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::task::Waker;

use futures_task::{ArcWake, waker};
use loom::thread;

use super::{OnQuiescent, Quiescence};
use crate::entries::Entries;
use crate::entry::Entry;
use crate::primitive::Ordering;

/// Some threads in `block_on`, and no worker: whoever would have one look does it himself.
struct Runtime {
    entries: Entries,
    quiescence: OnceLock<Quiescence>,
}

impl Runtime {
    fn new(listener: Arc<dyn OnQuiescent>) -> Arc<Self> {
        Arc::new_cyclic(|runtime| {
            let quiescence = OnceLock::new();
            let worker = waker(Arc::new(Worker(runtime.clone())));
            let _ = quiescence.set(Quiescence::new(Some(listener), worker));
            Self {
                entries: Entries::default(),
                quiescence,
            }
        })
    }

    fn quiescence(&self) -> &Quiescence {
        self.quiescence.get().expect("set when it was made")
    }
}

struct Worker(Weak<Runtime>);

impl ArcWake for Worker {
    fn wake_by_ref(worker: &Arc<Self>) {
        let Some(runtime) = worker.0.upgrade() else { return };
        runtime
            .quiescence()
            .look(|answers| runtime.entries.are_at_rest(0, answers));
    }
}

fn entry() -> Arc<Entry> {
    Arc::new(Entry::new(Waker::noop().clone()))
}

/// There is never a moment at which all of them rest. Its panic would be contained, so it is noted.
#[derive(Default)]
struct Never(AtomicBool);

impl OnQuiescent for Never {
    fn is_awaited(&self) -> bool {
        true
    }

    fn reached(&self, _: &mut Vec<Waker>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// One wakes another and falls asleep, while a third looks: it asks the second before, and the first after that.
#[test]
fn who_is_woken_between_two_answers_is_not_taken_to_rest() {
    loom::model(|| {
        let never = Arc::new(Never::default());
        let runtime = Runtime::new(never.clone());
        let entries = [entry(), entry(), entry()];
        let registered = entries
            .each_ref()
            .map(|entry| runtime.entries.register(entry, runtime.quiescence()));
        let [woken, waking, looking] = entries.clone();
        woken.take_woken();
        let threads = [(waking, Some(woken.clone())), (looking, None)].map(|(entry, wakes)| {
            let runtime = runtime.clone();
            thread::spawn(move || {
                entry.take_woken();
                if let Some(other) = wakes {
                    waker(other).wake();
                }
                entry.sleep(|| {
                    runtime.quiescence().have_a_look();
                    // Nobody else would end this sleep.
                    waker(entry.clone()).wake();
                });
            })
        });
        // It falls asleep, and is woken; from then on it is awake.
        while !woken.take_woken() {
            woken.sleep(|| {});
        }
        for thread in threads {
            thread.join().unwrap();
        }
        std::mem::forget(registered);
        assert!(!never.0.load(Ordering::Relaxed), "one of the threads is awake");
    });
}

/// Wakes whoever sleeps, once, when all of them do.
struct WakesAll {
    awaited: loom::sync::atomic::AtomicBool,
    sleepers: Mutex<Vec<Waker>>,
    reached: AtomicBool,
}

impl OnQuiescent for WakesAll {
    fn is_awaited(&self) -> bool {
        self.awaited.load(Ordering::Relaxed) && !self.reached.load(Ordering::Relaxed)
    }

    fn reached(&self, woken: &mut Vec<Waker>) {
        let again = self.reached.swap(true, Ordering::Relaxed);
        assert!(!again, "told twice");
        woken.append(&mut self.sleepers.lock().unwrap());
        assert_eq!(woken.len(), 2);
    }
}

/// Two fall asleep at the same time, of which one has just begun to wait for that. If neither saw that the other one does,
/// both would sleep for ever.
#[test]
fn of_two_that_come_to_rest_at_once_one_sees_both() {
    loom::model(|| {
        let listener = Arc::new(WakesAll {
            awaited: loom::sync::atomic::AtomicBool::new(false),
            sleepers: Mutex::default(),
            reached: AtomicBool::new(false),
        });
        let runtime = Runtime::new(listener.clone());
        let sleep_until_told = {
            let (runtime, listener) = (runtime.clone(), listener.clone());
            move |entry: &Arc<Entry>| {
                entry.take_woken();
                listener.sleepers.lock().unwrap().push(waker(entry.clone()));
                while !entry.take_woken() {
                    entry.sleep(|| runtime.quiescence().have_a_look());
                }
            }
        };
        // Active until it sleeps, and so until the other one is there.
        let here = entry();
        let registered = runtime.entries.register(&here, runtime.quiescence());
        let (sender, receiver) = loom::sync::mpsc::channel();
        let there = {
            let (runtime, sleep_until_told) = (runtime.clone(), sleep_until_told.clone());
            thread::spawn(move || {
                let entry = entry();
                let registered = runtime.entries.register(&entry, runtime.quiescence());
                sender.send(()).unwrap();
                sleep_until_told(&entry);
                std::mem::forget(registered);
            })
        };
        receiver.recv().unwrap();
        listener.awaited.store(true, Ordering::Relaxed);
        sleep_until_told(&here);
        there.join().unwrap();
        std::mem::forget(registered);
        assert!(listener.reached.load(Ordering::Relaxed));
    });
}

/// Told only while nobody from outside is inside. Its panic would be contained, so it is noted.
#[derive(Default)]
struct TellsOfNobodyInside {
    /// Behind a lock, so that the last value is seen, whatever else is.
    inside: loom::sync::Mutex<bool>,
    somebody: AtomicBool,
    told: AtomicBool,
}

impl TellsOfNobodyInside {
    fn set_inside(&self, inside: bool) {
        *self.inside.lock().unwrap() = inside;
    }
}

impl OnQuiescent for TellsOfNobodyInside {
    fn is_awaited(&self) -> bool {
        true
    }

    fn reached(&self, _: &mut Vec<Waker>) {
        self.told.store(true, Ordering::Relaxed);
        let inside = *self.inside.lock().unwrap();
        self.somebody.fetch_or(inside, Ordering::Relaxed);
    }
}

/// A thread begins a `block_on` while another one has found all at rest, and not told yet.
#[test]
fn who_enters_between_the_look_and_the_telling_waits_for_that() {
    loom::model(|| {
        let listener = Arc::new(TellsOfNobodyInside::default());
        let runtime = Runtime::new(listener.clone());
        let looking = {
            let runtime = runtime.clone();
            thread::spawn(move || runtime.quiescence().have_a_look())
        };
        let entry = entry();
        let registered = runtime.entries.register(&entry, runtime.quiescence());
        listener.set_inside(true);
        entry.take_woken();
        listener.set_inside(false);
        // It rests: as one that drives does, so that nobody needs to end its sleep.
        entry.set_driving(true);
        runtime.quiescence().have_a_look();
        looking.join().unwrap();
        std::mem::forget(registered);
        assert!(!listener.somebody.load(Ordering::Relaxed), "it was active");
        assert!(
            listener.told.load(Ordering::Relaxed),
            "all was at rest in the end"
        );
    });
}

/// The same for one who spawns: what he spawns runs as soon as it is there.
fn spawning_from_outside(spawned_rests_last: bool) {
    loom::model(move || {
        let listener = Arc::new(TellsOfNobodyInside::default());
        let runtime = Runtime::new(listener.clone());
        let task = entry();
        task.take_woken();
        task.set_driving(true);
        let registered = runtime.entries.register(&task, runtime.quiescence());
        let looking = {
            let runtime = runtime.clone();
            thread::spawn(move || runtime.quiescence().have_a_look())
        };
        let coming = runtime.quiescence().come();
        waker(task.clone()).wake();
        listener.set_inside(true);
        if spawned_rests_last {
            drop(coming);
            listener.set_inside(false);
            task.take_woken();
            runtime.quiescence().have_a_look();
        } else {
            listener.set_inside(false);
            task.take_woken();
            drop(coming);
        }
        looking.join().unwrap();
        std::mem::forget(registered);
        assert!(!listener.somebody.load(Ordering::Relaxed), "there was a task");
        assert!(listener.told.load(Ordering::Relaxed), "all is at rest in the end");
    });
}

#[test]
fn who_spawns_from_outside_between_the_look_and_the_telling_waits_for_that() {
    spawning_from_outside(true);
}

#[test]
fn if_what_was_spawned_from_outside_rests_first_somebody_looks_again() {
    spawning_from_outside(false);
}
