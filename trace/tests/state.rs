//! How things stand after events, one rule at a time.

use reveille_trace::state::{Stage, State, Task, Times};
use reveille_trace::trace::{
    By, Effect, End, Event, PollResult, Queue, Ready, Resource, Snapshot, SnapshotTask, TaskKind, TaskState,
    What,
};

/// Applies events of thread 0, ten nanoseconds apart, from 10 on.
fn after(events: impl IntoIterator<Item = What>) -> State {
    continued(State::new(None), events)
}

fn continued(mut state: State, events: impl IntoIterator<Item = What>) -> State {
    for what in events {
        let t = state.t + 10;
        state.apply(&Event { t, thread: 0, what });
    }
    state
}

fn spawn(task: u64) -> What {
    What::Spawn {
        task,
        parent: 0,
        name: 1,
        location: 2,
        kind: TaskKind::Task,
        size: None,
    }
}

fn enqueue(task: u64, queue: Queue) -> What {
    What::Enqueue {
        task,
        queue,
        depth: 1,
    }
}

fn poll_start(task: u64) -> What {
    What::PollStart {
        task,
        n: 1,
        queue: None,
    }
}

fn poll_end(task: u64, result: PollResult) -> What {
    What::PollEnd {
        task,
        result,
        wakers: 1,
    }
}

fn wake(task: u64, by: u64, effect: Effect) -> What {
    What::Wake {
        task,
        by: By::Task(by),
        effect,
    }
}

fn queued(state: &State, queue: Queue) -> Vec<u64> {
    state.queues.get(&queue).into_iter().flatten().copied().collect()
}

#[test]
fn a_task_goes_from_new_by_queued_and_running_to_idle_and_done() {
    let events = [
        spawn(1),
        enqueue(1, Queue::Global),
        poll_start(1),
        poll_end(1, PollResult::Pending),
        enqueue(1, Queue::Global),
        poll_start(1),
        poll_end(1, PollResult::Ready),
        What::TaskEnd {
            task: 1,
            how: End::Completed,
        },
    ];
    let expected = [
        Stage::New,
        Stage::Queued,
        Stage::Running,
        Stage::Idle,
        Stage::Queued,
        Stage::Running,
        Stage::Done,
        Stage::Done,
    ];
    for length in 1..=events.len() {
        let state = after(events[..length].to_vec());
        assert_eq!(
            state.tasks[&1].stage,
            expected[length - 1],
            "after {length} events"
        );
        assert_eq!(
            state.polled.contains_key(&0),
            expected[length - 1] == Stage::Running
        );
    }
    assert_eq!(after(events).tasks[&1].end, Some(End::Completed));
}

#[test]
fn the_times_of_a_task_add_up_to_its_life() {
    let state = after([
        spawn(1),
        enqueue(1, Queue::Global),
        poll_start(1),
        poll_end(1, PollResult::Pending),
        What::Mark { task: 0, message: 0 },
    ]);
    let times = state.tasks[&1].times(state.t + 5);
    assert_eq!(
        times,
        Times {
            busy: 10,
            scheduled: 20,
            idle: 15
        }
    );
    assert_eq!(state.tasks[&1].spawned, Some(10));
    let state = continued(
        state,
        [What::TaskEnd {
            task: 1,
            how: End::Cancelled,
        }],
    );
    assert_eq!(state.tasks[&1].times(1_000).idle, 20, "it is over");
}

#[test]
fn a_task_that_is_woken_in_its_poll_is_queued_after_it() {
    let rescheduled = [
        poll_start(1),
        wake(1, 1, Effect::Rescheduled),
        poll_end(1, PollResult::Pending),
    ];
    let state = after(rescheduled);
    assert_eq!(
        (state.tasks[&1].stage, state.tasks[&1].queue),
        (Stage::Queued, None)
    );
    assert_eq!((state.tasks[&1].wakes, state.tasks[&1].self_wakes), (1, 1));
    let early = [poll_start(1), enqueue(1, Queue::Local(0))];
    let state = after(early);
    assert_eq!(state.tasks[&1].stage, Stage::Running);
    let state = continued(state, [poll_end(1, PollResult::Pending)]);
    assert_eq!(
        (state.tasks[&1].stage, state.tasks[&1].queue),
        (Stage::Queued, Some(Queue::Local(0)))
    );
}

