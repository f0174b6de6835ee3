//! A runtime as a spawner of `futures_task`, for libraries that know no runtime.

use std::sync::mpsc;

use futures_task::{FutureObj, LocalFutureObj, LocalSpawn, Spawn};
use reveille::runtime::Runtime;

#[test]
fn a_library_that_knows_no_runtime_spawns() {
    let runtime = Runtime::new().unwrap();
    let (sender, receiver) = mpsc::channel();
    let handle = runtime.handle();
    assert!(handle.status().is_ok());
    assert!(handle.status_local().is_err(), "this thread runs no tasks of it");
    let detached = sender.clone();
    let future = FutureObj::new(Box::new(async move { detached.send("anywhere").unwrap() }));
    handle.spawn_obj(future).unwrap();
    assert_eq!(receiver.recv().unwrap(), "anywhere");
    runtime.block_on(async {
        assert!(runtime.handle().status_local().is_ok());
        let future = LocalFutureObj::new(Box::new(async move { sender.send("here").unwrap() }));
        runtime.handle().spawn_local_obj(future).unwrap();
        reveille::task::yield_now().await;
        assert_eq!(receiver.recv().unwrap(), "here");
    });
    let handle = runtime.handle().clone();
    drop(runtime);
    assert!(handle.status().unwrap_err().is_shutdown());
    let refused = handle.spawn_obj(FutureObj::new(Box::new(async {})));
    assert!(refused.unwrap_err().is_shutdown());
}
