//! Time moves on whatever comes to rest last, and wherever: foreign threads, other runtimes, hooks.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use reveille::net::{Resolver as _, SystemResolver};
use reveille::runtime::{Builder, Handle};
use reveille::task::{block_in_place, spawn_blocking};
use reveille::time::sleep;

mod watchdog;
use watchdog::Watchdog;

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn a_look_up_that_ends_on_a_foreign_thread_lets_time_move_on() {
    let _watchdog = Watchdog::new("a test of virtual time", Duration::from_secs(10));
    let runtime = Builder::current_thread().start_paused(true).build().unwrap();
    runtime.block_on(async {
        // The answer may be there at once, then it is another name's turn.
        let lookup = (0..100).find_map(|number| {
            let mut lookup = SystemResolver.resolve(&format!("{number}.invalid"), 80);
            let poll = lookup.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            poll.is_pending().then_some(lookup)
        });
        let lookup = lookup.expect("some look-up takes a moment");
        let foreign = thread::spawn(move || {
            thread::sleep(Duration::from_millis(300));
            drop(lookup);
        });
        sleep(HOUR).await;
        foreign.join().unwrap();
    });
}

#[test]
fn blocking_in_place_through_another_runtime_lets_time_move_on() {
    let _watchdog = Watchdog::new("a test of virtual time", Duration::from_secs(10));
    let a = Builder::multi_thread()
        .worker_threads(2)
        .start_paused(true)
        .build()
        .unwrap();
    let b = Builder::multi_thread().worker_threads(1).build().unwrap();
    let handle = a.handle().clone();
    a.block_on(async {
        block_in_place(|| b.block_on(async { block_in_place(|| handle.block_on(sleep(HOUR))) }))
    });
}

#[test]
fn a_pool_thread_that_sleeps_in_its_last_hook_lets_time_move_on() {
    let _watchdog = Watchdog::new("a test of virtual time", Duration::from_secs(10));
    // Taken by the hook: else the runtime would be kept by a hook of its own.
    let slot: Arc<Mutex<Option<Handle>>> = Arc::default();
    let armed = Arc::new(AtomicBool::new(true));
    let in_hook = (slot.clone(), armed.clone());
    let runtime = Builder::current_thread()
        .start_paused(true)
        .thread_keep_alive(Duration::ZERO)
        .on_thread_stop(move || {
            if in_hook.1.swap(false, Ordering::Relaxed) {
                let runtime = in_hook.0.lock().unwrap().take().unwrap();
                runtime.block_on(sleep(HOUR));
            }
        })
        .build()
        .unwrap();
    *slot.lock().unwrap() = Some(runtime.handle().clone());
    runtime.block_on(async {
        spawn_blocking(|| ()).await.unwrap();
        while armed.load(Ordering::Relaxed) {
            thread::yield_now();
        }
        sleep(HOUR).await;
    });
}

#[test]
fn a_job_that_embeds_its_own_runtime_lets_time_move_on() {
    let _watchdog = Watchdog::new("a test of virtual time", Duration::from_secs(10));
    let runtime = Builder::current_thread().start_paused(true).build().unwrap();
    let runtime = Arc::new(runtime);
    let (embedded, (done, is_done)) = (runtime.clone(), std::sync::mpsc::channel());
    let _entered = runtime.enter();
    drop(spawn_blocking(move || {
        let mut embedded = embedded.embed().unwrap();
        let task = embedded.spawn_local(sleep(HOUR));
        while !task.is_finished() {
            embedded.poll_once(Some(Duration::from_millis(1)));
        }
        done.send(()).unwrap();
    }));
    is_done.recv().unwrap();
}
