//! What a child has of its parent's runtime, which is not its threads: clear errors, and no hang. The tests take turns,
//! because they fork.
#![cfg(unix)]

use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reveille::runtime::{Builder, Runtime};
use reveille::time::sleep;

/// Runs `child` in a forked process; whether it returned within its time.
fn forked(child: impl FnOnce()) -> bool {
    // SAFETY: the child takes no lock that another thread of this process may hold just now, for all of them are idle; it
    // ends by `_exit`, so it runs nothing of what the parent would.
    let id = unsafe { libc::fork() };
    assert!(id >= 0, "{}", io::Error::last_os_error());
    if id == 0 {
        // SAFETY: it asks for a signal that kills a child that hangs; nothing here handles it.
        unsafe { libc::alarm(30) };
        let outcome = panic::catch_unwind(AssertUnwindSafe(child));
        // SAFETY: it ends the process there and then.
        unsafe { libc::_exit(if outcome.is_ok() { 0 } else { 1 }) };
    }
    let mut status = -1;
    // SAFETY: `status` lives as long as the call.
    let waited = unsafe { libc::waitpid(id, &mut status, 0) };
    assert_eq!(waited, id);
    status == 0
}

/// One test at a time: a child of two has only the thread that forked.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[track_caller]
fn assert_refused<R>(use_of_it: impl FnOnce() -> R) {
    let Err(payload) = panic::catch_unwind(AssertUnwindSafe(use_of_it)) else {
        panic!("it would wait for threads that are not there");
    };
    let message = payload.downcast::<String>().map_or_else(
        |payload| {
            payload
                .downcast::<&str>()
                .map_or_else(|_| String::new(), |text| text.to_string())
        },
        |text| *text,
    );
    assert!(
        message.contains("forked") && message.contains("after the fork"),
        "{message}"
    );
}

#[test]
fn a_forked_child_is_refused_by_its_parents_runtime_and_builds_its_own() {
    let _alone = alone();
    let runtimes: [Runtime; 2] = [
        Builder::current_thread().build().unwrap(),
        Builder::multi_thread().worker_threads(2).build().unwrap(),
    ];
    for runtime in runtimes {
        runtime.block_on(async { reveille::spawn(sleep(Duration::from_millis(1))).await.unwrap() });
        let mut runtime = Some(runtime);
        let child = forked(|| {
            let parents = runtime.take().unwrap();
            assert_refused(|| parents.block_on(async {}));
            assert_refused(|| parents.try_block_on(async {}));
            assert_refused(|| parents.handle().block_on(async {}));
            assert_refused(|| parents.spawn(async {}));
            assert_refused(|| parents.spawn_blocking(|| {}));
            assert_refused(|| parents.handle().dump());
            // It has nothing to wait for here.
            drop(parents);
            let own = Runtime::new().unwrap();
            own.block_on(async { reveille::spawn(sleep(Duration::from_millis(1))).await.unwrap() });
        });
        assert!(child, "see above what failed in the child");
        // The parent's goes on, and ends.
        let runtime = runtime.unwrap();
        assert_eq!(runtime.block_on(runtime.spawn(async { 7 })).unwrap(), 7);
    }
}

#[test]
fn a_child_that_was_forked_by_a_task_cannot_go_on_with_its_parents_loop() {
    let _alone = alone();
    let runtime = Builder::current_thread().build().unwrap();
    runtime.block_on(async {
        let child = forked(|| assert_refused(|| reveille::runtime::Handle::current().spawn(async {})));
        assert!(child, "see above what failed in the child");
        sleep(Duration::from_millis(1)).await;
    });
}
