//! The life of tasks, in any order, from two threads: each future is dropped once, each wake is followed by a poll,
//! each handle tells what became of its task. What is left unfreed, or used after that, the sanitizer finds.
//!
//! Sanitizer: address
#![no_main]

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;
use std::{array, hint, mem, thread};

use arbitrary::{Arbitrary, Unstructured};
use libfuzzer_sys::fuzz_target;
use reveille_executor::{AbortHandle, Config, CurrentThread, Embedded, Handle, PanicPolicy, ThreadPark};

mod tasks;

use tasks::{Joiner, KeptWaker, Life, Programmed};

/// How many tasks there are at the most for one input.
const MOST_TASKS: usize = 24;
const PROGRAMS: usize = 3;
/// For each kind of what is kept.
const PLACES: usize = 3;

#[derive(Arbitrary, Debug)]
struct Input {
    programs: [Program; PROGRAMS],
    home: Vec<Step>,
    elsewhere: Vec<Action>,
    /// Whether the runtime ends while the other thread is still at it.
    ends_early: bool,
}

/// What a task does.
#[derive(Arbitrary, Clone, Debug)]
struct Program {
    polls: Vec<Vec<Action>>,
    end: End,
    when_dropped: Option<Action>,
    drop_panics: bool,
    output_panics: bool,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum End {
    Returns,
    Panics,
    Stays,
}

/// What the thread does that the tasks run on.
#[derive(Arbitrary, Debug)]
enum Step {
    Act(Action),
    Run,
    SpawnLocal(u8),
}

/// What every thread may do, inside tasks and outside of them. A number says with which of the kept wakers or handles.
#[derive(Clone, Copy, Debug)]
enum Action {
    Spawn(u8),
    /// In a task: keeps its waker.
    KeepWaker(u8),
    CloneWaker(u8, u8),
    DropWaker(u8),
    Wake(u8),
    WakeByRef(u8),
    /// In a task: wakes itself.
    WakeSelf,
    Abort(u8),
    KeepAbortHandle(u8, u8),
    CloneAbortHandle(u8, u8),
    DropAbortHandle(u8),
    AbortByHandle(u8),
    /// With one of two wakers, or in a task perhaps with that of the task.
    PollJoin(u8, u8),
    Detach(u8),
    Nap(u8),
}

/// By hand: what is derived takes four bytes for the choice, which libFuzzer seldom hits.
impl<'a> Arbitrary<'a> for Action {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let [choice, one, other]: [u8; 3] = bytes.arbitrary()?;
        Ok(match choice % 15 {
            0 => Self::Spawn(one),
            1 => Self::KeepWaker(one),
            2 => Self::CloneWaker(one, other),
            3 => Self::DropWaker(one),
            4 => Self::Wake(one),
            5 => Self::WakeByRef(one),
            6 => Self::WakeSelf,
            7 => Self::Abort(one),
            8 => Self::KeepAbortHandle(one, other),
            9 => Self::CloneAbortHandle(one, other),
            10 => Self::DropAbortHandle(one),
            11 => Self::AbortByHandle(one),
            12 => Self::PollJoin(one, other),
            13 => Self::Detach(one),
            _ => Self::Nap(one),
        })
    }
}

/// What the two threads and the tasks share. No lock is held while something of the executor's is called or dropped.
struct World {
    programs: [Program; PROGRAMS],
    handle: Handle,
    home: thread::ThreadId,
    lives: Mutex<Vec<Arc<Life>>>,
    wakers: [Place<KeptWaker>; PLACES],
    joiners: [Place<Joiner>; PLACES],
    aborters: [Place<(Arc<Life>, AbortHandle)>; PLACES],
    /// How many of the two threads have begun.
    begun: AtomicUsize,
    /// Whether tasks may be cancelled without having been aborted: the local ones, all.
    ends: [AtomicUsize; 2],
}

struct Place<T>(Mutex<Option<T>>);

impl<T> Place<T> {
    fn new() -> Self {
        Self(Mutex::new(None))
    }

    fn take(&self) -> Option<T> {
        self.0.lock().unwrap().take()
    }

    fn put(&self, item: T) {
        let replaced = self.0.lock().unwrap().replace(item);
        drop(replaced);
    }

