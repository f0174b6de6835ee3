//! What is promised: the one table of it.

use crate::figures::Subject;
use crate::scenarios::{OURS, TOKIO};

/// One promise: a figure of ours, and what it is held to.
pub(crate) struct Target {
    /// What it is about.
    pub(crate) work: &'static str,
    pub(crate) ours: Point,
    pub(crate) bound: Bound,
}

/// A figure: a metric of a scenario on a runtime, on one thread (0) or so many workers.
#[derive(Clone, Copy)]
pub(crate) struct Point {
    pub(crate) runtime: &'static str,
    pub(crate) scenario: &'static str,
    pub(crate) workers: usize,
    pub(crate) metric: &'static str,
}

/// What a figure is held to. Less is better in every figure.
#[derive(Clone, Copy)]
pub(crate) enum Bound {
    /// The other figure is at least so many times ours.
    Gain { over: Point, at_least: f64 },
    /// Ours is at most such a part of the other.
    Share { of: Point, at_most: f64 },
    /// Ours is at most this.
    Most(f64),
}

impl Point {
    pub(crate) fn subject(&self) -> Subject {
        Subject::new(self.runtime, self.scenario, self.workers)
    }
}

impl Target {
    /// The figure that ours is compared with.
    pub(crate) fn other(&self) -> Option<Point> {
        match self.bound {
            Bound::Gain { over: other, .. } | Bound::Share { of: other, .. } => Some(other),
            Bound::Most(_) => None,
        }
    }

    /// The figure of another runtime that does the same work as ours, or as what ours is compared with. `None` where that is our
    /// own: our two workers beside our one thread are nobody else's matter.
    pub(crate) fn beside(&self, runtime: &'static str) -> Option<Point> {
        let other = self.other();
        if other.is_some_and(|other| other.runtime == OURS) {
            return None;
        }
        Some(Point {
            runtime,
            scenario: other.map_or(self.ours.scenario, |other| other.scenario),
            ..self.ours
        })
    }

    /// So many rounds it takes to judge it: more where several workers are measured.
    pub(crate) fn rounds(&self) -> usize {
        let workers = self.ours.workers + self.other().map_or(0, |other| other.workers);
        if workers > 0 { 15 } else { 9 }
    }
}

const fn point(runtime: &'static str, scenario: &'static str, workers: usize, metric: &'static str) -> Point {
    Point {
        runtime,
        scenario,
        workers,
        metric,
    }
}

const fn ours(scenario: &'static str, workers: usize, metric: &'static str) -> Point {
    point(OURS, scenario, workers, metric)
}

/// tokio's cost over ours, flavour against flavour.
const fn gain(
    work: &'static str,
    scenario: &'static str,
    workers: usize,
    metric: &'static str,
    at_least: f64,
) -> Target {
    let over = point(TOKIO, scenario, workers, metric);
    Target {
        work,
        ours: ours(scenario, workers, metric),
        bound: Bound::Gain { over, at_least },
    }
}

/// A part of what another runtime needs for the same.
const fn share(
    work: &'static str,
    scenario: &'static str,
    metric: &'static str,
    runtime: &'static str,
    at_most: f64,
) -> Target {
    let of = point(runtime, scenario, 0, metric);
    Target {
        work,
        ours: ours(scenario, 0, metric),
        bound: Bound::Share { of, at_most },
    }
}

/// Ours alone.
const fn most(
    work: &'static str,
    scenario: &'static str,
    workers: usize,
    metric: &'static str,
    most: f64,
) -> Target {
    Target {
        work,
        ours: ours(scenario, workers, metric),
        bound: Bound::Most(most),
    }
}

/// Two workers take hardly longer for serial work than one thread does.
const fn serial(work: &'static str, scenario: &'static str) -> Target {
    Target {
        work,
        ours: ours(scenario, 2, "wall_ns"),
        bound: Bound::Share {
            of: ours(scenario, 0, "wall_ns"),
            at_most: 1.2,
        },
    }
}

