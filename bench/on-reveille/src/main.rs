//! The scenarios on reveille.

mod runtime;

fn main() {
    bench_scenarios::run::<runtime::Reveille>();
}
