//! Who works, and what the watchdog knows of each.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use reveille::runtime::Handle;

use crate::random::Random;

/// All actors, and what they share.
pub(crate) struct Cast {
    pub(crate) handle: Handle,
    pub(crate) workers: usize,
    pub(crate) seed: u64,
    stops: AtomicBool,
    actors: Mutex<Vec<Arc<Actor>>>,
}

impl Cast {
    pub(crate) fn new(handle: Handle, workers: usize, seed: u64) -> Self {
        Self {
            handle,
            workers,
            seed,
            stops: AtomicBool::new(false),
            actors: Mutex::new(Vec::new()),
        }
    }

    /// A new actor, with random numbers of its own.
    pub(crate) fn actor(&self, name: &'static str) -> (Arc<Actor>, Random) {
        let actor = Arc::new(Actor {
            name,
            rounds: AtomicU64::new(0),
            now: Mutex::new(Now {
                step: "about to begin",
                round_since: Instant::now(),
            }),
            left: AtomicBool::new(false),
        });
        let mut actors = self.actors.lock().unwrap_or_else(PoisonError::into_inner);
        actors.push(actor.clone());
        let random = Random::new(self.seed.wrapping_add(actors.len() as u64));
        (actor, random)
    }

    /// The actors end their rounds and leave.
    pub(crate) fn stop(&self) {
        self.stops.store(true, Ordering::SeqCst);
    }

    pub(crate) fn goes_on(&self) -> bool {
        !self.stops.load(Ordering::SeqCst)
    }

    pub(crate) fn has_left(&self) -> bool {
        self.all().iter().all(|actor| actor.left.load(Ordering::SeqCst))
    }

    /// Whether some actor has been in one round for so long.
    pub(crate) fn has_stalled(&self, limit: Duration) -> bool {
        self.all()
            .iter()
            .any(|actor| actor.now().round_since.elapsed() > limit)
    }

    /// What each has done, and does.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.all().iter().map(|actor| actor.line()).collect()
    }

    fn all(&self) -> Vec<Arc<Actor>> {
        self.actors.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

pub(crate) struct Actor {
    name: &'static str,
    rounds: AtomicU64,
    now: Mutex<Now>,
    left: AtomicBool,
}

#[derive(Clone, Copy)]
struct Now {
    step: &'static str,
    round_since: Instant,
}

impl Actor {
    /// Says what it does next.
    pub(crate) fn step(&self, step: &'static str) {
        self.now.lock().unwrap_or_else(PoisonError::into_inner).step = step;
    }

    /// A round is complete.
    pub(crate) fn round(&self) {
        self.rounds.fetch_add(1, Ordering::Relaxed);
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = Now {
            step: "between two rounds",
            round_since: Instant::now(),
        };
    }

    pub(crate) fn leave(&self) {
        self.step("left");
        self.left.store(true, Ordering::SeqCst);
    }

    fn now(&self) -> Now {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn line(&self) -> String {
        let now = self.now();
        format!(
            "{:<18} {:>9} rounds, for {:>6} ms: {}",
            self.name,
            self.rounds.load(Ordering::Relaxed),
            now.round_since.elapsed().as_millis(),
            now.step
        )
    }
}