#[test]
fn a_wake_alone_does_not_queue() {
    let state = after([
        poll_start(1),
        poll_end(1, PollResult::Pending),
        wake(1, 2, Effect::Scheduled),
    ]);
    assert_eq!(state.tasks[&1].stage, Stage::Idle);
    assert_eq!((state.tasks[&1].wakes, state.tasks[&1].self_wakes), (1, 0));
}

#[test]
fn a_task_is_in_one_queue_at_a_time() {
    let state = after([1, 2, 3].map(|task| enqueue(task, Queue::Local(0))));
    assert_eq!(queued(&state, Queue::Local(0)), [1, 2, 3]);
    let state = continued(
        state,
        [What::Steal {
            from: 0,
            to: 1,
            tasks: vec![2, 1],
        }],
    );
    assert_eq!(
        (queued(&state, Queue::Local(0)), queued(&state, Queue::Local(1))),
        (vec![3], vec![2, 1])
    );
    let state = continued(state, [enqueue(3, Queue::Global), poll_start(1)]);
    assert_eq!(
        (queued(&state, Queue::Local(0)), queued(&state, Queue::Local(1))),
        (vec![], vec![2])
    );
    assert_eq!(queued(&state, Queue::Global), [3]);
}

#[test]
fn what_a_task_waits_for_ends_with_its_next_poll() {
    let register = What::IoRegister {
        source: 9,
        fd: 4,
        what: 0,
        interest: None,
        peer: None,
    };
    let waits = What::IoWait {
        source: 9,
        task: 1,
        direction: Ready::Read,
    };
    let joins = What::BlockOn {
        task: 1,
        resource: Resource::Join,
        id: 2,
        peer: Some(2),
    };
    let other = What::BlockOn {
        task: 1,
        resource: Resource::Lock,
        id: 7,
        peer: None,
    };
    let state = after([
        register,
        poll_start(1),
        waits,
        joins,
        other,
        poll_end(1, PollResult::Pending),
    ]);
    assert_eq!(state.sources[&9].waiters, [(1, Ready::Read)]);
    assert_eq!(state.tasks[&1].waits.len(), 2);
    let dropped = What::FutureDrop {
        task: 1,
        resource: Resource::Lock,
        id: 7,
        is_done: false,
    };
    let state = continued(state, [dropped]);
    assert_eq!(state.tasks[&1].waits[0].peer, Some(2));
    assert_eq!(state.tasks[&1].waits.len(), 1);
    let state = continued(state, [poll_start(1)]);
    assert!(state.sources[&9].waiters.is_empty() && state.tasks[&1].waits.is_empty());
}

#[test]
fn a_cascade_leaves_timers_without_a_known_place() {
    let set = |timer, slot| What::TimerSet {
        timer,
        task: 1,
        deadline: 99,
        level: Some(1),
        slot: Some(slot),
    };
    let state = after([
        set(1, 5),
        set(2, 6),
        What::TimerCascade {
            level: 1,
            slot: 5,
            n: 1,
        },
    ]);
    assert_eq!((state.timers[&1].level, state.timers[&1].slot), (None, None));
    assert_eq!(state.timers[&2].slot, Some(6));
    let state = continued(
        state,
        [
            What::TimerFire { timer: 1, late: 0 },
            What::TimerCancel { timer: 2 },
        ],
    );
    assert!(state.timers.is_empty());
}

