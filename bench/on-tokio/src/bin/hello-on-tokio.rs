//! A server of hyper's on tokio.

#[path = "../runtime.rs"]
mod runtime;

fn main() {
    bench_scenarios::serve_hello::<runtime::Tokio>();
}
