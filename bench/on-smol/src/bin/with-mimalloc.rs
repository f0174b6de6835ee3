//! The scenarios on smol, with another allocator.

#[path = "../runtime.rs"]
mod runtime;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    bench_scenarios::run(bench_scenarios::of_sockets::<runtime::Smol>);
}
