//! The recorder: it takes the events that the layers below tell of, and puts each into the ring of the thread it happened on.
//!
//! There is one in a process, as the hooks have one place for it. Each thread that tells anything has a ring ([`crate::ring`]); when
//! it ends, the next new thread gets that, so that threads which come and go take no more memory than there are of them at a time.

use std::cell::RefCell;
use std::collections::HashMap;
use std::panic::Location;
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use reveille_context::event::{self, Event, Role};
use reveille_context::task;

use crate::gate;
use crate::listener;
use crate::recording;
use crate::ring::{Ring, Words};
use crate::slot::{self, Around};
use crate::trace::{Thread, ThreadKind};

/// Says what a descriptor is, and who is at its other end: asked once for each source that is registered, on the thread that
/// registers it.
pub type Describe = fn(descriptor: u64) -> Option<Described>;

/// What a descriptor is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Described {
    /// What kind of thing: `TcpStream`, say.
    pub what: String,
    /// The other end, if it has one.
    pub peer: Option<String>,
}

/// The process's recorder; made when it is first needed.
pub(crate) fn recorder() -> &'static Recorder {
    RECORDER.get_or_init(|| Recorder {
        start: Instant::now(),
        start_unix_ns: SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_nanos()),
        rings: Mutex::default(),
        locations: Mutex::default(),
        describe: OnceLock::new(),
    })
}

/// See the module.
pub(crate) struct Recorder {
    /// Times are counted from here.
    start: Instant,
    pub(crate) start_unix_ns: u128,
    rings: Mutex<Rings>,
    locations: Mutex<Locations>,
    pub(crate) describe: OnceLock<Describe>,
}

#[derive(Default)]
struct Rings {
    all: Vec<Arc<ThreadRing>>,
    /// Those whose threads have ended, the longest ended first.
    spare: Vec<Arc<ThreadRing>>,
    /// How many slots a new one gets.
    slots: usize,
    /// How many there ever were.
    made: u64,
    threads: u32,
}

/// A ring, and whose it was.
struct ThreadRing {
    /// Tells it from all others there ever were.
    number: u64,
    ring: Ring,
    owners: Mutex<Vec<Owner>>,
}

/// From that number on the slots of a ring are of that thread.
#[derive(Clone)]
struct Owner {
    from: u64,
    thread: Thread,
}

/// The places in the source that were seen, each once.
#[derive(Default)]
struct Locations {
    all: Vec<&'static Location<'static>>,
    numbers: HashMap<usize, u64>,
}

/// How far somebody has read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cursor(HashMap<u64, u64>);

/// What one thread told, in order.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) thread: u32,
    /// So many slots before these were overwritten.
    pub(crate) lost: u64,
    pub(crate) slots: Vec<Words>,
}

impl Recorder {
    pub(crate) fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// How many slots the ring of a new thread gets.
    pub(crate) fn set_slots(&self, slots: usize) {
        let mut rings = lock(&self.rings);
        if rings.slots != slots {
            rings.slots = slots;
            // They have another size.
            rings.spare.clear();
        }
    }

    /// Where all rings are now.
    pub(crate) fn cursor(&self) -> Cursor {
        let rings = lock(&self.rings);
        Cursor(
            rings
                .all
                .iter()
                .map(|ring| (ring.number, ring.ring.head()))
                .collect(),
        )
    }

    /// What was told since `cursor`, which moves on.
    pub(crate) fn read(&self, cursor: &mut Cursor) -> Vec<Told> {
        let rings = lock(&self.rings).all.clone();
        rings.iter().flat_map(|ring| ring.read(cursor)).collect()
    }

    /// The threads that have told anything.
    pub(crate) fn threads(&self) -> Vec<Thread> {
        let rings = lock(&self.rings).all.clone();
        let owners = rings.iter().flat_map(|ring| lock(&ring.owners).clone());
        let mut threads: Vec<Thread> = owners.map(|owner| owner.thread).collect();
        threads.sort_by_key(|thread| thread.id);
        threads
    }

    /// The place of that number.
    pub(crate) fn location(&self, number: u64) -> Option<&'static Location<'static>> {
        let index = usize::try_from(number.checked_sub(1)?).ok()?;
        lock(&self.locations).all.get(index).copied()
    }

    fn new_ring(&self) -> Arc<ThreadRing> {
        let mut rings = lock(&self.rings);
        let thread = this_thread(rings.threads);
        rings.threads += 1;
        let ring = match rings.spare.is_empty() {
            false => rings.spare.remove(0),
            true => {
                let ring = Arc::new(ThreadRing {
                    number: rings.made,
                    ring: Ring::new(rings.slots.max(SMALLEST)),
                    owners: Mutex::default(),
                });
                rings.made += 1;
                rings.all.push(ring.clone());
                ring
            }
        };
        drop(rings);
        ring.begin(thread);
        ring
    }

    fn number_of(&self, location: &'static Location<'static>) -> u64 {
        let mut locations = lock(&self.locations);
        let Locations { all, numbers } = &mut *locations;
        *numbers.entry(ptr::from_ref(location).addr()).or_insert_with(|| {
            if all.len() < MOST_LOCATIONS {
                all.push(location);
            }
            all.len() as u64
        })
    }
}

impl ThreadRing {
    fn begin(&self, thread: Thread) {
        let from = self.ring.head();
        lock(&self.owners).push(Owner { from, thread });
    }

    fn set_role(&self, kind: ThreadKind, worker: Option<u32>) {
        if let Some(owner) = lock(&self.owners).last_mut() {
            owner.thread.kind = kind;
            owner.thread.worker = worker;
        }
    }

