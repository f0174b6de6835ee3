//! Random traces: any events, in any order. Large strategies are boxed, since code that is not optimised copies them on the stack.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use reveille_trace::trace::{
    By, Clock, Effect, End, Event, Flavor, Level, Meta, PollResult, Queue, Ready, Resource, Stop, Strings,
    TaskKind, Text, Thread, ThreadKind, Trace, Unpark, What, Why,
};

use snapshot::snapshots;

mod snapshot;

/// How many texts there are.
const STRINGS: u32 = 6;

/// A trace of any events that can be written.
pub(crate) fn traces() -> impl Strategy<Value = Trace> {
    let parts = (
        meta().boxed(),
        vec(threads(), 0..4),
        vec(strings(), STRINGS as usize),
        option::of(snapshots().boxed()),
    );
    (parts, vec(events(), 0..80)).prop_map(|((meta, threads, strings, mut snapshot), mut events)| {
        events.sort_by_key(|event| event.t);
        if let (Some(snapshot), Some(first)) = (&mut snapshot, events.first()) {
            snapshot.t = snapshot.t.min(first.t);
        }
        Trace {
            meta,
            threads,
            strings: Strings::new(strings),
            snapshot,
            events,
        }
    })
}

/// A number that JSON keeps; mostly a small one, so that events have to do with each other.
fn numbers() -> impl Strategy<Value = u64> {
    prop_oneof![8 => 0..5_u64, 1 => 0..1_000_000_u64, 1 => Just((1 << 53) - 1)]
}

fn small() -> impl Strategy<Value = u32> {
    prop_oneof![8 => 0..4_u32, 1 => Just(u32::MAX)]
}

fn texts() -> impl Strategy<Value = Text> {
    0..STRINGS
}

fn strings() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z<>&\"\\\\ä🦀]{0,8}",
        Just("</script><!--\u{0}\u{2028}\n".to_owned()),
        Just(String::new())
    ]
}

fn meta() -> impl Strategy<Value = Meta> {
    let clock = prop_oneof![Just(Clock::Monotonic), Just(Clock::Virtual)];
    let flavor = prop_oneof![Just(Flavor::CurrentThread), Just(Flavor::MultiThread)];
    let level = prop_oneof![1 => Just(Level::Loop), 3 => Just(Level::Full)];
    let first = (clock, small(), small(), numbers(), option::of(any::<u128>()));
    let second = (
        option::of(strings()),
        option::of(flavor),
        option::of(strings()),
        option::of(level),
        any::<bool>(),
    );
    (first, second).prop_map(
        |((clock, pid, workers, slow_poll_ns, start_unix_ns), (runtime, flavor, os, level, truncated))| {
            Meta {
                clock,
                pid,
                workers,
                slow_poll_ns,
                start_unix_ns,
                runtime,
                flavor,
                os,
                level,
                truncated,
            }
        },
    )
}

fn threads() -> impl Strategy<Value = Thread> {
    let kind = prop_oneof![
        Just(ThreadKind::Worker),
        Just(ThreadKind::Blocking),
        Just(ThreadKind::Driver),
        Just(ThreadKind::Other)
    ];
    (
        small(),
        strings(),
        kind,
        option::of(small()),
        option::of(numbers()),
    )
        .prop_map(|(id, name, kind, worker, os_tid)| Thread {
            id,
            name,
            kind,
            worker,
            os_tid,
        })
}

fn events() -> impl Strategy<Value = Event> {
    let what = prop_oneof![4 => of_polls(), 2 => of_tasks(), 2 => of_drivers(), 1 => of_threads()];
    (0..200_u64, 0..3_u32, what).prop_map(|(t, thread, what)| Event { t, thread, what })
}

fn of_polls() -> BoxedStrategy<What> {
    prop_oneof![
        (numbers(), numbers(), option::of(queues())).prop_map(|(task, n, queue)| What::PollStart {
            task,
            n,
            queue
        }),
        (numbers(), results(), numbers()).prop_map(|(task, result, wakers)| What::PollEnd {
            task,
            result,
            wakers
        }),
        (numbers(), by(), effects()).prop_map(|(task, by, effect)| What::Wake { task, by, effect }),
        (numbers(), queues(), numbers()).prop_map(|(task, queue, depth)| What::Enqueue {
            task,
            queue,
            depth
        }),
        (numbers(), resources(), numbers(), any::<bool>()).prop_map(|(task, resource, id, is_ready)| {
            What::Touch {
                task,
                resource,
                id,
                is_ready,
            }
        }),
    ]
    .boxed()
}

