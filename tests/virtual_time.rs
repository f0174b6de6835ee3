//! Time that stands until nothing is left to do: the same on a current-thread runtime, on one worker and on four.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use reveille::net::{Resolver, TcpListener, TcpStream, lookup_host};
use reveille::runtime::{Builder, Handle, Runtime};
use reveille::task::{block_in_place, spawn_blocking, spawn_local, yield_now};
use reveille::time::{self, Instant, advance, interval, pause, resume, sleep, sleep_until, timeout};

mod watchdog;

use watchdog::Watchdog;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(60 * 60);

fn watchdog(test: impl FnOnce()) {
    let _watchdog = Watchdog::new("a test of virtual time", Duration::from_secs(60));
    test();
}

/// Runs `test` on every kind of runtime, its clock paused from the beginning.
fn on_each(test: impl AsyncFn() + Copy + Send + 'static) {
    on_each_of([None, Some(1), Some(4)], test);
}

fn on_each_of<const N: usize>(workers: [Option<usize>; N], test: impl AsyncFn() + Copy + Send + 'static) {
    for workers in workers {
        watchdog(move || runtime(workers).block_on(test()));
    }
}

fn runtime(workers: Option<usize>) -> Runtime {
    let mut builder = match workers {
        None => Builder::current_thread(),
        Some(_) => Builder::multi_thread(),
    };
    if let Some(workers) = workers {
        builder.worker_threads(workers);
    }
    builder.start_paused(true).build().unwrap()
}

#[test]
fn a_sleep_of_a_day_takes_no_time_and_ends_at_its_very_instant() {
    on_each(async || {
        let (start, really) = (Instant::now(), std::time::Instant::now());
        sleep(24 * HOUR).await;
        assert_eq!(start.elapsed(), 24 * HOUR);
        assert!(really.elapsed() < HOUR);
        let there = reveille::spawn(async {
            sleep(Duration::from_nanos(7)).await;
            Instant::now()
        });
        assert_eq!(there.await.unwrap() - start, 24 * HOUR + Duration::from_nanos(7));
    });
}

#[test]
fn time_stands_while_a_task_runs() {
    on_each(async || {
        let start = Instant::now();
        let task = reveille::spawn(async {
            for _ in 0..10_000 {
                yield_now().await;
            }
        });
        let other = reveille::spawn(async {
            sleep(Duration::from_nanos(1)).await;
            Instant::now()
        });
        task.await.unwrap();
        assert!(Instant::now() - start <= Duration::from_nanos(1));
        assert_eq!(other.await.unwrap() - start, Duration::from_nanos(1));
    });
}

