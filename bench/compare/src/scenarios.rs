//! What is measured, and on which runtimes.

/// What the project is.
pub(crate) const OURS: &str = "reveille";
/// What it is measured against.
pub(crate) const TOKIO: &str = "tokio";
/// What it must not be behind either.
pub(crate) const PEERS: [&str; 4] = ["smol", "async-executor", "monoio-epoll", "compio"];
/// All that are shown beside ours where a target is about it.
pub(crate) const OTHERS: [&str; 5] = [TOKIO, "smol", "async-executor", "monoio-epoll", "compio"];
/// All, in the order of the tables.
pub(crate) const RUNTIMES: [&str; 9] = [
    OURS,
    TOKIO,
    "smol",
    "async-executor",
    "monoio-epoll",
    "monoio-uring",
    "compio",
    "threads",
    "raw",
];
/// Those that can be built with another allocator, and the scenarios that it matters for: those that allocate.
pub(crate) const WITH_MIMALLOC: [&str; 6] = [OURS, TOKIO, "smol", "async-executor", "monoio-epoll", "compio"];

pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// What one operation of it is.
    pub(crate) per: &'static str,
    /// The runtimes whose one-thread flavour is measured, and those with two workers.
    pub(crate) runtimes: [&'static [&'static str]; 2],
    /// It allocates, so that it is measured with another allocator too.
    pub(crate) allocates: bool,
    /// It takes many seconds, so that a quick run leaves out whom no target names.
    pub(crate) is_slow: bool,
}

const ALL: &[&str] = &[
    OURS,
    TOKIO,
    "smol",
    "async-executor",
    "monoio-epoll",
    "monoio-uring",
    "compio",
    "threads",
];
const WITH_WAKES: &[&str] = &[OURS, TOKIO, "smol", "async-executor", "compio", "threads"];
const WITH_YIELD: &[&str] = &[OURS, TOKIO, "smol", "async-executor", "threads"];
const ASYNC: &[&str] = &[
    OURS,
    TOKIO,
    "smol",
    "async-executor",
    "monoio-epoll",
    "monoio-uring",
    "compio",
];
const WITH_TIMERS: &[&str] = &[OURS, TOKIO, "smol", "monoio-epoll", "monoio-uring", "compio"];
const WITH_SOCKETS: &[&str] = &[
    OURS,
    TOKIO,
    "smol",
    "monoio-epoll",
    "monoio-uring",
    "compio",
    "threads",
    "raw",
];
const WITHOUT_THREADS: &[&str] = &[
    OURS,
    TOKIO,
    "smol",
    "monoio-epoll",
    "monoio-uring",
    "compio",
    "raw",
];
const HYPER: &[&str] = &[OURS, TOKIO, "smol"];
const WORKERS: &[&str] = &[OURS, TOKIO, "smol", "async-executor"];
const BOTH: &[&str] = &[OURS, TOKIO];
const NONE: &[&str] = &[];

const fn one(name: &'static str, per: &'static str, runtimes: [&'static [&'static str]; 2]) -> Scenario {
    Scenario {
        name,
        per,
        runtimes,
        allocates: false,
        is_slow: false,
    }
}

const fn slow(name: &'static str, per: &'static str, runtimes: [&'static [&'static str]; 2]) -> Scenario {
    Scenario {
        is_slow: true,
        ..one(name, per, runtimes)
    }
}

const fn allocating(
    name: &'static str,
    per: &'static str,
    runtimes: [&'static [&'static str]; 2],
) -> Scenario {
    Scenario {
        allocates: true,
        ..one(name, per, runtimes)
    }
}

