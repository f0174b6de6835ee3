//! A server of hyper's on reveille.

#[path = "../runtime.rs"]
mod runtime;

fn main() {
    bench_scenarios::serve_hello::<runtime::Reveille>();
}
