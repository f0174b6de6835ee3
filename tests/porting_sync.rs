//! The table of docs/porting.md that says what takes the place of each type of `tokio::sync`: each row is a test by its name,
//! of what is named there and of tokio's own, between tasks of reveille on two threads.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use reveille::sync::{Barrier, Mutex, OnceCell, RwLock, RwLockUpgradableReadGuard, Semaphore, channel};
use reveille::task::{JoinSet, yield_now};
use reveille::{select, spawn, time};
use tokio::sync as tokio_sync;

#[test]
fn each_row_has_a_test_and_each_test_a_row() {
    let page = include_str!("../docs/porting.md");
    let (_, section) = page.split_once("\n## `tokio::sync`\n").expect("the section");
    let table = section.split("\n## ").next().unwrap();
    let rows: BTreeSet<String> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(name, _)| snake_case(name))
        .collect();
    let lines: Vec<&str> = include_str!("porting_sync.rs").lines().collect();
    let tests: BTreeSet<String> = lines
        .windows(2)
        .filter(|lines| lines[0].starts_with("#[reveille::test"))
        .map(|lines| lines[1].strip_prefix("async fn ").expect(lines[1]))
        .map(|rest| rest.split('(').next().unwrap().to_owned())
        .collect();
    assert_eq!(rows, tests);
    assert!(rows.len() > 10, "{rows:?}");
}

/// `mpsc::channel` is `mpsc_channel`, `RwLock` is `rw_lock`.
fn snake_case(path: &str) -> String {
    let mut name = String::new();
    for character in path.replace("::", "_").chars() {
        if character.is_ascii_uppercase() && !name.is_empty() && !name.ends_with('_') {
            name.push('_');
        }
        name.push(character.to_ascii_lowercase());
    }
    name
}

#[reveille::test(flavor = "multi_thread", worker_threads = 2)]
async fn mpsc_channel() {
    let (sender, mut receiver) = tokio_sync::mpsc::channel(2);
    let sending = spawn(async move {
        for number in 0..100 {
            sender.send(number).await.unwrap();
        }
    });
    for number in 0..100 {
        assert_eq!(receiver.recv().await, Some(number));
    }
    assert_eq!(receiver.recv().await, None);
    sending.await.unwrap();

    let (sender, receiver) = channel::bounded(2);
    assert!(sender.try_send(0).is_ok() && sender.try_send(1).is_ok());
    assert!(sender.try_send(2).unwrap_err().is_full());
    let sending = spawn(async move {
        for number in 2..100 {
            sender.send(number).await.unwrap();
        }
    });
    // Either of two receivers gets what the other one does not.
    let other = spawn({
        let receiver = receiver.clone();
        async move { receiver.recv().await.unwrap() }
    });
    let mut received = vec![other.await.unwrap()];
    while let Ok(number) = receiver.recv().await {
        received.push(number);
    }
    received.sort();
    assert!(received.into_iter().eq(0..100));
    assert_eq!(receiver.recv().await, Err(channel::RecvError));
    sending.await.unwrap();
}

#[reveille::test(flavor = "multi_thread", worker_threads = 2)]
async fn mpsc_unbounded_channel() {
    let (sender, mut receiver) = tokio_sync::mpsc::unbounded_channel();
    spawn(async move { (0..100).for_each(|number| sender.send(number).unwrap()) })
        .await
        .unwrap();
    let mut sum = 0;
    while let Some(number) = receiver.recv().await {
        sum += number;
    }
    assert_eq!(sum, 4950);

    let (sender, receiver) = channel::unbounded();
    spawn(async move { (0..100).for_each(|number| sender.try_send(number).unwrap()) })
        .await
        .unwrap();
    let mut sum = 0;
    while let Ok(number) = receiver.recv().await {
        sum += number;
    }
    assert_eq!(sum, 4950);
}

#[reveille::test(flavor = "multi_thread", worker_threads = 2)]
async fn oneshot() {
    let (sender, receiver) = tokio_sync::oneshot::channel();
    drop(spawn(async move { sender.send(1) }));
    assert_eq!(receiver.await, Ok(1));
    let (mut sender, receiver) = tokio_sync::oneshot::channel::<()>();
    let closed = spawn(async move { sender.closed().await });
    drop(receiver);
    closed.await.unwrap();

    use futures_channel::oneshot::{Canceled, channel};
    let (sender, receiver) = channel();
    drop(spawn(async move { sender.send(1) }));
    assert_eq!(receiver.await, Ok(1));
    let (mut sender, receiver) = channel::<()>();
    let closed = spawn(async move { sender.cancellation().await });
    drop(receiver);
    closed.await.unwrap();
    let (sender, receiver) = channel::<()>();
    drop(sender);
    assert_eq!(receiver.await, Err(Canceled));
}

