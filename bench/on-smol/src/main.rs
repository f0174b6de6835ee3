//! The scenarios on smol.

mod runtime;

fn main() {
    bench_scenarios::run(bench_scenarios::of_sockets::<runtime::Smol>);
}
