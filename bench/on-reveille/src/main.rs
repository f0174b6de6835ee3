//! The scenarios on reveille.

mod runtime;

fn main() {
    bench_scenarios::run(bench_scenarios::of_sockets::<runtime::Reveille>);
}
