//! The monitor falls asleep ∥ a worker leaves its park and blocks: the monitor is awake, or is roused.

use std::sync::Arc;

use loom::sync::Notify;
use loom::thread;

use crate::multi_thread::idle::Idle;
use crate::multi_thread::monitor::Monitor;

fn model(workers: usize) {
    loom::model(move || {
        let idle: Arc<Idle> = Arc::new(Idle::new(workers));
        let monitor = Arc::new(Monitor::new());
        let seen = Arc::new(Notify::new());
        for worker in 0..workers {
            let _ = idle.announce(worker, false);
        }
        let threads: Vec<_> = (0..workers)
            .map(|worker| {
                let (idle, monitor, seen) = (idle.clone(), monitor.clone(), seen.clone());
                thread::spawn(move || {
                    let _ = idle.retract(worker);
                    monitor.rouse();
                    // It blocks until somebody comes to its help.
                    if worker == 0 {
                        seen.wait();
                    }
                })
            })
            .collect();
        while idle.is_parked(0) {
            monitor.sleep(|| !idle.all_parked());
            // It pauses between two looks.
            thread::yield_now();
        }
        seen.notify();
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

#[test]
fn a_worker_that_blocks_meets_a_monitor_that_falls_asleep() {
    model(1);
}

#[test]
fn two_workers_rouse_a_monitor_that_falls_asleep() {
    model(2);
}
