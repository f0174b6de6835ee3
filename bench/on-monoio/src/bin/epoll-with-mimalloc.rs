//! The scenarios on monoio over epoll, with another allocator.

use bench_on_monoio::Monoio;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    bench_scenarios::run(bench_scenarios::of_sockets::<Monoio<monoio::LegacyDriver>>);
}
