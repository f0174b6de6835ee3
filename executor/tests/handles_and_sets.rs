//! Abort handles, sets of tasks, scopes, names, and values that belong to a task.

mod gate;
mod watchdog;

use std::cell::Cell;
use std::future::{self, Future};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use gate::Key;
use reveille_executor::{
    AbortOnDropHandle, Config, CurrentThread, JoinSet, MultiThread, TaskBuilder, ThreadPark, consume_budget,
    scope, spawn, task_local, try_scope, unconstrained, yield_now,
};
use watchdog::watched;

fn run<F: Future<Output = ()>>(make: impl FnOnce() -> F + Send + 'static) {
    watched(|| CurrentThread::new(ThreadPark::new()).block_on(make()));
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Counts its polls.
struct Polls<F>(Pin<Box<F>>, Arc<AtomicUsize>);

impl<F: Future> Future for Polls<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.as_mut().poll(cx)
    }
}

#[test]
fn an_abort_handle_outlives_its_task_and_every_clone_aborts() {
    run(|| async {
        let key = Key::default();
        let task = spawn(key.gate());
        let abort = task.abort_handle();
        assert_eq!(abort.id(), task.id());
        drop(task);
        yield_now().await;
        assert!(!abort.is_finished());
        abort.clone().abort();
        yield_now().await;
        assert!(abort.is_finished());
        assert_eq!(key.drops(), 1);
        abort.abort();
    });
}

#[test]
fn a_handle_that_aborts_on_drop_does_so_unless_it_is_detached() {
    run(|| async {
        let (aborted, detached) = (Key::default(), Key::default());
        drop(AbortOnDropHandle::new(spawn(aborted.gate())));
        let task = AbortOnDropHandle::new(spawn(detached.gate())).detach();
        yield_now().await;
        assert_eq!((aborted.drops(), detached.drops()), (1, 0));
        detached.open();
        task.await.unwrap();
        assert_eq!(AbortOnDropHandle::new(spawn(async { 4 })).await.unwrap(), 4);
    });
}

#[test]
fn a_handle_that_aborts_on_drop_does_what_others_do() {
    run(|| async {
        let key = Key::default();
        let task = AbortOnDropHandle::from(spawn(key.gate()));
        assert_eq!(task.abort_handle().id(), task.id());
        assert!(!task.is_finished());
        task.abort();
        yield_now().await;
        assert!(task.is_finished());
        assert!(task.await.unwrap_err().is_cancelled());
    });
}

#[test]
fn a_set_tells_whose_output_it_is() {
    run(|| async {
        let mut set = JoinSet::new();
        let first = set.spawn(async { 1 }).id();
        let (task, output) = set.join_next_with_id().await.unwrap().unwrap();
        assert_eq!((task, output), (first, 1));
        let second = set.spawn(async { 2 }).id();
        assert!(set.try_join_next_with_id().is_none());
        yield_now().await;
        let (task, output) = set.try_join_next_with_id().unwrap().unwrap();
        assert_eq!((task, output), (second, 2));
        assert!(set.join_next_with_id().await.is_none());
    });
}

#[test]
fn a_name_is_shown_by_the_error_of_a_panic() {
    run(|| async {
        let task = TaskBuilder::new()
            .name("fetch")
            .spawn(async { panic!("no route") as () });
        let id = task.id();
        assert_eq!(
            task.await.unwrap_err().to_string(),
            format!("task {id} (\"fetch\") panicked: no route")
        );
        let task = TaskBuilder::new()
            .name("here")
            .spawn_local(async { panic!("local") as () });
        let error = task.await.unwrap_err().to_string();
        assert!(error.ends_with("(\"here\") panicked: local"), "{error}");
    });
}

#[test]
fn a_set_gives_outputs_in_the_order_in_which_tasks_end() {
    run(|| async {
        let keys: Vec<_> = (0..3).map(|_| Key::default()).collect();
        let mut set = JoinSet::new();
        for (number, key) in keys.iter().enumerate() {
            let gate = key.gate();
            set.spawn(async move {
                gate.await;
                number
            });
        }
        assert_eq!(set.len(), 3);
        assert!(set.try_join_next().is_none());
        for number in [2, 0, 1] {
            yield_now().await;
            keys[number].open();
            assert_eq!(set.join_next().await.unwrap().unwrap(), number);
        }
        assert!(set.join_next().await.is_none());
    });
}

#[test]
fn a_task_that_had_ended_before_it_came_into_the_set_is_given_out() {
    run(|| async {
        // What is spawned on a runtime that is gone is cancelled at once.
        let gone = CurrentThread::new(ThreadPark::new()).handle();
        let mut set = JoinSet::new();
        assert!(set.spawn_on(future::ready(1), &gone).is_finished());
        assert!(set.join_next().await.unwrap().unwrap_err().is_cancelled());
    });
}

