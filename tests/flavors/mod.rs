//! The same scenario on every flavor: a current-thread runtime, one, two and four workers, and a foreign executor.

use std::future::Future;

use reveille::runtime::Builder;

/// Calls `scenario` with a name for each flavor, and runs what it returns there.
pub(crate) fn on_every_flavor<F: Future>(mut scenario: impl FnMut(&'static str) -> F) {
    Builder::current_thread()
        .build()
        .unwrap()
        .block_on(scenario("current-thread"));
    for (workers, name) in [(1, "one worker"), (2, "two workers"), (4, "four workers")] {
        let runtime = Builder::multi_thread().worker_threads(workers).build().unwrap();
        runtime.block_on(scenario(name));
    }
    pollster::block_on(scenario("pollster"));
}
