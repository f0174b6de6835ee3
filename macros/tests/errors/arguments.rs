#[reveille::test(flavour = "current_thread")]
async fn unknown_name() {}

#[reveille::test(flavor)]
async fn no_value() {}

#[reveille::test("current_thread")]
async fn no_name() {}

#[reveille::test(flavor = current_thread)]
async fn flavor_without_quotes() {}

#[reveille::test(flavor = "two")]
async fn unknown_flavor() {}

#[reveille::test(flavor = "current_thread", flavor = "current_thread")]
async fn twice() {}

#[reveille::test(worker_threads = 2)]
async fn workers_of_a_current_thread_test() {}

#[reveille::main(flavor = "current_thread", worker_threads = 2)]
async fn workers_of_a_current_thread_main() {}

#[reveille::main(worker_threads = "2")]
async fn worker_threads_of_a_wrong_type() {}

#[reveille::main(worker_threads = 0)]
async fn no_workers() {}

#[reveille::test(start_paused = maybe)]
async fn start_paused() {}

#[reveille::test(start_paused = 1)]
async fn start_paused_of_a_wrong_type() {}

#[reveille::test(flavor = "current_thread" start_paused = true)]
async fn no_comma() {}

fn main() {}
