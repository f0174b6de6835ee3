//! The scenarios on smol.

mod runtime;

fn main() {
    bench_scenarios::run::<runtime::Smol>();
}