    /// Not under the lock: on another thread the place is empty meanwhile.
    fn with(&self, act: impl FnOnce(&mut T)) {
        let Some(mut item) = self.take() else { return };
        act(&mut item);
        let mut place = self.0.lock().unwrap();
        let left = if place.is_none() {
            place.replace(item)
        } else {
            Some(item)
        };
        drop(place);
        drop(left);
    }
}

fn at<T>(places: &[Place<T>; PLACES], number: u8) -> &Place<T> {
    &places[usize::from(number) % PLACES]
}

impl World {
    fn new(programs: [Program; PROGRAMS], handle: Handle) -> Arc<Self> {
        Arc::new(Self {
            programs,
            handle,
            home: thread::current().id(),
            lives: Mutex::default(),
            wakers: array::from_fn(|_| Place::new()),
            joiners: array::from_fn(|_| Place::new()),
            aborters: array::from_fn(|_| Place::new()),
            begun: AtomicUsize::new(0),
            ends: [AtomicUsize::new(0), AtomicUsize::new(0)],
        })
    }

    /// A task that is yet to be spawned, unless there are enough.
    fn plan(self: &Arc<Self>, program: u8, local: bool) -> Option<(Arc<Life>, Programmed)> {
        let mut lives = self.lives.lock().unwrap();
        if lives.len() == MOST_TASKS {
            return None;
        }
        let life = Arc::new(Life::new(lives.len(), local));
        lives.push(life.clone());
        let program = &self.programs[usize::from(program) % PROGRAMS];
        Some((life.clone(), Programmed::new(self.clone(), life, program)))
    }

    fn is_home(&self) -> bool {
        thread::current().id() == self.home
    }

    /// `task`: the one that does it, and its waker, if it is polled just now.
    fn act(self: &Arc<Self>, action: Action, task: Option<&KeptWaker>) {
        match action {
            Action::Spawn(program) => {
                if let Some((life, future)) = self.plan(program, false) {
                    let handle = self.handle.spawn(future);
                    at(&self.joiners, program).put(Joiner::new(life, handle));
                }
            }
            Action::KeepWaker(to) => {
                if let Some(task) = task {
                    at(&self.wakers, to).put(task.clone());
                }
            }
            Action::CloneWaker(from, to) => {
                let mut clone = None;
                at(&self.wakers, from).with(|waker| clone = Some(waker.clone()));
                if let Some(clone) = clone {
                    at(&self.wakers, to).put(clone);
                }
            }
            Action::DropWaker(which) => drop(at(&self.wakers, which).take()),
            Action::Wake(which) => {
                if let Some(waker) = at(&self.wakers, which).take() {
                    waker.wake();
                }
            }
            Action::WakeByRef(which) => at(&self.wakers, which).with(|waker| waker.wake_by_ref()),
            Action::WakeSelf => {
                if let Some(task) = task {
                    task.wake_by_ref();
                }
            }
            Action::Nap(length) => (0..length).for_each(|_| hint::spin_loop()),
            _ => self.act_by_handle(action, task),
        }
    }

    fn act_by_handle(self: &Arc<Self>, action: Action, task: Option<&KeptWaker>) {
        match action {
            Action::Abort(which) => at(&self.joiners, which).with(|joiner| {
                let handle = &joiner.handle;
                joiner.life.aborts(self.is_home(), || handle.abort());
            }),
            Action::KeepAbortHandle(from, to) => {
                let mut kept = None;
                at(&self.joiners, from)
                    .with(|joiner| kept = Some((joiner.life.clone(), joiner.handle.abort_handle())));
                if let Some(kept) = kept {
                    at(&self.aborters, to).put(kept);
                }
            }
            Action::CloneAbortHandle(from, to) => {
                let mut clone = None;
                at(&self.aborters, from).with(|kept| clone = Some(kept.clone()));
                if let Some(clone) = clone {
                    at(&self.aborters, to).put(clone);
                }
            }
            Action::DropAbortHandle(which) => drop(at(&self.aborters, which).take()),
            Action::AbortByHandle(which) => {
                at(&self.aborters, which)
                    .with(|(life, handle)| life.aborts(self.is_home(), || handle.abort()));
            }
            Action::PollJoin(which, with) => {
                if let Some(joiner) = at(&self.joiners, which).take() {
                    if let Some(joiner) = joiner.poll(self, with, task) {
                        at(&self.joiners, which).put(joiner);
                    }
                }
            }
            Action::Detach(which) => drop(at(&self.joiners, which).take()),
            _ => unreachable!("not by a handle"),
        }
    }

