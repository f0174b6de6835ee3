//! The scenarios on monoio over epoll.

use bench_on_monoio::Monoio;

fn main() {
    bench_scenarios::run(bench_scenarios::of_sockets::<Monoio<monoio::LegacyDriver>>);
}
