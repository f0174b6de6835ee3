//! Exercise 5: two who keep the ball between them. To chapter 5. A broken runtime: a pair of tasks starves all others.
//!
//! This executor has a slot beside its queue, as serious ones do: a task that is woken while another one runs is the next.
//! What it was woken for is still in the caches, so that pays, and who throws a ball back and forth throws it fast. The
//! trouble is that there may be a third one:
//!
//! ```text
//! 1000 polls, and the third task had none of them
//! ```
//!
//! Mend `next`: the slot may go first as before, but three times in a row at most, while somebody is in the queue.
//!
//! Hint: what was in the slot when it was not its turn must not get lost. Where does it belong then?

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

/// How many polls may come out of the slot in a row.
#[allow(dead_code, reason = "it is for the solution")]
const IN_A_ROW: u32 = 3;

#[derive(Default)]
struct Ready {
    /// Who is next.
    slot: Option<usize>,
    queue: VecDeque<usize>,
}

impl Ready {
    fn next(&mut self) -> Option<usize> {
        self.slot.take().or_else(|| self.queue.pop_front())
    }

    /// Who was in the slot before has to queue.
    fn wake(&mut self, task: usize) {
        if self.slot == Some(task) || self.queue.contains(&task) {
            return;
        }
        if let Some(displaced) = self.slot.replace(task) {
            self.queue.push_back(displaced);
        }
    }
}

#[derive(Default)]
struct Executor {
    ready: Arc<Mutex<Ready>>,
    tasks: Vec<Pin<Box<dyn Future<Output = ()>>>>,
    /// Who was polled, in that order.
    polled: Vec<usize>,
}

struct WakesTask {
    task: usize,
    ready: Arc<Mutex<Ready>>,
}

impl Wake for WakesTask {
    fn wake(self: Arc<Self>) {
        self.ready.lock().unwrap().wake(self.task);
    }
}

impl Executor {
    fn spawn(&mut self, future: impl Future<Output = ()> + 'static) {
        self.ready.lock().unwrap().queue.push_back(self.tasks.len());
        self.tasks.push(Box::pin(future));
    }

    /// Polls so often at most.
    fn run(&mut self, polls: usize) {
        for _ in 0..polls {
            let Some(task) = self.ready.lock().unwrap().next() else {
                return;
            };
            self.polled.push(task);
            let waker = Waker::from(Arc::new(WakesTask {
                task,
                ready: self.ready.clone(),
            }));
            // None of these tasks is ever complete.
            let polled = self.tasks[task].as_mut().poll(&mut Context::from_waker(&waker));
            assert_eq!(polled, Poll::Pending);
        }
    }
}

/// A player: each time that it is polled it throws the ball to the other one, whose waker lies where `other` is.
async fn player(wakers: Arc<Mutex<[Option<Waker>; 2]>>, me: usize) {
    poll_fn(|cx| {
        let mut wakers = wakers.lock().unwrap();
        wakers[me] = Some(cx.waker().clone());
        let other = wakers[1 - me].take();
        drop(wakers);
        if let Some(other) = other {
            other.wake();
        }
        Poll::Pending
    })
    .await
}

fn play(executor: &mut Executor) {
    let wakers = Arc::new(Mutex::new([None, None]));
    executor.spawn(player(wakers.clone(), 0));
    executor.spawn(player(wakers, 1));
}

/// It is never done, and goes to the end of the queue.
async fn yields_for_ever() {
    poll_fn(|cx| {
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await
}

#[test]
fn a_third_task_has_its_turn() {
    let mut executor = Executor::default();
    play(&mut executor);
    executor.spawn(yields_for_ever());
    // The game begins with the first two polls, and the ball is in the slot then.
    executor.run(1000);
    let third = executor.polled.iter().filter(|&&task| task == 2).count();
    assert!(third > 0, "1000 polls, and the third task had none of them");
    // Between two turns of the queue there are three of the slot.
    assert!(third >= 100, "1000 polls, and the third task had {third} of them");
}

#[test]
fn who_is_woken_is_next_three_times_in_a_row() {
    let mut ready = Ready::default();
    ready.queue.extend([7, 8]);
    let mut polled = Vec::new();
    for woken in 1..=3 {
        ready.wake(woken);
        polled.extend(ready.next());
    }
    assert_eq!(polled, [1, 2, 3]);
}

#[test]
fn nobody_is_lost() {
    let mut ready = Ready::default();
    ready.queue.push_back(7);
    let mut polled = Vec::new();
    for woken in 1..=5 {
        ready.wake(woken);
        polled.extend(ready.next());
    }
    while let Some(task) = ready.next() {
        polled.push(task);
    }
    polled.sort_unstable();
    assert_eq!(polled, [1, 2, 3, 4, 5, 7]);
}
