//! The scenarios on threads of the system.

mod runtime;

fn main() {
    bench_scenarios::run(bench_scenarios::of_sockets::<runtime::Threads>);
}