#[test]
fn sleeps_end_in_the_order_of_their_deadlines() {
    on_each(async || {
        let log = Arc::new(Mutex::new(Vec::new()));
        let start = Instant::now();
        let tasks: Vec<_> = (0_u32..200)
            .map(|number| {
                let log = log.clone();
                // In another order than that of their spawning, some far beyond the wheel's levels.
                let wait = (number * 7919) % 200;
                reveille::spawn(async move {
                    sleep_until(start + wait * wait * SECOND.mul_f64(0.37)).await;
                    log.lock().unwrap().push((wait, Instant::now() - start));
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let log = log.lock().unwrap();
        assert!(log.iter().map(|(wait, _)| *wait).eq(0..200));
        for (wait, at) in log.iter() {
            assert_eq!(*at, wait * wait * SECOND.mul_f64(0.37));
        }
    });
}

#[test]
fn an_interval_of_a_second_that_is_advanced_by_ten_ticks_ten_times_at_exact_instants() {
    on_each(async || {
        let hold = time::hold();
        let start = Instant::now();
        let ticks = Arc::new(Mutex::new(Vec::new()));
        let seen = ticks.clone();
        let task = reveille::spawn(async move {
            let mut interval = interval(SECOND);
            interval.tick().await;
            loop {
                let due = interval.tick().await;
                seen.lock().unwrap().push((due - start, Instant::now() - start));
            }
        });
        advance(10 * SECOND).await;
        let expected: Vec<_> = (1..=10).map(|tick| (tick * SECOND, tick * SECOND)).collect();
        assert_eq!(*ticks.lock().unwrap(), expected);
        assert_eq!(start.elapsed(), 10 * SECOND);
        task.abort();
        drop(hold);
    });
}

#[test]
fn advance_lets_what_was_just_spawned_begin_before_time_moves() {
    on_each(async || {
        let _hold = time::hold();
        // tokio#7419: the sleep would begin only after the move.
        let task = reveille::spawn(sleep(SECOND));
        advance(SECOND).await;
        assert!(task.is_finished());
    });
}

#[test]
fn advance_lets_all_that_follows_come_to_rest_before_it_is_ready() {
    on_each(async || {
        let _hold = time::hold();
        let start = Instant::now();
        let (sender, receiver) = mpsc::channel();
        // Each step begins the next one, on another task.
        fn chain(left: u32, start: Instant, sender: mpsc::Sender<Duration>) {
            drop(reveille::spawn(async move {
                sleep(SECOND).await;
                sender.send(Instant::now() - start).unwrap();
                if left > 1 {
                    chain(left - 1, start, sender);
                }
            }));
        }
        chain(20, start, sender);
        advance(5 * SECOND / 2).await;
        assert!(receiver.try_iter().eq([SECOND, 2 * SECOND]));
        advance(SECOND / 2).await;
        assert!(receiver.try_iter().eq([3 * SECOND]));
        advance(HOUR).await;
        assert_eq!(receiver.try_iter().count(), 17);
        assert_eq!(start.elapsed(), HOUR + 3 * SECOND);
    });
}

#[test]
fn an_advance_that_is_dropped_leaves_time_to_itself_again() {
    on_each(async || {
        let start = Instant::now();
        let late = reveille::spawn(sleep(HOUR));
        let cut_short = timeout(SECOND, advance(24 * HOUR)).await;
        assert!(cut_short.is_err());
        assert_eq!(start.elapsed(), SECOND);
        late.await.unwrap();
        assert_eq!(start.elapsed(), HOUR);
    });
}

#[test]
fn two_that_advance_at_once_skip_nothing() {
    on_each(async || {
        let _hold = time::hold();
        let start = Instant::now();
        let ticks = Arc::new(Mutex::new(Vec::new()));
        let seen = ticks.clone();
        let task = reveille::spawn(async move {
            loop {
                sleep(SECOND).await;
                // A few steps of its own at each instant.
                for _ in 0..10 {
                    yield_now().await;
                }
                seen.lock().unwrap().push(Instant::now() - start);
            }
        });
        let advancing = [3, 10].map(|seconds| reveille::spawn(advance(seconds * SECOND)));
        for advancing in advancing {
            advancing.await.unwrap();
        }
        assert_eq!(start.elapsed(), 10 * SECOND);
        let expected: Vec<_> = (1..=10).map(|tick| tick * SECOND).collect();
        assert_eq!(*ticks.lock().unwrap(), expected);
        task.abort();
    });
}

#[test]
fn a_blocking_job_keeps_time_from_moving() {
    on_each(async || {
        let start = Instant::now();
        let job = spawn_blocking(|| thread::sleep(Duration::from_millis(50)));
        timeout(100 * SECOND, job).await.expect("time has moved").unwrap();
        assert_eq!(start.elapsed(), Duration::ZERO);
        // Detached: nobody is woken by its end, and yet time moves then.
        drop(spawn_blocking(|| thread::sleep(Duration::from_millis(20))));
        sleep(SECOND).await;
        assert_eq!(start.elapsed(), SECOND);
    });
}

#[test]
fn blocking_code_that_sleeps_in_a_block_on_lets_time_move() {
    on_each(async || {
        let start = Instant::now();
        let handle = Handle::current();
        let job = spawn_blocking(move || handle.block_on(sleep(HOUR)));
        job.await.unwrap();
        assert_eq!(start.elapsed(), HOUR);
    });
    on_each_of([Some(1), Some(4)], async || {
        let start = Instant::now();
        let task = reveille::spawn(async {
            block_in_place(|| thread::sleep(Duration::from_millis(20)));
            let handle = Handle::current();
            block_in_place(|| handle.block_on(sleep(HOUR)));
        });
        assert!(timeout(HOUR + SECOND, task).await.is_ok());
        assert_eq!(start.elapsed(), HOUR);
    });
}

#[test]
fn the_end_of_a_job_is_seen_beside_one_that_sleeps() {
    on_each(async || {
        let start = Instant::now();
        let handle = Handle::current();
        let (sleeps, asleep) = mpsc::channel();
        let sleeper = spawn_blocking(move || {
            handle.block_on(async {
                sleeps.send(()).unwrap();
                sleep(SECOND).await;
            });
        });
        // Detached: its end wakes nobody.
        drop(spawn_blocking(move || {
            asleep.recv().unwrap();
            thread::sleep(Duration::from_millis(20));
        }));
        sleeper.await.unwrap();
        assert_eq!(start.elapsed(), SECOND);
    });
}

#[test]
fn blocking_code_within_blocking_code_that_sleeps_lets_time_move() {
    on_each_of([Some(1), Some(4)], async || {
        let start = Instant::now();
        let outer = Handle::current();
        let job = spawn_blocking(move || {
            let inner = outer.clone();
            outer.block_on(async move { block_in_place(|| inner.block_on(sleep(SECOND))) });
        });
        job.await.unwrap();
        let outer = Handle::current();
        block_in_place(|| {
            let inner = outer.clone();
            outer.block_on(async move { block_in_place(|| inner.block_on(sleep(SECOND))) });
        });
        assert_eq!(start.elapsed(), 2 * SECOND);
    });
}

#[test]
fn blocking_code_of_another_runtime_is_none_of_this_one() {
    watchdog(|| {
        let (here, there) = (runtime(Some(1)), runtime(Some(1)));
        here.block_on(async {
            block_in_place(|| {
                let _entered = there.enter();
                there.block_on(sleep(HOUR));
            });
        });
    });
}

#[test]
fn what_has_come_for_the_future_of_block_on_is_seen_before_time_moves() {
    on_each(async || {
        let _hold = time::hold();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let client = TcpStream::connect(address).await.unwrap();
        let (server, _) = listener.accept().await.unwrap();
        let write = async {
            yield_now().await;
            client.write_all(b"x").await
        };
        let mut byte = [0];
        let (read, written) = futures_lite::future::zip(server.read_exact(&mut byte), write).await;
        written.unwrap();
        assert_eq!(read.unwrap(), 1);
    });
}

#[test]
fn what_is_due_comes_under_a_hold_too() {
    on_each(async || {
        let _hold = time::hold();
        // They begin to wait when their time is over.
        let late = sleep(5 * SECOND);
        let timed_out = timeout(5 * SECOND, std::future::pending::<()>());
        advance(10 * SECOND).await;
        late.await;
        timed_out.await.unwrap_err();
    });
}

#[test]
fn the_end_of_a_runtime_lets_its_clock_go() {
    for workers in [None, Some(1), Some(4)] {
        watchdog(move || {
            let runtime = runtime(workers);
            let done = Arc::new(AtomicUsize::new(0));
            // Their clock is a day ahead of the machine's.
            runtime.block_on(sleep(24 * HOUR));
            let hold = runtime.block_on(async { time::hold() });
            let (begins, begun) = mpsc::channel();
            for advances in [false, true] {
                let (handle, done, begins) = (runtime.handle().clone(), done.clone(), begins.clone());
                drop(runtime.spawn_blocking(move || {
                    handle.block_on(async {
                        begins.send(()).unwrap();
                        match advances {
                            true => advance(SECOND).await,
                            false => sleep(Duration::from_millis(20)).await,
                        }
                    });
                    done.fetch_add(1, Ordering::SeqCst);
                }));
            }
            begun.iter().take(2).for_each(drop);
            // It waits for its jobs, and nobody else is there to move their time.
            drop(runtime);
            assert_eq!(done.load(Ordering::SeqCst), 2);
            drop(hold);
        });
    }
}

#[test]
fn a_resolver_of_ones_own_may_wait_for_time() {
    struct Slow;
    impl Resolver for Slow {
        fn resolve(
            &self,
            _: &str,
            port: u16,
        ) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>> {
            Box::pin(async move {
                sleep(SECOND).await;
                Ok(vec![(Ipv4Addr::LOCALHOST, port).into()])
            })
        }
    }

    watchdog(|| {
        let mut builder = Builder::current_thread();
        let runtime = builder.start_paused(true).resolver(Slow).build().unwrap();
        runtime.block_on(async {
            let start = Instant::now();
            let mut found = lookup_host("anything:80").await.unwrap();
            assert_eq!(found.next().unwrap().port(), 80);
            assert_eq!(start.elapsed(), SECOND);
        });
    });
}

#[test]
fn code_that_blocks_in_place_keeps_time_from_moving() {
    on_each_of([Some(1), Some(4)], async || {
        let start = Instant::now();
        let task = reveille::spawn(async { block_in_place(|| thread::sleep(Duration::from_millis(50))) });
        timeout(100 * SECOND, task)
            .await
            .expect("time has moved")
            .unwrap();
        assert_eq!(start.elapsed(), Duration::ZERO);
    });
}

#[test]
fn a_look_up_keeps_time_from_moving() {
    on_each(async || {
        let start = Instant::now();
        let found = timeout(SECOND, lookup_host("localhost:80")).await;
        assert!(found.expect("time has moved").is_ok());
        assert_eq!(start.elapsed(), Duration::ZERO);
        sleep(SECOND).await;
    });
}

#[test]
fn real_input_and_output_under_a_hold_does_not_move_time() {
    on_each(async || {
        let start = Instant::now();
        let hold = time::hold();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let client = reveille::spawn(async move {
            let stream = TcpStream::connect(address).await.unwrap();
            let mut buffer = [0; 5];
            for _ in 0..100 {
                stream.write_all(b"hello").await.unwrap();
                stream.read_exact(&mut buffer).await.unwrap();
            }
        });
        let (server, _) = listener.accept().await.unwrap();
        let echo = reveille::spawn(async move {
            let mut buffer = [0; 5];
            while server.read_exact(&mut buffer).await.is_ok() {
                server.write_all(&buffer).await.unwrap();
            }
        });
        timeout(SECOND, client).await.expect("time has moved").unwrap();
        echo.await.unwrap();
        assert_eq!(start.elapsed(), Duration::ZERO);
        drop(hold);
        sleep(SECOND).await;
        assert_eq!(start.elapsed(), SECOND);
    });
}

#[test]
fn the_end_of_a_hold_lets_time_move_wherever_it_ends() {
    on_each(async || {
        let hold = time::hold();
        let held = Arc::new(AtomicBool::new(true));
        let release = held.clone();
        let thread = thread::spawn(move || {
            thread::sleep(Duration::from_millis(20));
            release.store(false, Ordering::SeqCst);
            drop(hold);
        });
        sleep(HOUR).await;
        assert!(!held.load(Ordering::SeqCst), "time moved under the hold");
        thread.join().unwrap();
    });
}

#[test]
fn a_clock_that_is_paused_and_resumed_on_the_way_goes_on_from_where_it_stood() {
    for workers in [None, Some(1), Some(4)] {
        watchdog(move || {
            let mut builder = match workers {
                None => Builder::current_thread(),
                Some(_) => Builder::multi_thread(),
            };
            builder.worker_threads(workers.unwrap_or(1));
            builder.build().unwrap().block_on(async {
                sleep(Duration::from_millis(1)).await;
                pause();
                let start = Instant::now();
                sleep(HOUR).await;
                let late = start.elapsed() - HOUR;
                assert!(late < Duration::from_micros(70), "{late:?} late");
                let waiting = reveille::spawn(sleep(Duration::from_millis(5)));
                let hold = time::hold();
                // Until the workers are asleep, without end: now they must be told.
                thread::sleep(Duration::from_millis(20));
                resume();
                waiting.await.unwrap();
                assert!(start.elapsed() >= HOUR + Duration::from_millis(5));
                assert!(start.elapsed() < 2 * HOUR);
                drop(hold);
            });
        });
    }
}

#[test]
fn several_threads_in_block_on_share_the_clock() {
    for workers in [None, Some(1), Some(4)] {
        watchdog(move || {
            let runtime = runtime(workers);
            let rounds = AtomicUsize::new(0);
            let start = runtime.block_on(async { Instant::now() });
            thread::scope(|scope| {
                for thread in 1..=3 {
                    let (runtime, rounds) = (&runtime, &rounds);
                    scope.spawn(move || {
                        runtime.block_on(async move {
                            let local = spawn_local(sleep(thread * SECOND));
                            sleep(thread * SECOND).await;
                            local.await.unwrap();
                            rounds.fetch_add(1, Ordering::SeqCst);
                        });
                    });
                }
            });
            assert_eq!(rounds.load(Ordering::SeqCst), 3);
            runtime.block_on(async move { assert!(start.elapsed() >= 3 * SECOND) });
        });
    }
}

/// What a thousand tasks that sleep, wait for each other and time out have done by when.
async fn program(tasks: u64, until: Duration) -> Vec<(Duration, u64)> {
    let start = Instant::now();
    let log = Arc::new(Mutex::new(Vec::new()));
    let handles: Vec<_> = (0..tasks)
        .map(|number| {
            let log = log.clone();
            reveille::spawn(async move {
                let mut interval = interval(Duration::from_secs(60 * (1 + number % 97)));
                loop {
                    interval.tick().await;
                    if start.elapsed() >= until {
                        return;
                    }
                    log.lock().unwrap().push((start.elapsed(), number));
                    let waits = sleep(Duration::from_millis(number * 13 % 50_000));
                    let _ = timeout(Duration::from_secs(30), waits).await;
                }
            })
        })
        .collect();
    for handle in handles {
        handle.await.unwrap();
    }
    Arc::into_inner(log).unwrap().into_inner().unwrap()
}

#[test]
fn twice_the_same_program_does_the_same_in_the_same_order_on_one_worker() {
    for workers in [None, Some(1)] {
        watchdog(move || {
            // In a task: the future of `block_on` is polled on this thread, while the worker runs.
            let run = || {
                runtime(workers)
                    .block_on(async { reveille::spawn(program(100, 24 * HOUR)).await })
                    .unwrap()
            };
            let (first, second) = (run(), run());
            assert!(first.len() > 4_000, "{}", first.len());
            assert!(first == second, "the order differs");
        });
    }
}

#[test]
fn on_many_workers_it_does_the_same_at_the_same_instants() {
    watchdog(|| {
        let run = |workers| {
            let mut log = runtime(workers).block_on(program(100, 24 * HOUR));
            log.sort_unstable();
            log
        };
        let one = run(Some(1));
        assert!(one == run(Some(4)));
        assert!(one == run(None));
    });
}

#[test]
fn misuse_says_what_to_do_instead() {
    fn message(misuse: impl FnOnce() + std::panic::UnwindSafe) -> String {
        *std::panic::catch_unwind(misuse)
            .unwrap_err()
            .downcast::<String>()
            .unwrap()
    }
    fn text(misuse: impl FnOnce() + std::panic::UnwindSafe) -> String {
        let payload = std::panic::catch_unwind(misuse).unwrap_err();
        (*payload.downcast::<&'static str>().unwrap()).to_owned()
    }
    assert!(message(pause).starts_with("`time::pause` was called outside of a runtime; call it inside"));
    assert!(text(|| reveille::block_on(async { resume() })).contains("call `time::pause` first"));
    assert!(
        text(|| reveille::block_on(async { advance(SECOND).await })).contains("call `time::pause` first")
    );
    let twice = || {
        reveille::block_on(async {
            pause();
            pause();
        });
    };
    assert!(text(twice).contains("call `time::resume` first"));
}
