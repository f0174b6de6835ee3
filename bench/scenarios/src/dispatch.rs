//! The scenarios by their names, and the `main` of a runtime's binary.

use crate::measure::Figures;
use crate::{Net, Runtime, Timers};
use crate::{
    blocking, echo, foreign, fork, idle, memory, ping_pong, settings, sleeps, stuck, tasks, time, timeouts,
};

/// Measures the scenario that the command line names, on so many workers as it says, and prints the figures. `measure` is
/// [`of_tasks`], [`of_timers`] or [`of_sockets`].
pub fn run(measure: fn(&str) -> Option<Figures>) {
    let mut arguments = std::env::args().skip(1);
    let scenario = arguments.next().unwrap_or_default();
    let workers = arguments
        .next()
        .map_or(0, |workers| workers.parse().expect("a number of workers"));
    settings::set_workers((workers > 0).then_some(workers));
    let Some(figures) = measure(&scenario) else {
        eprintln!("no scenario `{scenario}` for this runtime; `bench-compare --list` names them");
        std::process::exit(2);
    };
    for (metric, value) in figures {
        println!("{metric} {value:.3}");
    }
}

/// What needs an executor alone.
pub fn of_tasks<R: Runtime>(scenario: &str) -> Option<Figures> {
    Some(match scenario {
        "spawn_join" => tasks::spawn_join::<R>(),
        "spawn_join_in_task" => tasks::spawn_join_in_task::<R>(),
        "spawn_1000_join" => tasks::spawn_many_join::<R>(),
        "spawn_1000_join_in_task" => tasks::spawn_many_join_in_task::<R>(),
        "spawn_1m_detached" => tasks::spawn_detached::<R>(),
        "foreign_spawn" => foreign::spawn::<R>(),
        "foreign_wake_busy" => foreign::wake_busy::<R>(),
        "foreign_ping_pong" => foreign::ping_pong::<R>(),
        "self_wake_1" => tasks::self_wake::<R>(1),
        "self_wake_100" => tasks::self_wake::<R>(100),
        "self_wake_10000" => tasks::self_wake::<R>(10_000),
        "yield_now_1" => tasks::yield_now::<R>(1),
        "yield_now_100" => tasks::yield_now::<R>(100),
        "yield_now_10000" => tasks::yield_now::<R>(10_000),
        "ping_pong" => ping_pong::bare::<R>(1),
        "ping_pong_100" => ping_pong::bare::<R>(100),
        "channel_ping_pong" => ping_pong::over_channels::<R>(),
        "fan_out" => fork::fan_out::<R>(),
        "fork_join" => fork::fork_join::<R>(),
        "fork_join_1ms" => fork::fork_join_of_a_millisecond::<R>(),
        "skewed" => fork::skewed::<R>(),
        "join_set" => tasks::join_set::<R>(),
        "block_on_ready" => blocking::block_on_ready::<R>(),
        "spawn_blocking" => blocking::round_trip::<R>(),
        "memory_task" => memory::of_a_task::<R>(),
        _ => return None,
    })
}

/// What needs timers too.
pub fn of_timers<R: Timers>(scenario: &str) -> Option<Figures> {
    Some(match scenario {
        "timeout_unfired" => time::timeout_unfired::<R>(1),
        "timeout_unfired_100" => time::timeout_unfired::<R>(100),
        "sleep_dropped" => time::sleep_dropped::<R>(),
        "sleeps_short" => time::short_sleeps::<R>(),
        "sleeps_100k" => sleeps::a_hundred_thousand::<R>(),
        "sleeps" => sleeps::in_a_task_each::<R>(),
        "sleeps_in_one_task" => sleeps::in_one_task::<R>(),
        "timeouts" => timeouts::on_the_same_worker::<R>(),
        "timeouts_elsewhere" => timeouts::dropped_on_another_worker::<R>(),
        "resets_elsewhere" => timeouts::reset_on_another_worker::<R>(),
        "memory_sleep" => memory::of_a_sleep::<R>(),
        tasks => return of_tasks::<R>(tasks),
    })
}

/// What needs sockets too.
pub fn of_sockets<R: Net>(scenario: &str) -> Option<Figures> {
    match scenario {
        "idle" => idle::idle::<R>(false),
        "idle_with_sockets" => idle::idle::<R>(true),
        "stuck_worker" => return Some(stuck::stuck_worker::<R>()),
        "blocked_worker" => echo::beside_a_blocked_worker::<R>(),
        "udp" => echo::datagrams::<R>(),
        "http1" => echo::http::<R>(false),
        "http2" => echo::http::<R>(true),
        _ => {}
    }
    let Some((load, looking)) = crate::Load::named(scenario) else {
        return of_timers::<R>(scenario);
    };
    echo::under::<R>(load, looking)
}