    /// What was written since, by each of its threads.
    fn read(&self, cursor: &mut Cursor) -> Vec<Told> {
        let since = cursor.0.entry(self.number).or_insert(0);
        let read = self.ring.read(*since);
        let lost = read.first - *since;
        *since = read.next();
        let mut owners = lock(&self.owners);
        // Those whose slots are all overwritten are needed no more, whoever reads.
        let oldest = self.ring.oldest();
        let needed = owners.iter().rposition(|owner| owner.from <= oldest);
        owners.drain(..needed.unwrap_or(0));
        let ends = owners.iter().skip(1).map(|owner| owner.from).chain([u64::MAX]);
        let mut lost = Some(lost).filter(|lost| *lost > 0);
        let parts = owners.iter().zip(ends).map(|(owner, end)| Told {
            thread: owner.thread.id,
            lost: 0,
            slots: read.between(owner.from, end).to_vec(),
        });
        let mut parts: Vec<Told> = parts.filter(|told| !told.slots.is_empty()).collect();
        if let Some(first) = parts.first_mut() {
            first.lost = lost.take().unwrap_or(0);
        }
        parts
    }
}

/// Takes the events of the layers below.
pub(crate) struct Hooks;

impl event::Recorder for Hooks {
    fn now(&self) -> u64 {
        recorder().now()
    }

    fn record(&self, at: u64, event: Event<'_>) {
        // Its poll begins when it is let through.
        let waits = matches!(event, Event::PollStart { .. }) && gate::pass();
        let at = if waits { self.now() } else { at };
        listener::tell(at, event);
        if !recording::is_on() {
            return;
        }
        // A thread whose locals are gone tells nothing any more; nor does what is told in here.
        let _ = LOCAL.try_with(|local| {
            if let Ok(mut local) = local.try_borrow_mut() {
                local.get_or_insert_with(Local::new).record(at, event);
            }
        });
    }
}

/// What a thread has of the recorder.
struct Local {
    ring: Arc<ThreadRing>,
    /// The numbers of places in the source that this thread told of, each at an index that its address gives.
    locations: Box<[Option<(usize, u64)>; CACHED]>,
}

impl Local {
    fn new() -> Self {
        Self {
            ring: recorder().new_ring(),
            locations: Box::new([None; CACHED]),
        }
    }

    fn record(&mut self, at: u64, event: Event<'_>) {
        let described = match event {
            Event::IoRegister { descriptor, .. } => describe(descriptor),
            Event::Spawn { name, .. } => name.map(str::to_owned),
            Event::Mark { message } => Some(message.to_owned()),
            Event::Thread { role } => return self.take_role(role),
            _ => None,
        };
        let text = described.as_deref().unwrap_or_default();
        if let Some(words) = slot::pack(at, event, text, self) {
            self.ring.ring.push(words);
            for words in slot::pack_text(at, text) {
                self.ring.ring.push(words);
            }
        }
    }

    fn take_role(&self, role: Role) {
        match role {
            Role::Worker(index) => self.ring.set_role(ThreadKind::Worker, u32::try_from(index).ok()),
            Role::Blocking => self.ring.set_role(ThreadKind::Blocking, None),
            Role::Driver => self.ring.set_role(ThreadKind::Driver, None),
        }
    }
}

impl Around for Local {
    fn task(&self) -> u64 {
        task::current().map_or(0, |task| task.get())
    }

    fn location(&mut self, location: &'static Location<'static>) -> u64 {
        let address = ptr::from_ref(location).addr();
        // Their alignment makes the lowest bits the same.
        let cached = &mut self.locations[(address >> 3) % CACHED];
        match cached {
            Some((known, number)) if *known == address => *number,
            _ => {
                let number = recorder().number_of(location);
                *cached = Some((address, number));
                number
            }
        }
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        let mut rings = lock(&recorder().rings);
        if self.ring.ring.room() == Ring::room_of(rings.slots.max(SMALLEST)) {
            rings.spare.push(self.ring.clone());
        } else {
            // It was made for another number of slots. What is in it goes when nobody reads it any more.
            let ring = &self.ring;
            rings.all.retain(|other| !Arc::ptr_eq(other, ring));
        }
    }
}

/// What a descriptor is and its other end, between them a NUL.
fn describe(descriptor: u64) -> Option<String> {
    let described = recorder().describe.get()?(descriptor)?;
    let peer = described.peer.unwrap_or_default();
    Some(format!("{}\0{peer}", described.what))
}

fn this_thread(id: u32) -> Thread {
    let name = thread::current().name().unwrap_or_default().to_owned();
    Thread {
        id,
        name: if name.is_empty() {
            format!("thread {id}")
        } else {
            name
        },
        kind: ThreadKind::Other,
        worker: None,
        os_tid: os_thread_id(),
    }
}

/// Linux tells it without a library.
fn os_thread_id() -> Option<u64> {
    let own = std::fs::read_link("/proc/thread-self").ok()?;
    own.file_name()?.to_str()?.parse().ok()
}

/// Nothing panics under these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// So many slots a ring has at least.
const SMALLEST: usize = 64;

/// A number has sixteen bits in a slot.
const MOST_LOCATIONS: usize = u16::MAX as usize;

/// How many places in the source a thread remembers.
const CACHED: usize = 64;

thread_local! {
    static LOCAL: RefCell<Option<Local>> = const { RefCell::new(None) };
}

static RECORDER: OnceLock<Recorder> = OnceLock::new();
