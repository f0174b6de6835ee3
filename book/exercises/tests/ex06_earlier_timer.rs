//! Exercise 6, the second one: the alarm clock that was set too late. To chapter 6. A broken runtime: a timer that is earlier
//! than all others does not interrupt the driver's wait.
//!
//! This is a driver with its timers. It looks for the next deadline, and sleeps until then, or until it is unparked. That it
//! need not really sleep, the world around it is a model: time is a number, and what other threads do, and when, is a list.
//!
//! The driver has one timer, an hour ahead, and sleeps. After ten minutes another thread sets one that is due five minutes later:
//!
//! ```text
//! a timer for minute 15 fired in minute 60
//! ```
//!
//! Mend `Timers::set`. It is called by any thread, at any time.
//!
//! Hint: an unpark is dear, a system call and a turn of the loop. The last two tests count them. Who has to be told of a new timer,
//! and of which?

use std::cell::RefCell;
use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;

type Minute = u64;

#[derive(Default)]
struct Timers {
    deadlines: RefCell<BTreeSet<Minute>>,
}

impl Timers {
    fn set(&self, deadline: Minute, _world: &World) {
        self.deadlines.borrow_mut().insert(deadline);
    }

    fn next(&self) -> Option<Minute> {
        self.deadlines.borrow().first().copied()
    }
}

/// Runs until no timer is left; which fired, and when.
fn drive(timers: &Timers, world: &World) -> Vec<(Minute, Minute)> {
    let mut fired = Vec::new();
    while let Some(next) = timers.next() {
        world.sleep_until(next);
        let now = world.now();
        let mut deadlines = timers.deadlines.borrow_mut();
        let later = deadlines.split_off(&(now + 1));
        fired.extend(
            std::mem::replace(&mut *deadlines, later)
                .into_iter()
                .map(|due| (due, now)),
        );
    }
    fired
}

type Deed = Box<dyn FnOnce(&World)>;

/// Time, the driver's sleep, and the other threads. None of this is to be mended.
#[derive(Default)]
struct World {
    now: RefCell<Minute>,
    is_unparked: RefCell<bool>,
    unparks: RefCell<u32>,
    /// What others do, by its time.
    deeds: RefCell<VecDeque<(Minute, Deed)>>,
}

impl World {
    fn now(&self) -> Minute {
        *self.now.borrow()
    }

    /// Ends the driver's sleep, or keeps it from its next one.
    #[allow(dead_code, reason = "it is for the solution")]
    fn unpark(&self) {
        *self.is_unparked.borrow_mut() = true;
        *self.unparks.borrow_mut() += 1;
    }

    fn sleep_until(&self, deadline: Minute) {
        while !self.is_unparked.replace(false) {
            let is_before = |(at, _): &mut (Minute, Deed)| *at < deadline;
            let Some((at, deed)) = pop_if(&mut self.deeds.borrow_mut(), is_before) else {
                self.now.replace_with(|now| (*now).max(deadline));
                return;
            };
            *self.now.borrow_mut() = at;
            deed(self);
        }
    }
}

fn pop_if<T>(queue: &mut VecDeque<T>, condition: impl FnOnce(&mut T) -> bool) -> Option<T> {
    queue
        .front_mut()
        .is_some_and(condition)
        .then(|| queue.pop_front())?
}

/// A driver with a timer for minute 60, and others that another thread sets, each at its minute.
fn driven_with(others: &[(Minute, Minute)]) -> (Vec<(Minute, Minute)>, u32) {
    let timers = Rc::new(Timers::default());
    let world = World::default();
    timers.set(60, &world);
    // Nobody slept when that was set.
    world.is_unparked.replace(false);
    world.unparks.replace(0);
    for &(at, deadline) in others {
        let timers = timers.clone();
        let deed: Deed = Box::new(move |world| timers.set(deadline, world));
        world.deeds.borrow_mut().push_back((at, deed));
    }
    let fired = drive(&timers, &world);
    (fired, world.unparks.take())
}

#[test]
fn an_earlier_timer_interrupts_the_wait() {
    let (fired, _) = driven_with(&[(10, 15)]);
    let &(_, when) = fired.iter().find(|(due, _)| *due == 15).unwrap();
    assert_eq!(when, 15, "a timer for minute 15 fired in minute {when}");
    assert_eq!(fired, [(15, 15), (60, 60)]);
}

#[test]
fn a_later_timer_interrupts_nothing() {
    let (fired, unparks) = driven_with(&[(10, 70), (20, 65)]);
    assert_eq!(fired, [(60, 60), (65, 65), (70, 70)]);
    assert_eq!(unparks, 0, "the driver was unparked for nothing");
}

#[test]
fn of_three_timers_those_that_are_earlier_than_all_interrupt() {
    let (fired, unparks) = driven_with(&[(10, 40), (11, 50), (12, 30)]);
    assert_eq!(fired, [(30, 30), (40, 40), (50, 50), (60, 60)]);
    assert!(unparks <= 2, "the driver was unparked {unparks} times");
}
