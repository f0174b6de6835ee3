//! The scenarios on tokio.

mod runtime;

fn main() {
    bench_scenarios::run::<runtime::Tokio>();
}
