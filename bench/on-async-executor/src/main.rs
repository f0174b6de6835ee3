//! The scenarios of tasks on async-executor, which has neither timers nor sockets.

mod runtime;

fn main() {
    bench_scenarios::run(bench_scenarios::of_tasks::<runtime::AsyncExecutor>);
}
