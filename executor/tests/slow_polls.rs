//! A poll that took long is told of, with the task's name.

mod watchdog;

use std::sync::{Arc, Mutex, mpsc};
use std::task::{Wake, Waker};
use std::thread;
use std::time::Duration;

use reveille_executor::{
    Config, CurrentThread, MultiThread, Park, TaskBuilder, ThreadPark, block_in_place, yield_now,
};
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

/// Wakes what it is given when it has slept.
struct Wakes(ThreadPark, Arc<Mutex<Option<Waker>>>);

impl Park for Wakes {
    fn enter(&mut self) {
        self.0.enter();
    }

    fn park(&mut self, timeout: Option<Duration>, woken: &mut Vec<Waker>) {
        self.0.park(timeout, woken);
        woken.extend(self.1.lock().unwrap().take());
    }

    fn turn(&mut self, woken: &mut Vec<Waker>) {
        self.0.turn(woken);
    }

    fn unparker(&self) -> Waker {
        self.0.unparker()
    }
}

/// Takes its time, and says when it is done.
struct Slow(Duration, Mutex<mpsc::Sender<()>>);

impl Wake for Slow {
    fn wake(self: Arc<Self>) {
        thread::sleep(self.0);
        self.1.lock().unwrap().send(()).unwrap();
    }
}

/// A worker that has left its shard and is back runs a task on that woke itself.
#[test]
fn a_poll_after_one_that_blocked_in_place_is_told_of_while_it_lasts() {
    watched(|| {
        let (sender, receiver) = mpsc::channel();
        let mut config = Config::default();
        config.slow_poll_threshold = Duration::from_millis(20);
        config.on_slow_poll = Some(Arc::new(move |slow| sender.send(slow.clone()).unwrap()));
        let executor = MultiThread::new([ThreadPark::new()], config).unwrap();
        let (told, tell) = mpsc::channel::<()>();
        let task = executor.handle().spawn(async move {
            // Mostly that is over before another thread has the shard.
            for _ in 0..10 {
                block_in_place(|| ());
                yield_now().await;
                tell.recv().unwrap();
            }
        });
        for _ in 0..10 {
            let slow = receiver.recv().unwrap();
            assert_eq!((slow.task, slow.has_ended), (task.id(), false));
            told.send(()).unwrap();
        }
        executor.block_on(task).unwrap();
    });
}

#[test]
fn a_slow_waker_is_not_laid_to_the_task_that_was_polled_last() {
    watched(|| {
        let (sender, receiver) = mpsc::channel();
        // Longer than a busy system keeps a thread from running.
        let threshold = Duration::from_millis(250);
        let mut config = Config::default();
        config.slow_poll_threshold = threshold;
        config.on_slow_poll = Some(Arc::new(move |slow| sender.send(slow.clone()).unwrap()));
        let given = Arc::default();
        let park = Wakes(ThreadPark::new(), Arc::clone(&given));
        let unparker = park.unparker();
        let executor = MultiThread::new([park], config).unwrap();
        let (polled, is_polled) = mpsc::channel();
        let task = executor.handle().spawn(async move {
            polled.send(()).unwrap();
            std::future::pending::<()>().await;
        });
        is_polled.recv().unwrap();
        let (done, is_done) = mpsc::channel();
        *given.lock().unwrap() = Some(Arc::new(Slow(3 * threshold, Mutex::new(done))).into());
        unparker.wake();
        is_done.recv().unwrap();
        let told: Vec<_> = receiver
            .try_iter()
            .filter(|slow| slow.task == task.id())
            .collect();
        assert!(told.is_empty(), "{told:?}");
    });
}