    /// Waits until both threads have got here, so that they run at the same time.
    fn begin(&self) {
        self.begun.fetch_add(1, SeqCst);
        let mut looks = 0_u32;
        while self.begun.load(SeqCst) < 2 {
            looks += 1;
            if looks % 64 == 0 {
                thread::yield_now();
            }
            hint::spin_loop();
        }
    }

    fn lives(&self) -> Vec<Arc<Life>> {
        self.lives.lock().unwrap().clone()
    }

    /// Whether a task of that kind may have been cancelled without an abort.
    fn may_cancel(&self, local: bool) -> bool {
        self.ends[usize::from(!local)].load(SeqCst) != 0
    }

    /// Runs what is ready; true if there is more.
    fn run(&self, embedded: &mut Embedded<'_, ThreadPark>) -> bool {
        let due = self.lives().into_iter().map(|life| (life.due(), life));
        let due: Vec<_> = due.collect();
        let more = embedded.poll_once(Some(Duration::ZERO));
        if !more {
            due.iter().for_each(|(due, life)| life.assert_seen(due));
        }
        more
    }

    /// Empties all places, and joins whose handles are left: all tasks have ended.
    fn clear(self: &Arc<Self>) {
        // A destructor may fill a place again, but there is an end to tasks.
        for _ in 0..=MOST_TASKS {
            self.aborters.iter().for_each(|place| drop(place.take()));
            for joiner in self.joiners.iter().filter_map(Place::take) {
                assert!(joiner.handle.is_finished(), "a task outlives its runtime");
                assert!(
                    joiner.poll(self, 0, None).is_none(),
                    "a task that ended cannot be joined"
                );
            }
            let wakers = self.wakers.iter().filter_map(Place::take);
            // The last reference to a task may go by a wake.
            wakers.enumerate().for_each(|(number, waker)| match number % 2 {
                0 => waker.wake(),
                _ => drop(waker),
            });
        }
    }
}

/// The other thread. It lives as long as the process.
struct Elsewhere {
    jobs: SyncSender<(Arc<World>, Vec<Action>)>,
    ends: Mutex<Receiver<()>>,
}

impl Elsewhere {
    fn get() -> &'static Self {
        static ELSEWHERE: OnceLock<Elsewhere> = OnceLock::new();
        ELSEWHERE.get_or_init(|| {
            let (jobs, todo) = sync_channel::<(Arc<World>, Vec<Action>)>(1);
            let (end, ends) = sync_channel(1);
            thread::spawn(move || {
                for (world, script) in todo {
                    world.begin();
                    script.iter().for_each(|action| world.act(*action, None));
                    drop((world, script));
                    end.send(()).unwrap();
                }
            });
            let ends = Mutex::new(ends);
            Self { jobs, ends }
        })
    }

    fn wait(&self) {
        self.ends.lock().unwrap().recv().unwrap();
    }
}

fuzz_target!(|input: Input| {
    let mut config = Config::default();
    config.panic_policy = PanicPolicy::Store;
    let executor = CurrentThread::with_config(ThreadPark::new(), &config);
    let world = World::new(input.programs, executor.handle());
    let elsewhere = Elsewhere::get();
    let mut embedded = executor.embed().unwrap();

    elsewhere.jobs.send((world.clone(), input.elsewhere)).unwrap();
    world.begin();
    for step in &input.home {
        match *step {
            Step::Act(action) => world.act(action, None),
            Step::Run => drop(world.run(&mut embedded)),
            Step::SpawnLocal(program) => {
                if let Some((life, future)) = world.plan(program, true) {
                    let handle = embedded.spawn_local(future);
                    at(&world.joiners, program).put(Joiner::new(life, handle));
                }
            }
        }
    }
    if !input.ends_early {
        elsewhere.wait();
        while world.run(&mut embedded) {}
        world
            .joiners
            .iter()
            .for_each(|place| place.with(|joiner| joiner.assert_woken()));
    }
    world.ends[0].store(1, SeqCst);
    drop(embedded);
    world.ends[1].store(1, SeqCst);
    drop(executor);
    if input.ends_early {
        elsewhere.wait();
    }
    world.clear();
    let lives = mem::take(&mut *world.lives.lock().unwrap());
    lives.iter().for_each(|life| life.assert_ended());
    drop(lives);
    assert_eq!(Arc::strong_count(&world), 1, "a future or an output is kept");
});