pub(crate) const TARGETS: &[Target] = &[
    gain("spawn+join one by one", "spawn_join_in_task", 0, "cpu_ns", 2.0),
    gain("spawn+join one by one", "spawn_join_in_task", 2, "cpu_ns", 3.0),
    gain(
        "spawn+join, batches of 1,000",
        "spawn_1000_join_in_task",
        0,
        "cpu_ns",
        2.3,
    ),
    gain(
        "spawn+join, batches of 1,000",
        "spawn_1000_join_in_task",
        2,
        "cpu_ns",
        3.0,
    ),
    gain("1 M spawned and detached", "spawn_1m_detached", 0, "cpu_ns", 2.4),
    gain("1 M spawned and detached", "spawn_1m_detached", 2, "cpu_ns", 4.0),
    gain("self-wake yield", "self_wake_1", 0, "cpu_ns", 2.5),
    gain("self-wake yield", "self_wake_1", 2, "cpu_ns", 2.5),
    gain(
        "the runtime's own `yield_now`, alone",
        "yield_now_1",
        0,
        "cpu_ns",
        8.0,
    ),
    gain(
        "the runtime's own `yield_now`, alone",
        "yield_now_1",
        2,
        "cpu_ns",
        10.0,
    ),
    gain("bare wake ping-pong", "ping_pong", 0, "cpu_ns", 1.5),
    gain("bare wake ping-pong", "ping_pong", 2, "cpu_ns", 2.2),
    gain(
        "ping-pong over async-channel",
        "channel_ping_pong",
        0,
        "cpu_ns",
        1.05,
    ),
    gain(
        "ping-pong over async-channel",
        "channel_ping_pong",
        2,
        "cpu_ns",
        2.0,
    ),
    gain("fan-out to 10,000", "fan_out", 0, "cpu_ns", 1.3),
    gain("fan-out to 10,000", "fan_out", 2, "cpu_ns", 3.0),
    gain(
        "timeout that does not fire, 1 task",
        "timeout_unfired",
        0,
        "cpu_ns",
        1.8,
    ),
    gain(
        "timeout that does not fire, 1 task",
        "timeout_unfired",
        2,
        "cpu_ns",
        3.0,
    ),
    gain(
        "timeout that does not fire, 100 tasks",
        "timeout_unfired_100",
        0,
        "cpu_ns",
        1.7,
    ),
    gain(
        "timeout that does not fire, 100 tasks",
        "timeout_unfired_100",
        2,
        "cpu_ns",
        6.0,
    ),
    gain(
        "wake of a busy runtime from a foreign thread",
        "foreign_wake_busy",
        0,
        "waker_cpu_ns",
        4.0,
    ),
    gain(
        "wake of a busy runtime from a foreign thread",
        "foreign_wake_busy",
        2,
        "waker_cpu_ns",
        2.0,
    ),
    serial("serial: spawn+join one by one", "spawn_join_in_task"),
    serial("serial: spawn+join, batches of 1,000", "spawn_1000_join_in_task"),
    serial("serial: 1 M spawned and detached", "spawn_1m_detached"),
    serial("serial: self-wake yield", "self_wake_1"),
    serial("serial: `yield_now`, alone", "yield_now_1"),
    serial("serial: bare wake ping-pong", "ping_pong"),
    serial("serial: ping-pong over async-channel", "channel_ping_pong"),
    serial("serial: fan-out to 10,000", "fan_out"),
    serial("serial: timeout that does not fire, 1 task", "timeout_unfired"),
    Target {
        work: "fork-join of two tasks of 1 ms: two workers' gain over one thread",
        ours: ours("fork_join_1ms", 2, "wall_ns"),
        bound: Bound::Gain {
            over: ours("fork_join_1ms", 0, "wall_ns"),
            at_least: 1.8,
        },
    },
    share("100,000 sleeps", "sleeps_100k", "cpu_ns", TOKIO, 0.5),
    most(
        "100,000 sleeps: half are at most so late (µs)",
        "sleeps_100k",
        0,
        "late_p50_us",
        600.0,
    ),
    most(
        "1 M sleeps over 4 s: 99 % are at most so late (µs)",
        "sleeps",
        0,
        "late_p99_us",
        2_000.0,
    ),
    most(
        "RSS per pending small task (bytes)",
        "memory_task",
        0,
        "rss_bytes",
        180.0,
    ),
    most(
        "RSS per sleeping task (bytes)",
        "memory_sleep",
        0,
        "rss_bytes",
        220.0,
    ),
    most(
        "RSS per idle connection besides its buffer (bytes)",
        "connections",
        0,
        "rss_bytes",
        400.0,
    ),
    share(
        "echo, 50 connections, of raw mio",
        "echo_50",
        "cpu_ns",
        "raw",
        1.03,
    ),
    share(
        "echo, 1,000 connections, of raw mio",
        "echo_1000",
        "cpu_ns",
        "raw",
        1.05,
    ),
    share(
        "echo, 10,000 connections, of raw mio",
        "echo_10000",
        "cpu_ns",
        "raw",
        1.08,
    ),
    share("echo, 50 connections", "echo_50", "cpu_ns", TOKIO, 1.0),
    share("echo, 1,000 connections", "echo_1000", "cpu_ns", TOKIO, 1.0),
    share("echo, 10,000 connections", "echo_10000", "cpu_ns", TOKIO, 1.0),
    Target {
        work: "echo, one connection, with the bounded look",
        ours: ours("echo_1_apart_looking", 0, "p50_us"),
        bound: Bound::Share {
            of: point(TOKIO, "echo_1_apart", 0, "p50_us"),
            at_most: 0.6,
        },
    },
    share("connect, accept, close", "accept", "cpu_ns", TOKIO, 0.96),
    share("hyper, HTTP/1.1", "http1", "cpu_ns", TOKIO, 1.0),
    share("hyper, HTTP/2", "http2", "cpu_ns", TOKIO, 1.0),
    most(
        "a worker blocked 200 of every 300 ms: the worst echo of 100 connections (µs)",
        "blocked_worker",
        2,
        "worst_us",
        10_000.0,
    ),
    share("clean build", "build", "wall_s", TOKIO, 0.55),
    share("binary", "build", "bytes", TOKIO, 0.85),
];
