//! Values that come out when their time has come. The clock stands, and is moved by hand.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use futures_core::Stream;
use reveille_timer::delay_queue::Key;
use reveille_timer::{Clock, DelayQueue, Duration, EnterGuard, Instant, Timers};

mod probe;

use probe::Count;

const SECOND: Duration = Duration::from_secs(1);

/// Timers whose clock stands, current on this thread.
struct Stage {
    clock: Clock,
    timers: Timers,
    _entered: EnterGuard,
}

impl Stage {
    fn new() -> Self {
        let clock = Clock::new_paused();
        let timers = Timers::with_clock(clock.clone(), Waker::noop().clone());
        let entered = timers.handle().enter();
        Self {
            clock,
            timers,
            _entered: entered,
        }
    }

    /// Goes on to each deadline until so much time is over.
    fn go_on(&self, duration: Duration) {
        let end = self.clock.now() + duration;
        let mut woken = Vec::new();
        while self.clock.step(&[self.timers.handle()], Some(end), &mut woken) {}
        self.clock.advance_to(end);
        woken.into_iter().for_each(Waker::wake);
    }
}

fn poll<T>(queue: &mut DelayQueue<T>, waker: &Waker) -> Poll<Option<T>> {
    let next = Pin::new(queue).poll_next(&mut Context::from_waker(waker));
    next.map(|expired| expired.map(|expired| expired.into_inner()))
}

#[test]
fn values_come_out_at_their_deadlines_and_equal_ones_in_the_order_they_went_in() {
    let stage = Stage::new();
    let mut queue = DelayQueue::new();
    let start = Instant::now();
    queue.insert("c", 3 * SECOND);
    queue.insert("a", SECOND);
    queue.insert("b1", 2 * SECOND);
    queue.insert("b2", 2 * SECOND);
    for (seconds, expected) in [(1, &["a"][..]), (2, &["b1", "b2"]), (3, &["c"])] {
        let (count, waker) = Count::new();
        assert!(poll(&mut queue, &waker).is_pending());
        stage.go_on(SECOND);
        assert_eq!(count.get(), 1, "nobody is woken after {seconds} s");
        for value in expected {
            let next = queue.poll_expired(&mut Context::from_waker(&waker));
            let Poll::Ready(Some(expired)) = next else {
                panic!("{value} does not come out")
            };
            assert_eq!(expired.deadline(), start + seconds * SECOND);
            assert_eq!(expired.into_inner(), *value);
        }
    }
    assert_eq!(poll(&mut queue, Waker::noop()), Poll::Ready(None));
    assert!(queue.is_empty());
}

#[test]
fn a_value_put_before_the_first_wakes_who_waits_for_that() {
    let stage = Stage::new();
    let mut queue = DelayQueue::new();
    let (count, waker) = Count::new();
    assert_eq!(poll(&mut queue, &waker), Poll::Ready(None));
    queue.insert("late", 10 * SECOND);
    assert_eq!(count.get(), 1, "to an empty queue");

    assert!(poll(&mut queue, &waker).is_pending());
    queue.insert("later", 20 * SECOND);
    assert_eq!(count.get(), 1, "what comes later wakes nobody");
    let early = queue.insert("early", 5 * SECOND);
    assert_eq!(count.get(), 2, "before the first");

    assert!(poll(&mut queue, &waker).is_pending());
    queue.reset(&early, SECOND);
    assert_eq!(count.get(), 3, "moved to the front");
    assert!(poll(&mut queue, &waker).is_pending());
    stage.go_on(SECOND);
    assert_eq!(poll(&mut queue, &waker), Poll::Ready(Some("early")));
}

#[test]
fn a_reset_moves_a_value_and_keeps_its_key() {
    let stage = Stage::new();
    let mut queue = DelayQueue::new();
    let moved = queue.insert("moved", SECOND);
    queue.insert("other", 2 * SECOND);
    queue.reset(&moved, 3 * SECOND);
    assert_eq!(queue.len(), 2);
    assert_eq!(queue.deadline(&moved), Instant::now() + 3 * SECOND);
    assert_ne!(queue.peek(), Some(moved));
    stage.go_on(2 * SECOND);
    assert_eq!(poll(&mut queue, Waker::noop()), Poll::Ready(Some("other")));
    assert!(poll(&mut queue, Waker::noop()).is_pending());
    assert_eq!(queue.peek(), Some(moved));
    stage.go_on(SECOND);
    assert_eq!(poll(&mut queue, Waker::noop()), Poll::Ready(Some("moved")));
}

#[test]
fn what_was_taken_out_does_not_come_out_and_its_key_names_nothing_ever_after() {
    let stage = Stage::new();
    let mut queue = DelayQueue::new();
    let gone = queue.insert("gone", SECOND);
    assert_eq!(queue.remove(&gone).key(), gone);
    let next = queue.insert("next", SECOND);
    assert_ne!(gone, next);
    assert!(queue.try_remove(&gone).is_none());
    stage.go_on(SECOND);
    assert_eq!(poll(&mut queue, Waker::noop()), Poll::Ready(Some("next")));
    assert!(queue.try_remove(&next).is_none());
}

#[test]
fn the_cleared_and_the_dropped_are_dropped_once() {
    let _stage = Stage::new();
    let value = Rc::new(());
    let mut queue = DelayQueue::new();
    for seconds in 0..10 {
        queue.insert(value.clone(), seconds * SECOND);
    }
    queue.clear();
    assert_eq!(Rc::strong_count(&value), 1);
    assert_eq!(queue.peek(), None);
    queue.insert(value.clone(), SECOND);
    drop(queue);
    assert_eq!(Rc::strong_count(&value), 1);
}

#[test]
fn a_key_that_names_nothing_is_refused_with_what_to_do_instead() {
    let _stage = Stage::new();
    type Refused = fn(&mut DelayQueue<()>, &Key);
    let refused: [(Refused, &str); 3] = [
        (|queue, key| _ = queue.remove(key), "try_remove"),
        (|queue, key| queue.reset(key, SECOND), "insert it again"),
        (
            |queue, key| _ = queue.deadline(key),
            "keep what `insert_at` was told",
        ),
    ];
    for (call, instead) in refused {
        let refused = std::panic::catch_unwind(|| {
            let mut queue = DelayQueue::new();
            let key = queue.insert((), SECOND);
            queue.remove(&key);
            call(&mut queue, &key);
        });
        let said = refused.unwrap_err().downcast::<String>().unwrap();
        assert!(said.contains(instead), "{said}");
    }
}

#[test]
fn a_value_that_came_out_is_within_reach_and_a_queue_says_what_comes_next() {
    let stage = Stage::new();
    let mut queue = DelayQueue::default();
    assert_eq!(format!("{queue:?}"), "DelayQueue { len: 0, next: None, .. }");
    let key = queue.insert(1, SECOND);
    assert_eq!(
        format!("{queue:?}"),
        format!(
            "DelayQueue {{ len: 1, next: {:?}, .. }}",
            Some(queue.deadline(&key))
        )
    );
    stage.go_on(SECOND);
    let Poll::Ready(Some(mut expired)) = queue.poll_expired(&mut Context::from_waker(Waker::noop())) else {
        panic!("it does not come out")
    };
    *expired.get_mut() += 1;
    assert_eq!((*expired.get_ref(), expired.into_inner()), (2, 2));
}
