//! A server of many connections on reveille.

#[path = "../runtime.rs"]
mod runtime;

#[global_allocator]
static ALLOCATOR: bench_scenarios::Counting = bench_scenarios::Counting;

fn main() {
    bench_scenarios::serve_many::<runtime::Reveille>();
}
