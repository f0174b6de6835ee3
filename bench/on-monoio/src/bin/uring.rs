//! The scenarios on monoio over uring.

use bench_on_monoio::Monoio;

fn main() {
    bench_scenarios::run(bench_scenarios::of_sockets::<Monoio<monoio::IoUringDriver>>);
}