#[test]
fn a_poll_within_a_poll_is_the_innermost() {
    let state = after([poll_start(1), poll_start(2)]);
    assert_eq!(state.polled[&0], [1, 2]);
    let state = continued(state, [poll_end(2, PollResult::Pending)]);
    assert_eq!(state.polled[&0], [1]);
}

#[test]
fn what_says_that_a_task_is_alive_makes_it_known() {
    let known = |what| after([what]).tasks.contains_key(&1);
    assert!(known(wake(1, 2, Effect::Coalesced)));
    assert!(known(poll_end(1, PollResult::Pending)));
    assert!(known(What::IoWait {
        source: 9,
        task: 1,
        direction: Ready::Read
    }));
    assert!(!known(wake(1, 2, Effect::Nothing)));
    assert!(!known(What::WakerDrop { task: 1, wakers: 0 }));
    assert!(!known(What::TaskEnd {
        task: 1,
        how: End::Completed
    }));
    assert!(
        after([poll_start(0), wake(0, 0, Effect::Scheduled)])
            .tasks
            .is_empty(),
        "0 is no task"
    );
}

#[test]
fn a_snapshot_is_a_start_and_forgets_what_is_over() {
    let state = after([
        spawn(1),
        poll_start(1),
        poll_end(1, PollResult::Ready),
        spawn(2),
        enqueue(2, Queue::Lifo(0)),
        What::Park { timeout: None },
        What::JobSubmit {
            job: 5,
            task: 2,
            location: None,
        },
        What::JobStart { job: 5 },
    ]);
    let snapshot = state.snapshot(0);
    let tasks: Vec<u64> = snapshot.tasks.iter().map(|task| task.task).collect();
    assert_eq!(tasks, [2]);
    assert_eq!((snapshot.tasks[0].name, snapshot.tasks[0].location), (1, 2));
    assert_eq!(snapshot.queues, [(Queue::Lifo(0), vec![2])]);
    assert_eq!(snapshot.parked, [0]);
    assert!(snapshot.jobs[0].is_running);
    let state = continued(State::new(Some(&snapshot)), [poll_start(2)]);
    assert_eq!(state.tasks[&2].times(state.t).scheduled, 50);
    assert!(queued(&state, Queue::Lifo(0)).is_empty());
}

#[test]
fn after_a_loss_no_task_is_said_to_be_without_a_waker() {
    let wakers = |state: &State| state.snapshot(0).tasks[0].wakers;
    let without = What::PollEnd {
        task: 1,
        result: PollResult::Pending,
        wakers: 0,
    };
    let state = after([poll_start(1), without.clone()]);
    assert_eq!(wakers(&state), 0);
    let state = continued(state, [What::Lost { n: 3 }]);
    assert_eq!((wakers(&state), state.lost), (1, 3));
    let state = continued(state, [poll_start(1), without]);
    assert_eq!(wakers(&state), 0, "it was told again");
    let unheard_of = after([wake(1, 2, Effect::Scheduled)]);
    assert_eq!(wakers(&unheard_of), 1);
}

#[test]
fn a_long_life_can_be_followed_without_those_who_are_over() {
    let mut state = after([spawn(1), poll_start(1), poll_end(1, PollResult::Ready), spawn(2)]);
    state.forget_done();
    assert_eq!(state.tasks.into_keys().collect::<Vec<_>>(), [2]);
}

#[test]
fn a_running_task_of_a_snapshot_is_polled_by_its_thread() {
    let running = SnapshotTask {
        task: 1,
        state: TaskState::Running,
        thread: Some(3),
        ..SnapshotTask::default()
    };
    let snapshot = Snapshot {
        t: 70,
        tasks: vec![running],
        ..Snapshot::default()
    };
    let state = State::new(Some(&snapshot));
    assert_eq!(state.polled[&3], [1]);
    let Task { stage, since, .. } = &state.tasks[&1];
    assert_eq!((*stage, *since), (Stage::Running, 70));
}
