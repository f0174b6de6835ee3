//! A poll that took long is told of, with the task's name.

mod watchdog;

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use reveille_executor::{Config, CurrentThread, MultiThread, TaskBuilder, ThreadPark, yield_now};
use watchdog::watched;

#[test]
fn a_slow_task_that_goes_on_is_told_of_by_its_name() {
    watched(|| {
        let (sender, receiver) = mpsc::channel();
        let mut config = Config::default();
        config.slow_poll_threshold = Duration::from_millis(20);
        config.on_slow_poll = Some(Arc::new(move |slow| sender.send(slow.clone()).unwrap()));
        let executor = CurrentThread::with_config(ThreadPark::new(), &config);
        let id = executor.block_on(async {
            let quick: Vec<_> = ["first", "second"]
                .map(|name| TaskBuilder::new().name(name).spawn(std::future::pending::<()>()))
                .into();
            let slow = TaskBuilder::new().name("slow").spawn(async {
                thread::sleep(Duration::from_millis(30));
                std::future::pending::<()>().await;
            });
            // The clock is not read after every poll.
            for _ in 0..1_000 {
                yield_now().await;
            }
            drop(quick);
            slow.id()
        });
        drop(executor);
        // It may be one of a few (see `SlowPoll::others`).
        let named: Vec<_> = receiver
            .try_iter()
            .flat_map(|slow| {
                let first = (slow.task, slow.name);
                std::iter::once(first).chain(slow.others.into_iter().map(|other| (other.task, other.name)))
            })
            .filter(|(task, _)| *task == id)
            .map(|(_, name)| name)
            .collect();
        assert_eq!(named, [Some(Arc::from("slow"))]);
    });
}

#[test]
fn of_several_workers_the_stuck_one_is_told_of_while_it_is_stuck_and_no_idle_one() {
    watched(|| {
        let (sender, receiver) = mpsc::channel();
        let threshold = Duration::from_millis(50);
        let mut config = Config::default();
        config.slow_poll_threshold = threshold;
        config.on_slow_poll = Some(Arc::new(move |slow| sender.send(slow.clone()).unwrap()));
        let executor = MultiThread::new([ThreadPark::new(), ThreadPark::new()], config).unwrap();
        let (told, tell) = mpsc::channel::<()>();
        let stuck = async move { tell.recv().unwrap() };
        let task = TaskBuilder::new()
            .name("stuck")
            .spawn_on(stuck, &executor.handle());
        // It goes on when it has been told of.
        let slow = receiver.iter().find(|slow| slow.task == task.id()).unwrap();
        assert_eq!((slow.name.as_deref(), slow.has_ended), (Some("stuck"), false));
        told.send(()).unwrap();
        executor.block_on(task).unwrap();

        // A sleep is no poll, whatever was polled before it.
        let _ = receiver.try_iter().count();
        thread::sleep(5 * threshold);
        let idle: Vec<_> = receiver.try_iter().collect();
        assert!(idle.is_empty(), "{idle:?}");
    });
}