#[reveille::test(flavor = "multi_thread", worker_threads = 2)]
async fn broadcast() {
    let (sender, mut receiver) = tokio_sync::broadcast::channel(2);
    let hearing = spawn({
        let mut receiver = sender.subscribe();
        async move { receiver.recv().await }
    });
    (0..2).for_each(|number| drop(sender.send(number)));
    assert_eq!(hearing.await.unwrap(), Ok(0));
    (2..5).for_each(|number| drop(sender.send(number)));
    let lagged = receiver.recv().await.unwrap_err();
    assert_eq!(lagged, tokio_sync::broadcast::error::RecvError::Lagged(3));
    assert_eq!(receiver.recv().await, Ok(3));

    let (mut sender, mut receiver) = async_broadcast::broadcast(2);
    let hearing = spawn({
        let mut receiver = sender.new_receiver();
        async move { receiver.recv().await }
    });
    // As it is made, it waits for the slowest.
    for number in 0..2 {
        sender.broadcast_direct(number).await.unwrap();
    }
    assert!(sender.try_broadcast(2).unwrap_err().is_full());
    assert_eq!(hearing.await.unwrap(), Ok(0));
    sender.set_overflow(true);
    (2..5).for_each(|number| assert!(sender.try_broadcast(number).is_ok()));
    let overflowed = receiver.recv().await.unwrap_err();
    assert_eq!(overflowed, async_broadcast::RecvError::Overflowed(3));
    assert_eq!(receiver.recv().await, Ok(3));
}

#[reveille::test(flavor = "multi_thread", worker_threads = 2)]
async fn watch() {
    let (sender, mut receiver) = tokio_sync::watch::channel("before");
    assert_eq!(*receiver.borrow_and_update(), "before");
    let watching = spawn(async move {
        receiver.changed().await.unwrap();
        let seen = *receiver.borrow();
        (seen, receiver.changed().await.is_err())
    });
    sender.send("after").unwrap();
    drop(sender);
    assert_eq!(watching.await.unwrap(), ("after", true));
}

#[reveille::test(flavor = "multi_thread", worker_threads = 2)]
async fn mutex() {
    let shared = Arc::new(tokio_sync::Mutex::new(0));
    let add = |shared: Arc<tokio_sync::Mutex<u32>>| async move {
        let mut sum = shared.lock().await;
        yield_now().await;
        *sum += 1;
    };
    join_hundred(|| add(shared.clone())).await;
    assert_eq!(*shared.lock_owned().await, 100);

    let shared = Arc::new(Mutex::new(0));
    let add = |shared: Arc<Mutex<u32>>| async move {
        let mut sum = shared.lock().await;
        yield_now().await;
        *sum += 1;
    };
    join_hundred(|| add(shared.clone())).await;
    assert_eq!(*shared.lock_blocking(), 100);
    assert_eq!(*shared.lock_arc().await, 100);
}

#[reveille::test(flavor = "multi_thread", worker_threads = 2)]
async fn rw_lock() {
    let lock = Arc::new(tokio_sync::RwLock::new(0));
    let add = |lock: Arc<tokio_sync::RwLock<u32>>| async move {
        *lock.write().await += 1;
        yield_now().await;
        assert!(*lock.read().await > 0);
    };
    join_hundred(|| add(lock.clone())).await;
    assert_eq!(*lock.read_owned().await, 100);

    let lock = Arc::new(RwLock::new(0));
    let add = |lock: Arc<RwLock<u32>>| async move {
        *lock.write().await += 1;
        yield_now().await;
        assert!(*lock.read().await > 0);
    };
    join_hundred(|| add(lock.clone())).await;
    let reading = lock.upgradable_read().await;
    assert!(lock.try_read().is_some_and(|number| *number == 100));
    *RwLockUpgradableReadGuard::upgrade(reading).await += 1;
    assert_eq!(*lock.read_arc().await, 101);
}