#[test]
fn a_dropped_join_next_loses_no_output() {
    run(|| async {
        let key = Key::default();
        let mut set = JoinSet::new();
        set.spawn(key.gate());
        yield_now().await;
        let wakes = Arc::new(Wakes::default());
        {
            let mut next = pin!(set.join_next());
            let waker = Waker::from(wakes.clone());
            assert!(next.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        }
        key.open();
        yield_now().await;
        assert_eq!(wakes.0.load(Ordering::SeqCst), 1);
        assert!(set.join_next().await.unwrap().is_ok());
    });
}

#[test]
fn a_task_that_ends_wakes_the_set_once_however_many_others_wait() {
    run(|| async {
        const TASKS: usize = 10_000;
        let keys: Vec<_> = (0..TASKS).map(|_| Key::default()).collect();
        let mut set: JoinSet<()> = keys.iter().map(Key::gate).collect();
        yield_now().await;
        while keys.iter().any(|key| key.polls() == 0) {
            yield_now().await;
        }
        let wakes = Arc::new(Wakes::default());
        let waker = Waker::from(wakes.clone());
        let cx = &mut Context::from_waker(&waker);
        assert!(set.poll_join_next(cx).is_pending());
        keys[TASKS / 2].open();
        yield_now().await;
        assert_eq!(wakes.0.load(Ordering::SeqCst), 1);
        assert!(set.poll_join_next(cx).is_ready());
        assert!(set.poll_join_next(cx).is_pending());
        set.shutdown().await;
        assert!(keys.iter().all(|key| key.drops() == 1));
    });
}

#[test]
fn a_dropped_set_aborts_and_a_detached_one_does_not() {
    run(|| async {
        let (aborted, detached) = (Key::default(), Key::default());
        let mut set = JoinSet::new();
        set.spawn(detached.gate());
        set.detach_all();
        assert!(set.is_empty());
        set.spawn(aborted.gate());
        drop(set);
        yield_now().await;
        assert_eq!((aborted.drops(), detached.drops()), (1, 0));
    });
}

#[test]
fn join_all_resumes_a_panic_and_aborts_the_rest() {
    run(|| async {
        let key = Key::default();
        let mut set = JoinSet::new();
        set.spawn(key.gate());
        set.spawn(async { panic!("one of them") });
        let joined = spawn(set.join_all()).await.unwrap_err();
        assert!(joined.to_string().ends_with("one of them"), "{joined}");
        yield_now().await;
        assert_eq!(key.drops(), 1);
        let set: JoinSet<_> = [future::ready(1), future::ready(2)].into_iter().collect();
        assert_eq!(set.join_all().await, [1, 2]);
    });
}

#[test]
fn a_set_gives_way_when_the_budget_is_spent() {
    run(|| async {
        let mut set: JoinSet<()> = (0..1000).map(|_| future::ready(())).collect();
        yield_now().await;
        while set.try_join_next().is_some() {}
        set.extend((0..1000).map(|_| future::ready(())));
        let polls = Arc::new(AtomicUsize::new(0));
        let drain = async move { while set.join_next().await.is_some() {} };
        yield_now().await;
        spawn(Polls(Box::pin(drain), polls.clone())).await.unwrap();
        assert!(polls.load(Ordering::SeqCst) > 5, "{polls:?}");
    });
}

#[test]
fn a_scope_ends_when_its_children_and_theirs_have_ended() {
    run(|| async {
        let ended = Arc::new(AtomicUsize::new(0));
        let output = scope(|scope| {
            let ended = ended.clone();
            async move {
                let inner = scope.clone();
                scope.spawn(async move {
                    yield_now().await;
                    for _ in 0..3 {
                        let ended = ended.clone();
                        inner.spawn(async move {
                            yield_now().await;
                            ended.fetch_add(1, Ordering::SeqCst);
                        });
                    }
                });
                5
            }
        })
        .await;
        assert_eq!((output, ended.load(Ordering::SeqCst)), (5, 3));
    });
}

#[test]
fn the_first_error_cancels_the_scope_and_is_returned_when_all_have_ended() {
    run(|| async {
        let (child, body) = (Key::default(), Key::default());
        let result = try_scope(|scope| {
            scope.spawn(child.gate());
            scope.try_spawn(async {
                yield_now().await;
                Err("the first")
            });
            let gate = body.gate();
            async move {
                gate.await;
                Ok(())
            }
        })
        .await;
        assert_eq!(result, Err("the first"));
        assert_eq!((child.drops(), body.drops()), (1, 1));
    });
}

#[test]
fn a_panic_of_a_child_comes_out_of_the_scope_when_all_have_ended() {
    let key = Key::default();
    let panic = catch_unwind(AssertUnwindSafe(|| {
        let gate = key.gate();
        run(move || {
            scope(|scope| async move {
                scope.spawn(gate);
                scope.spawn(async { panic!("a child") });
                future::pending::<()>().await;
            })
        });
    }))
    .unwrap_err();
    assert_eq!(*panic.downcast::<&str>().unwrap(), "a child");
    assert_eq!(key.drops(), 1);
}

#[test]
fn dropping_a_scope_aborts_its_children_and_no_more_begin() {
    run(|| async {
        let (child, late) = (Key::default(), Key::default());
        let mut escaped = None;
        {
            let mut scope = pin!(scope(|scope| {
                escaped = Some(scope.clone());
                let gate = child.gate();
                async move {
                    scope.spawn(gate);
                    future::pending::<()>().await;
                }
            }));
            let cx = &mut Context::from_waker(Waker::noop());
            assert!(scope.as_mut().poll(cx).is_pending());
            yield_now().await;
            assert_eq!((child.polls(), child.drops()), (1, 0));
        }
        yield_now().await;
        assert_eq!(child.drops(), 1);
        escaped.unwrap().spawn(late.gate());
        assert_eq!((late.polls(), late.drops()), (0, 1));
    });
}

#[test]
fn a_forgotten_scope_does_no_harm() {
    run(|| async {
        let child = Key::default();
        let gate = child.gate();
        let forgotten = Box::leak(Box::new(Box::pin(scope(|scope| async move {
            scope.spawn(gate);
            future::pending::<()>().await;
        }))));
        let cx = &mut Context::from_waker(Waker::noop());
        assert!(forgotten.as_mut().poll(cx).is_pending());
        // Forgotten for good; only a checker of leaks is to see that it is meant.
        static IN_SIGHT: AtomicPtr<()> = AtomicPtr::new(std::ptr::null_mut());
        IN_SIGHT.store(std::ptr::from_mut(forgotten).cast(), Ordering::Relaxed);
        child.open();
        yield_now().await;
        assert_eq!(child.drops(), 1);
    });
}

#[test]
fn a_scope_over_several_workers_loses_no_child() {
    watched(|| {
        let executor = MultiThread::new([ThreadPark::new(), ThreadPark::new()], Config::default()).unwrap();
        for _ in 0..100 {
            let ended = Arc::new(AtomicUsize::new(0));
            let counted = ended.clone();
            let all = scope(|scope| async move {
                for _ in 0..20 {
                    let counted = counted.clone();
                    scope.spawn(async move {
                        yield_now().await;
                        counted.fetch_add(1, Ordering::SeqCst);
                    });
                }
            });
            executor.block_on(executor.handle().spawn(all)).unwrap();
            assert_eq!(ended.load(Ordering::SeqCst), 20);
        }
    });
}

task_local! {
    static NUMBER: Cell<u32>;
    static NAME: String
}

/// Looks at the value when it is dropped.
struct LooksInDrop(Arc<AtomicUsize>);

impl Drop for LooksInDrop {
    fn drop(&mut self) {
        let number = NUMBER.try_with(Cell::get).unwrap_or(77);
        self.0.store(number as usize, Ordering::SeqCst);
    }
}

#[test]
fn a_task_local_value_belongs_to_its_future() {
    run(|| async {
        let tasks: Vec<_> = (0..3)
            .map(|number| {
                spawn(NUMBER.scope(Cell::new(number), async move {
                    for _ in 0..3 {
                        yield_now().await;
                        NUMBER.with(|cell| cell.set(cell.get() + 10));
                    }
                    // A task that is spawned inside does not inherit it.
                    spawn(async { assert!(NUMBER.try_with(|_| ()).is_err()) })
                        .await
                        .unwrap();
                    NUMBER.with(Cell::get)
                }))
            })
            .collect();
        for (number, task) in tasks.into_iter().enumerate() {
            assert_eq!(task.await.unwrap() as usize, number + 30);
        }
    });
}

#[test]
fn an_inner_task_local_value_hides_the_outer_one_also_over_a_panic() {
    NAME.sync_scope("outer".to_owned(), || {
        let panic = catch_unwind(|| NAME.sync_scope("inner".to_owned(), || panic!("in {}", NAME.get())));
        assert_eq!(*panic.unwrap_err().downcast::<String>().unwrap(), "in inner");
        assert_eq!(NAME.get(), "outer");
        let mut inside = pin!(NAME.scope("future".to_owned(), async { panic!("in {}", NAME.get()) as () }));
        let cx = &mut Context::from_waker(Waker::noop());
        assert!(catch_unwind(AssertUnwindSafe(|| inside.as_mut().poll(cx))).is_err());
        assert_eq!(NAME.get(), "outer");
        assert_eq!(inside.as_mut().take_value().unwrap(), "future");
    });
    assert!(NAME.try_with(|_| ()).is_err());
}

#[test]
fn a_task_local_value_is_there_while_its_future_is_dropped() {
    let seen = Arc::new(AtomicUsize::new(0));
    let looks = LooksInDrop(seen.clone());
    drop(NUMBER.scope(Cell::new(5), async move {
        let _looks = looks;
    }));
    assert_eq!(seen.load(Ordering::SeqCst), 5);
}

#[test]
fn consume_budget_gives_way_and_unconstrained_does_not() {
    run(|| async {
        for (free, expected) in [(false, 8), (true, 1)] {
            let polls = Arc::new(AtomicUsize::new(0));
            let work = async {
                for _ in 0..1000 {
                    consume_budget().await;
                }
            };
            let counted = polls.clone();
            if free {
                spawn(Polls(Box::pin(unconstrained(work)), counted))
                    .await
                    .unwrap();
            } else {
                spawn(Polls(Box::pin(work), counted)).await.unwrap();
            }
            assert_eq!(polls.load(Ordering::SeqCst), expected);
        }
    });
}