pub(crate) const SCENARIOS: &[Scenario] = &[
    allocating(
        "spawn_join",
        "a task spawned and joined, one by one, by the future in `block_on`",
        [ALL, WORKERS],
    ),
    allocating(
        "spawn_join_in_task",
        "a task spawned and joined, one by one, by a task",
        [ALL, WORKERS],
    ),
    allocating(
        "spawn_1000_join",
        "a task spawned and joined, in batches of 1,000, by the future in `block_on`",
        [ALL, WORKERS],
    ),
    allocating(
        "spawn_1000_join_in_task",
        "a task spawned and joined, in batches of 1,000, by a task",
        [ALL, WORKERS],
    ),
    allocating(
        "spawn_1m_detached",
        "one of a million tasks spawned and let go by a task",
        [ASYNC, WORKERS],
    ),
    allocating(
        "foreign_spawn",
        "a task spawned by a thread that is not the runtime's, in batches of 1,000",
        [&[OURS, TOKIO, "smol"], WORKERS],
    ),
    allocating(
        "join_set",
        "one of 10,000 tasks of the runtime's own set",
        [BOTH, BOTH],
    ),
    one(
        "self_wake_1",
        "a wake of itself and a poll, 1 task",
        [ASYNC, WORKERS],
    ),
    one(
        "self_wake_100",
        "a wake of itself and a poll, 100 tasks",
        [ASYNC, WORKERS],
    ),
    one(
        "self_wake_10000",
        "a wake of itself and a poll, 10,000 tasks",
        [ASYNC, WORKERS],
    ),
    one(
        "yield_now_1",
        "the runtime's `yield_now`, 1 task",
        [WITH_YIELD, WORKERS],
    ),
    one(
        "yield_now_100",
        "the runtime's `yield_now`, 100 tasks",
        [WITH_YIELD, WORKERS],
    ),
    one(
        "yield_now_10000",
        "the runtime's `yield_now`, 10,000 tasks",
        [WORKERS, WORKERS],
    ),
    one("ping_pong", "two tasks wake each other once", [ALL, WORKERS]),
    one(
        "ping_pong_100",
        "two tasks wake each other once, 100 pairs at once",
        [ALL, WORKERS],
    ),
    one(
        "channel_ping_pong",
        "two tasks send each other a message over async-channel",
        [ALL, WORKERS],
    ),
    one(
        "fan_out",
        "one of 10,000 tasks woken by another",
        [ASYNC, WORKERS],
    ),
    one(
        "foreign_wake_busy",
        "a wake by a thread that is not the runtime's, while every worker is busy",
        [&[OURS, TOKIO, "smol", "async-executor", "compio"], WORKERS],
    ),
    one(
        "foreign_ping_pong",
        "a thread and a task of an idle runtime wake each other",
        [WITH_WAKES, WORKERS],
    ),
    allocating(
        "fork_join",
        "a task of a tree in which each spawns two and joins them",
        [ASYNC, WORKERS],
    ),
    allocating(
        "fork_join_1ms",
        "two tasks of 1 ms spawned and joined by another",
        [ASYNC, WORKERS],
    ),
    one(
        "skewed",
        "256 tasks by one, of which 16 compute for 1 ms",
        [BOTH, WORKERS],
    ),
    one(
        "block_on_ready",
        "`block_on` of a ready future",
        [&[OURS, TOKIO, "smol", "compio"], BOTH],
    ),
    one(
        "spawn_blocking",
        "a job on the blocking pool, there and back",
        [&[OURS, TOKIO, "smol", "compio"], &[OURS, TOKIO, "smol"]],
    ),
    one(
        "timeout_unfired",
        "a timeout around a future that is pending once, 1 task",
        [WITH_TIMERS, &[OURS, TOKIO, "smol"]],
    ),
    one(
        "timeout_unfired_100",
        "a timeout around a future that is pending once, 100 tasks",
        [WITH_TIMERS, &[OURS, TOKIO, "smol"]],
    ),
    one(
        "sleep_dropped",
        "a sleep polled once and dropped, beside an earlier one",
        [WITH_TIMERS, &[OURS, TOKIO, "smol"]],
    ),
    one(
        "sleeps_short",
        "a sleep of 1 to 10 ms, 10,000 tasks",
        [WITH_TIMERS, &[OURS, TOKIO, "smol"]],
    ),
    slow(
        "sleeps_100k",
        "one of 100,000 sleeps that end within 3 s",
        [WITH_TIMERS, &[OURS, TOKIO, "smol"]],
    ),
    slow(
        "sleeps",
        "one of a million sleeps that end within 4 s",
        [WITH_TIMERS, &[OURS, TOKIO, "smol"]],
    ),
    allocating("memory_task", "a pending task", [ASYNC, NONE]),
    allocating("memory_sleep", "a sleeping task", [WITH_TIMERS, NONE]),
    allocating(
        "connections",
        "an idle connection, besides its buffer",
        [WITHOUT_THREADS, NONE],
    ),
    one(
        "echo_1",
        "a 64-byte message echoed, 1 connection, client on the same core",
        [WITH_SOCKETS, NONE],
    ),
    one(
        "echo_50",
        "a 64-byte message echoed, 50 connections, client on the same core",
        [WITH_SOCKETS, NONE],
    ),
    one(
        "echo_1000",
        "a 64-byte message echoed, 1,000 connections, client on the same core",
        [WITH_SOCKETS, NONE],
    ),
    one(
        "echo_10000",
        "a 64-byte message echoed, 10,000 connections, client on the same core",
        [WITHOUT_THREADS, NONE],
    ),
    one(
        "echo_1_apart",
        "a 64-byte message echoed, 1 connection, client on another core",
        [WITH_SOCKETS, NONE],
    ),
    one(
        "echo_1_apart_looking",
        "a 64-byte message echoed, 1 connection, client on another core, by a runtime that looks before it blocks",
        [&[OURS], NONE],
    ),
    one(
        "echo_50_apart",
        "a 64-byte message echoed, 50 connections, client on another core",
        [WITH_SOCKETS, NONE],
    ),
    one(
        "echo_50_16k",
        "a message of 16 KiB echoed, 50 connections, client on the same core",
        [WITH_SOCKETS, NONE],
    ),
    one(
        "echo_50_pipelined",
        "a 64-byte message echoed, 16 on their way on each of 50 connections",
        [WITH_SOCKETS, NONE],
    ),
    one(
        "echo_50_free",
        "a 64-byte message echoed, 50 connections, nobody bound to a core",
        [NONE, &[OURS, TOKIO, "smol"]],
    ),
    one(
        "echo_1000_free",
        "a 64-byte message echoed, 1,000 connections, nobody bound to a core",
        [NONE, &[OURS, TOKIO, "smol"]],
    ),
    one(
        "accept",
        "a connection opened, one message, closed; 32 at a time",
        [WITH_SOCKETS, NONE],
    ),
    one(
        "accept_free",
        "a connection opened, one message, closed; 32 at a time; nobody bound to a core",
        [NONE, &[OURS, TOKIO, "smol"]],
    ),
    one("udp", "a datagram of 64 bytes echoed", [WITH_SOCKETS, NONE]),
    one(
        "http1",
        "a request of HTTP/1.1 to hyper, 50 connections",
        [HYPER, NONE],
    ),
    one(
        "http2",
        "a request of HTTP/2 to hyper, 50 at a time on one connection",
        [HYPER, NONE],
    ),
    one(
        "blocked_worker",
        "a message echoed, 100 connections, while a worker is blocked 200 of 300 ms",
        [NONE, &[OURS, TOKIO, "smol"]],
    ),
    one(
        "stuck_worker",
        "what others wait for while a task blocks its worker",
        [NONE, &[OURS, TOKIO, "smol"]],
    ),
    slow(
        "build",
        "an echo server, built from nothing",
        [&[OURS, TOKIO, "smol", "monoio-epoll", "compio", "raw"], NONE],
    ),
];

pub(crate) fn named(name: &str) -> Option<&'static Scenario> {
    SCENARIOS.iter().find(|scenario| scenario.name == name)
}

/// Prints what there is.
pub(crate) fn list() {
    for scenario in SCENARIOS {
        println!("{}: {}", scenario.name, scenario.per);
        for (flavor, runtimes) in ["one thread", "two workers"].iter().zip(scenario.runtimes) {
            if !runtimes.is_empty() {
                println!("    {flavor}: {}", runtimes.join(", "));
            }
        }
    }
}
