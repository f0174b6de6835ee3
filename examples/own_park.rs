//! A runtime of one's own: reveille's executor over a home-made `Park`, which knows alarms and nothing else.
//!
//! An executor runs tasks. When none is left to run it asks its `Park` to wait: for what the park knows of (here a
//! point in time; in reveille also sockets), or until another thread wakes a task. `cargo run --example own_park`

use std::sync::{Arc, Mutex, mpsc};
use std::task::{Poll, Wake, Waker};
use std::time::{Duration, Instant};
use std::{collections::BTreeMap, future, mem};

use reveille_executor::{CurrentThread, Park, Token, spawn};

/// Who wants to be woken when. Only this thread sets alarms, hence never while it sleeps.
type Alarms = Arc<Mutex<BTreeMap<Instant, Vec<Waker>>>>;

struct AlarmPark(Alarms, Arc<Unparker>, mpsc::Receiver<()>);

/// Rings the bell that ends a sleep. The token sees to it that it rings only for a sleeper, and once.
struct Unparker(Token, mpsc::Sender<()>);

fn main() {
    let (alarms, (bell, rings)) = (Alarms::default(), mpsc::channel());
    let park = AlarmPark(alarms.clone(), Arc::new(Unparker(Token::new(), bell)), rings);
    CurrentThread::new(park).block_on(async {
        for task in [30, 10, 20].map(|milliseconds| spawn(alarm(alarms.clone(), milliseconds))) {
            task.await.expect("the task does not panic");
        }
        // Nobody here drives reveille's timers, so another thread does, and wakes this one through the unparker.
        reveille::time::sleep(Duration::from_millis(10)).await;
        println!("a sleep of reveille's");
    });
}

fn alarm(alarms: Alarms, milliseconds: u64) -> impl Future<Output = ()> {
    let due = Instant::now() + Duration::from_millis(milliseconds);
    future::poll_fn(move |cx| {
        if Instant::now() < due {
            // Whoever returns `Pending` must have left the waker with someone who will call it.
            let waker = cx.waker().clone();
            alarms.lock().unwrap().entry(due).or_default().push(waker);
            return Poll::Pending;
        }
        println!("an alarm after {milliseconds} ms");
        Poll::Ready(())
    })
}

impl Park for AlarmPark {
    fn enter(&mut self) {} // A park with sockets would make itself known to this thread here.

    fn park(&mut self, timeout: Option<Duration>, woken: &mut Vec<Waker>) {
        let Self(alarms, unparker, rings) = self;
        // Announced before anything is looked at: what another thread changes from now on rings the bell.
        if unparker.0.announce() {
            let due = alarms.lock().unwrap().keys().next().copied();
            let due = due.map_or(Duration::MAX, |due| due.saturating_duration_since(Instant::now()));
            let _ = rings.recv_timeout(due.min(timeout.unwrap_or(Duration::MAX)));
            unparker.0.clear();
        }
        self.turn(woken);
    }

    fn turn(&mut self, woken: &mut Vec<Waker>) {
        let mut alarms = self.0.lock().unwrap();
        let later = alarms.split_off(&Instant::now());
        // Handed on, not called: a waker may run anybody's code, which must not happen under a lock.
        woken.extend(mem::replace(&mut *alarms, later).into_values().flatten());
    }

    fn unparker(&self) -> Waker {
        self.1.clone().into()
    }
}

impl Wake for Unparker {
    fn wake(self: Arc<Self>) {
        let _ = self.0.notify() && self.1.send(()).is_ok();
    }
}