#[reveille::test(flavor = "multi_thread", worker_threads = 2)]
async fn semaphore() {
    let semaphore = Arc::new(tokio_sync::Semaphore::new(1));
    let two = spawn({
        let semaphore = semaphore.clone();
        async move { drop(semaphore.acquire_many(2).await.unwrap()) }
    });
    semaphore.add_permits(1);
    two.await.unwrap();
    semaphore.close();
    assert!(semaphore.acquire().await.is_err());

    let semaphore = Arc::new(Semaphore::new(1));
    let taken = semaphore.acquire().await;
    assert!(semaphore.try_acquire().is_none());
    let waiting = spawn({
        let semaphore = semaphore.clone();
        async move { semaphore.acquire_arc().await.forget() }
    });
    drop(taken);
    waiting.await.unwrap();
    assert!(semaphore.try_acquire().is_none());
    semaphore.add_permits(1);
    assert!(semaphore.try_acquire().is_some());
}

#[reveille::test(flavor = "multi_thread", worker_threads = 2)]
async fn notify() {
    let notify = Arc::new(tokio_sync::Notify::new());
    notify.notify_one();
    notify.notified().await;
    let waiting = notify.clone().notified_owned();
    let waiting = spawn(waiting);
    notify.notify_waiters();
    waiting.await.unwrap();

    use event_listener::Event;
    use std::sync::atomic::{AtomicBool, Ordering};
    let said = Arc::new((AtomicBool::new(false), Event::new()));
    let waiting = spawn({
        let said = said.clone();
        async move {
            while !said.0.load(Ordering::SeqCst) {
                // First listen, then look again, then wait: what is told before nobody hears.
                let listener = said.1.listen();
                if !said.0.load(Ordering::SeqCst) {
                    listener.await;
                }
            }
        }
    });
    said.0.store(true, Ordering::SeqCst);
    said.1.notify(usize::MAX);
    waiting.await.unwrap();

    // Where what is told early is to be kept.
    let (sender, receiver) = channel::bounded(1);
    sender.try_send(()).unwrap();
    assert!(sender.try_send(()).is_err());
    receiver.recv().await.unwrap();
}

#[reveille::test(flavor = "multi_thread", worker_threads = 2)]
async fn barrier() {
    let both = Arc::new((tokio_sync::Barrier::new(2), Barrier::new(2)));
    let wait = |both: Arc<(tokio_sync::Barrier, Barrier)>| async move {
        let tokios = both.0.wait().await.is_leader();
        (tokios, both.1.wait().await.is_leader())
    };
    let other = spawn(wait(both.clone()));
    let (one, other) = (wait(both).await, other.await.unwrap());
    assert!(one.0 ^ other.0 && one.1 ^ other.1, "one leader of two each");
}

#[reveille::test(flavor = "multi_thread", worker_threads = 2)]
async fn once_cell() {
    let cell = tokio_sync::OnceCell::new();
    assert_eq!(cell.get_or_init(async || 1).await, &1);
    assert!(cell.set(2).is_err());

    let cell = OnceCell::new();
    let failed: Result<&u8, &str> = cell.get_or_try_init(async || Err("not yet")).await;
    assert_eq!(failed, Err("not yet"));
    assert_eq!(cell.get_or_init(async || 1).await, &1);
    assert_eq!(cell.set(2).await, Err(2));
    assert_eq!(cell.get(), Some(&1));
}

#[reveille::test(flavor = "multi_thread", worker_threads = 2)]
async fn set_once() {
    let set = Arc::new(tokio_sync::SetOnce::new());
    let waiting = spawn({
        let set = set.clone();
        async move { *set.wait().await }
    });
    set.set(1).unwrap();
    assert_eq!(waiting.await.unwrap(), 1);

    let set = Arc::new(OnceCell::new());
    let waiting = spawn({
        let set = set.clone();
        async move { *set.wait().await }
    });
    set.set(1).await.unwrap();
    assert_eq!(waiting.await.unwrap(), 1);
}

#[reveille::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancellation_token() {
    use tokio_util::sync::CancellationToken;

    let token = CancellationToken::new();
    let mut tasks = JoinSet::new();
    for number in 0..100 {
        let (child, guarded) = (token.child_token(), token.child_token());
        tasks.spawn(async move {
            guarded.cancel();
            guarded.cancelled().await;
            select! {
                () = child.cancelled() => number,
                () = time::sleep(Duration::MAX) => unreachable!(),
            }
        });
    }
    assert!(!token.is_cancelled());
    drop(token.clone().drop_guard());
    assert!(token.is_cancelled());
    assert_eq!(tasks.join_all().await.into_iter().sum::<u32>(), 4950);
    let stopped = token.run_until_cancelled(time::sleep(Duration::MAX)).await;
    assert_eq!(stopped, None);
}

/// A hundred tasks at once, on whichever thread.
async fn join_hundred<F>(task: impl Fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let tasks: JoinSet<()> = (0..100).map(|_| task()).collect();
    tasks.join_all().await;
}