fn of_tasks() -> BoxedStrategy<What> {
    let kind = prop_oneof![
        Just(TaskKind::Task),
        Just(TaskKind::Local),
        Just(TaskKind::BlockOn)
    ];
    prop_oneof![
        (
            numbers(),
            numbers(),
            texts(),
            texts(),
            kind,
            option::of(numbers())
        )
            .prop_map(|(task, parent, name, location, kind, size)| What::Spawn {
                task,
                parent,
                name,
                location,
                kind,
                size
            }),
        (small(), small(), vec(numbers(), 0..4)).prop_map(|(from, to, tasks)| What::Steal {
            from,
            to,
            tasks
        }),
        (numbers(), numbers()).prop_map(|(task, ns)| What::SlowPoll { task, ns }),
        (numbers(), numbers()).prop_map(|(task, wakers)| What::WakerClone { task, wakers }),
        (numbers(), numbers()).prop_map(|(task, wakers)| What::WakerDrop { task, wakers }),
        (numbers(), resources(), numbers(), option::of(numbers())).prop_map(|(task, resource, id, peer)| {
            What::BlockOn {
                task,
                resource,
                id,
                peer,
            }
        }),
        (numbers(), resources(), numbers(), any::<bool>()).prop_map(|(task, resource, id, is_done)| {
            What::FutureDrop {
                task,
                resource,
                id,
                is_done,
            }
        }),
        (numbers(), by()).prop_map(|(task, by)| What::Abort { task, by }),
        (numbers(), ends()).prop_map(|(task, how)| What::TaskEnd { task, how }),
        (numbers(), texts()).prop_map(|(task, message)| What::Mark { task, message }),
    ]
    .boxed()
}

fn of_drivers() -> BoxedStrategy<What> {
    let place = || (option::of(numbers()), option::of(numbers()));
    prop_oneof![
        (
            numbers(),
            numbers(),
            texts(),
            option::of(ready()),
            option::of(texts())
        )
            .prop_map(|(source, fd, what, interest, peer)| What::IoRegister {
                source,
                fd,
                what,
                interest,
                peer
            }),
        numbers().prop_map(|source| What::IoDeregister { source }),
        (numbers(), numbers(), ready()).prop_map(|(source, task, direction)| What::IoWait {
            source,
            task,
            direction
        }),
        (numbers(), ready(), option::of(numbers())).prop_map(|(source, ready, waiters)| What::IoReady {
            source,
            ready,
            waiters
        }),
        (numbers(), numbers(), numbers(), place()).prop_map(|(timer, task, deadline, (level, slot))| {
            What::TimerSet {
                timer,
                task,
                deadline,
                level,
                slot,
            }
        }),
        (numbers(), numbers()).prop_map(|(timer, late)| What::TimerFire { timer, late }),
        numbers().prop_map(|timer| What::TimerCancel { timer }),
        (numbers(), numbers(), numbers()).prop_map(|(level, slot, n)| What::TimerCascade { level, slot, n }),
        (numbers(), numbers(), option::of(texts())).prop_map(|(job, task, location)| What::JobSubmit {
            job,
            task,
            location
        }),
        numbers().prop_map(|job| What::JobStart { job }),
        numbers().prop_map(|job| What::JobEnd { job }),
    ]
    .boxed()
}

fn of_threads() -> BoxedStrategy<What> {
    let how = prop_oneof![Just(Stop::Drop), Just(Stop::Shutdown), Just(Stop::Panic)];
    let why = prop_oneof![
        Just(Unpark::Io),
        Just(Unpark::Timer),
        Just(Unpark::Notify),
        Just(Unpark::Spurious)
    ];
    prop_oneof![
        small().prop_map(|workers| What::RuntimeStart { workers }),
        how.prop_map(|how| What::RuntimeStop { how }),
        option::of(numbers()).prop_map(|timeout| What::Park { timeout }),
        // Nobody counts no reasons.
        (why, option::of(1..9_u64)).prop_map(|(why, n)| What::Unpark { why, n }),
        numbers().prop_map(|n| What::Lost { n }),
    ]
    .boxed()
}

fn queues() -> BoxedStrategy<Queue> {
    prop_oneof![
        Just(Queue::Global),
        small().prop_map(Queue::Local),
        small().prop_map(Queue::Lifo)
    ]
    .boxed()
}

fn results() -> impl Strategy<Value = PollResult> {
    prop_oneof![4 => Just(PollResult::Pending), 1 => Just(PollResult::Ready), 1 => Just(PollResult::Panic)]
}

fn effects() -> impl Strategy<Value = Effect> {
    prop_oneof![
        Just(Effect::Scheduled),
        Just(Effect::Rescheduled),
        Just(Effect::Coalesced),
        Just(Effect::Nothing)
    ]
}

fn ready() -> impl Strategy<Value = Ready> {
    prop_oneof![
        Just(Ready::Read),
        Just(Ready::Write),
        Just(Ready::Both),
        Just(Ready::Hangup),
        Just(Ready::Error)
    ]
}

fn ends() -> impl Strategy<Value = End> {
    prop_oneof![
        Just(End::Completed),
        Just(End::Cancelled),
        Just(End::Panicked),
        Just(End::Shutdown)
    ]
}

fn by() -> BoxedStrategy<By> {
    let why = prop_oneof![
        Just(Why::Abort),
        Just(Why::Shutdown),
        Just(Why::Budget),
        Just(Why::Join)
    ];
    prop_oneof![
        numbers().prop_map(By::Task),
        (numbers(), ready()).prop_map(|(source, ready)| By::Io { source, ready }),
        numbers().prop_map(By::Timer),
        numbers().prop_map(By::Blocking),
        small().prop_map(By::Thread),
        why.prop_map(By::Runtime),
    ]
    .boxed()
}

fn resources() -> BoxedStrategy<Resource> {
    prop_oneof![
        2 => Just(Resource::Io),
        1 => Just(Resource::Timer),
        1 => Just(Resource::Job),
        2 => Just(Resource::Join),
        1 => Just(Resource::Channel),
        1 => Just(Resource::Lock),
        1 => Just(Resource::Foreign),
        1 => Just(Resource::Never)
    ]
    .boxed()
}
