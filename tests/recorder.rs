//! The recorder: what is told, in which order, and who woke whom.

use std::collections::HashSet;
use std::future::{pending, poll_fn};
use std::panic::catch_unwind;
use std::pin::{Pin, pin};
use std::sync::mpsc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use futures_channel::oneshot;
use recorded::{check, found, named, record, record_with};
use reveille::net::{TcpListener, TcpStream};
use reveille::runtime::{Builder, Handle, TaskDump, TaskStage};
use reveille::task::{self, spawn_blocking, yield_now};
use reveille::time::sleep;
use reveille::trace::Settings;
use reveille::trace::findings::FindingKind;
use reveille::trace::trace::{By, Effect, End, Level, PollResult, Ready, Trace, What, Why};
use watchdog::Watchdog;

mod recorded;
mod watchdog;

fn spawn_named<F>(name: &'static str, future: F) -> task::JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    task::Builder::new().name(name).spawn(future)
}

/// Who has scheduled that task, each time but the first, when it was spawned.
fn woken_by(trace: &Trace, name: &str) -> Vec<By> {
    let own = named(trace, name);
    let wakes = trace.events.iter().filter_map(|event| match event.what {
        What::Wake { task, by, effect } if task == own && effect == Effect::Scheduled => Some(by),
        _ => None,
    });
    wakes.collect()
}

fn count(trace: &Trace, is_it: impl Fn(&What) -> bool) -> usize {
    trace.events.iter().filter(|event| is_it(&event.what)).count()
}

/// Two tasks that talk over TCP, timers, a job, another thread, a self-waker: on a runtime of that kind.
fn a_bit_of_everything(builder: &mut Builder) {
    let runtime = builder.build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = spawn_named("server", async move {
            let (stream, _) = listener.accept().await.unwrap();
            let mut buffer = [0; 4];
            for _ in 0..3 {
                stream.read_exact(&mut buffer).await.unwrap();
                stream.write_all(&buffer).await.unwrap();
            }
        });
        let client = spawn_named("client", async move {
            let stream = TcpStream::connect(address).await.unwrap();
            let mut buffer = [0; 4];
            for _ in 0..3 {
                stream.write_all(b"ping").await.unwrap();
                stream.read_exact(&mut buffer).await.unwrap();
            }
        });
        let sleeper = spawn_named("sleeper", async { sleep(Duration::from_millis(2)).await });
        let waits_for_a_job = spawn_named("waits for a job", async {
            let (go, gone) = mpsc::channel::<()>();
            let mut job = spawn_blocking(move || gone.recv());
            // Only when somebody waits for it may it end.
            let is_ready = poll_fn(|cx| Poll::Ready(Pin::new(&mut job).poll(cx).is_ready())).await;
            assert!(!is_ready);
            drop(go);
            assert!(job.await.unwrap().is_err());
        });
        let yielder = spawn_named("yielder", async {
            for _ in 0..5 {
                yield_now().await;
            }
        });
        let (tell, told) = oneshot::channel();
        let told_by_a_thread = spawn_named("told by a thread", async move { told.await.unwrap() });
        let teller = thread::spawn(move || tell.send(()).unwrap());
        let aborted = spawn_named("aborted", pending::<()>());
        yield_now().await;
        aborted.abort();
        for task in [
            server,
            client,
            sleeper,
            waits_for_a_job,
            yielder,
            told_by_a_thread,
        ] {
            task.await.unwrap();
        }
        assert!(aborted.await.unwrap_err().is_cancelled());
        teller.join().unwrap();
    });
}

#[test]
fn what_a_runtime_on_one_thread_tells_makes_sense() {
    let _watchdog = Watchdog::new("a bit of everything", Duration::from_secs(60));
    for level in [Level::Loop, Level::Full] {
        let trace = record(level, || a_bit_of_everything(&mut Builder::current_thread()));
        check(&trace);
        let yields = named(&trace, "yielder");
        let own = |what: &What| matches!(what, What::PollEnd { task, .. } if *task == yields);
        assert_eq!(count(&trace, own), 6);
    }
}

#[test]
fn what_a_runtime_on_several_threads_tells_makes_sense() {
    let _watchdog = Watchdog::new("a bit of everything", Duration::from_secs(60));
    for _ in 0..20 {
        let trace = record(Level::Full, || {
            a_bit_of_everything(Builder::multi_thread().worker_threads(2));
        });
        check(&trace);
    }
}

#[test]
fn a_wake_says_who_made_it() {
    let _watchdog = Watchdog::new("a bit of everything", Duration::from_secs(60));
    let trace = record(
        Level::Loop,
        || a_bit_of_everything(&mut Builder::current_thread()),
    );
    let sources: HashSet<u64> = trace
        .events
        .iter()
        .filter_map(|event| match event.what {
            What::IoRegister { source, .. } => Some(source),
            _ => None,
        })
        .collect();
    let by_io = |by: &By| matches!(by, By::Io { source, ready: Ready::Read | Ready::Both | Ready::Hangup } if sources.contains(source));
    let woken = woken_by(&trace, "server");
    assert!(!woken.is_empty() && woken.iter().all(by_io), "{woken:?}");
    let is_of_a_timer = |by: &By| matches!(by, By::Timer(timer) if *timer != 0);
    let woken = woken_by(&trace, "sleeper");
    assert!(woken.len() == 1 && woken.iter().all(is_of_a_timer), "{woken:?}");
    let woken = woken_by(&trace, "waits for a job");
    assert!(matches!(woken[..], [By::Blocking(_)]), "{woken:?}");
    let woken = woken_by(&trace, "told by a thread");
    // Unless the thread was there first, in which case it has not waited.
    assert!(woken.iter().all(|by| matches!(by, By::Thread(_))), "{woken:?}");
    let woken = woken_by(&trace, "aborted");
    assert_eq!(woken, [By::Runtime(Why::Abort)]);
    let aborted = named(&trace, "aborted");
    let end = |what: &What| matches!(what, What::TaskEnd { task, how: End::Cancelled } if *task == aborted);
    assert_eq!(count(&trace, end), 1);
}

#[test]
fn a_task_that_ends_wakes_who_joins_it_in_its_own_name() {
    let trace = record(Level::Loop, || {
        reveille::block_on(async {
            let (tell, told) = oneshot::channel::<()>();
            let ends = spawn_named("ends", async move {
                yield_now().await;
                drop(tell);
            });
            let joins = spawn_named("joins", async move { ends.await.unwrap() });
            let hears = spawn_named("hears", async move { told.await.unwrap_err() });
            joins.await.unwrap();
            hears.await.unwrap();
        });
    });
    let ends = named(&trace, "ends");
    assert_eq!(woken_by(&trace, "joins"), [By::Task(ends)]);
    assert_eq!(woken_by(&trace, "hears"), [By::Task(ends)]);
}

#[test]
fn a_budget_that_is_used_up_is_the_runtimes_doing() {
    let trace = record(Level::Loop, || {
        reveille::block_on(async {
            let busy = spawn_named("busy", async {
                for _ in 0..300 {
                    task::consume_budget().await;
                }
            });
            busy.await.unwrap();
        });
    });
    let busy = named(&trace, "busy");
    let by_budget =
        |what: &What| matches!(what, What::Wake { task, by: By::Runtime(Why::Budget), .. } if *task == busy);
    assert_eq!(count(&trace, by_budget), 2);
    let by_itself = |what: &What| matches!(what, What::Wake { task, by: By::Task(_), .. } if *task == busy);
    assert_eq!(count(&trace, by_itself), 0);
}

#[test]
fn a_task_whose_waker_is_dropped_is_lost_and_no_other_is() {
    for builder in [Builder::current_thread, Builder::multi_thread] {
        let trace = record(Level::Loop, || {
            let runtime = builder().build().unwrap();
            let (keep, kept) = mpsc::channel();
            runtime.block_on(async {
                let loses_its_waker = || {
                    poll_fn(|cx| {
                        drop(cx.waker().clone());
                        Poll::<()>::Pending
                    })
                };
                drop(spawn_named("lost", loses_its_waker()));
                // Its handle can abort it, but does not wake it.
                let _handle = spawn_named("lost with a handle", loses_its_waker());
                let keep_it = keep.clone();
                drop(spawn_named(
                    "held elsewhere",
                    poll_fn(move |cx| {
                        keep_it.send(cx.waker().clone()).unwrap();
                        Poll::<()>::Pending
                    }),
                ));
                drop(spawn_named("detached", async {
                    sleep(Duration::from_secs(60)).await
                }));
                spawn_named("finished", async {}).await.unwrap();
                let lasting = spawn_named("lasting", async { sleep(Duration::from_secs(60)).await });
                drop(spawn_named("joins", async move { drop(lasting.await) }));
                // Not for ever, or a thread that is late would find the others' spawns overwritten.
                drop(spawn_named("yields", async move {
                    for _ in 0..1000 {
                        yield_now().await;
                    }
                    poll_fn(|cx| {
                        // Who keeps it may be gone, if it comes to this after the end.
                        let _ = keep.send(cx.waker().clone());
                        Poll::<()>::Pending
                    })
                    .await;
                }));
                // Until each of them has been polled, and the end of the poll told; but for the one that yields.
                let handle = runtime.handle();
                let wait = |task: &TaskDump| {
                    task.stage == TaskStage::Idle
                        || task.name.is_none()
                        || task.name.as_deref() == Some("yields")
                };
                while !handle.dump().tasks.iter().all(wait) {
                    yield_now().await;
                }
                reveille::trace::stop();
            });
            drop(kept);
        });
        let lost = found(&trace, FindingKind::LostWaker);
        let own = ["lost", "lost with a handle"].map(|name| named(&trace, name));
        assert_eq!(lost, HashSet::from(own));
    }
}

#[test]
fn a_name_a_place_and_a_size_are_those_of_the_spawn() {
    let trace = record(Level::Loop, || {
        reveille::block_on(async {
            let big = [0_u8; 40_000];
            spawn_named("big", async move {
                yield_now().await;
                assert_eq!(big[0], 0);
            })
            .await
            .unwrap();
            reveille::spawn(async {}).await.unwrap();
        });
    });
    let spawns: Vec<(&str, &str, u64)> = trace
        .events
        .iter()
        .filter_map(|event| match event.what {
            What::Spawn {
                name, location, size, ..
            } => Some((
                trace.strings.get(name),
                trace.strings.get(location),
                size.unwrap(),
            )),
            _ => None,
        })
        .collect();
    assert_eq!(spawns.len(), 3, "the root and two tasks: {spawns:?}");
    assert_eq!(spawns[0].0, "block_on");
    let (name, place, size) = spawns[1];
    assert!(
        name == "big" && place.starts_with(file!()) && size > 40_000,
        "{spawns:?}"
    );
    let (name, place, size) = spawns[2];
    assert!(
        name.starts_with("task ") && place.starts_with(file!()) && size < 100,
        "{spawns:?}"
    );
}

#[test]
fn a_ring_that_wrapped_begins_with_how_things_stood() {
    let mut settings = Settings::default();
    settings.slots_per_thread(256);
    // Threads keep the ring that they had: a new one has the new size.
    let trace = record_with(&settings, || {
        let run = || {
            reveille::block_on(async {
                let waits = spawn_named("waits", async { sleep(Duration::from_secs(60)).await });
                for _ in 0..2000 {
                    yield_now().await;
                }
                reveille::trace::stop();
                drop(waits);
            });
        };
        thread::spawn(run).join().unwrap();
    });
    let snapshot = trace.snapshot.as_ref().expect("it has wrapped");
    assert!(trace.meta.truncated && trace.events.len() < 300);
    assert!(trace.events.iter().all(|event| event.t >= snapshot.t));
    let known: HashSet<u64> = snapshot.tasks.iter().map(|task| task.task).collect();
    for event in &trace.events {
        if let What::PollStart { task, .. } | What::PollEnd { task, .. } = event.what {
            assert!(known.contains(&task), "{event:?}");
        }
    }
}

#[test]
fn recording_starts_stops_and_starts_again() {
    let _alone = recorded::alone();
    let yields = |times| {
        reveille::block_on(async move {
            for _ in 0..times {
                yield_now().await;
            }
        });
    };
    let polls = || {
        let trace = reveille::trace::collect().unwrap();
        count(&trace, |what| {
            matches!(
                what,
                What::PollEnd {
                    result: PollResult::Pending,
                    ..
                }
            )
        })
    };
    yields(1);
    reveille::trace::start(&Settings::default()).unwrap();
    yields(2);
    assert_eq!(polls(), 2, "it is collected while it goes on");
    reveille::trace::stop();
    yields(4);
    assert_eq!(polls(), 2, "it was stopped");
    reveille::trace::start(&Settings::default()).unwrap();
    yields(8);
    reveille::trace::stop();
    assert_eq!(polls(), 8, "what was before is forgotten");
}

/// How many ends there are of that kind, of tasks and roots.
fn ends(trace: &Trace, kind: End) -> usize {
    count(
        trace,
        |what| matches!(what, What::TaskEnd { how, .. } if *how == kind),
    )
}

#[test]
fn a_root_that_panics_in_the_poll_in_which_recording_began_is_told_so() {
    let _alone = recorded::alone();
    let root = || {
        reveille::block_on(async {
            reveille::trace::start(&Settings::default()).unwrap();
            panic!("a root that panics, as this test wants");
        });
    };
    assert!(catch_unwind(root).is_err());
    reveille::trace::stop();
    let trace = reveille::trace::collect().unwrap();
    assert_eq!(
        (ends(&trace, End::Panicked), ends(&trace, End::Cancelled)),
        (1, 0)
    );
}

#[test]
fn a_timer_is_late_by_a_clock_that_goes_and_by_no_other() {
    // Each is due after a millisecond, when the loop has something else to do.
    let fires = |is_paused| {
        let trace = record(Level::Loop, || {
            let runtime = Builder::current_thread().start_paused(is_paused).build().unwrap();
            runtime.block_on(async {
                let tasks: Vec<_> = (0..30)
                    .map(|_| spawn_named("sleeps", async { sleep(Duration::from_millis(1)).await }))
                    .collect();
                yield_now().await;
                thread::sleep(Duration::from_millis(20));
                for task in tasks {
                    task.await.unwrap();
                }
            });
        });
        let late = trace.events.iter().filter_map(|event| match event.what {
            What::TimerFire { late, .. } => Some(late),
            _ => None,
        });
        let late: Vec<u64> = late.collect();
        assert_eq!(late.len(), 30);
        (late, !found(&trace, FindingKind::LateTimers).is_empty())
    };
    let (late, is_found) = fires(true);
    assert!(late.iter().all(|late| *late == 0) && !is_found, "{late:?}");
    let (late, is_found) = fires(false);
    assert!(late.iter().all(|late| *late > 10_000_000) && is_found, "{late:?}");
}

#[test]
fn a_dump_tells_age_polls_and_busy_time_of_what_is_recorded() {
    let _alone = recorded::alone();
    reveille::block_on(async {
        let dump = || Handle::current().dump();
        let before = spawn_named("spawned before", pending::<()>());
        yield_now().await;
        assert!(dump().tasks.iter().all(|task| task.recorded.is_none()));
        assert!(dump().to_json().contains(r#""recorded":null"#));

        reveille::trace::start(&Settings::default()).unwrap();
        let yields = spawn_named("yields", async {
            for _ in 0..5 {
                yield_now().await;
            }
            pending::<()>().await;
        });
        for _ in 0..8 {
            yield_now().await;
        }
        let recorded = dump();
        let of = |id| {
            let task = recorded.tasks.iter().find(|task| task.id == id).unwrap();
            (task, task.recorded.expect("the recorder runs"))
        };
        let (task, seen) = of(yields.id());
        let age = seen.age.expect("its spawn was recorded");
        assert_eq!(seen.polls, 6);
        assert!(Duration::ZERO < seen.busy && seen.busy <= age, "{seen:?}");
        let text = format!("{age:.1?} old, busy for {:.1?} in 6 polls", seen.busy);
        assert!(task.to_string().ends_with(&text), "{task}");
        let (task, seen) = of(before.id());
        assert_eq!((seen.age, seen.polls, seen.busy), (None, 0, Duration::ZERO));
        assert!(task.to_string().ends_with("in 0 polls on record"), "{task}");
        let json = recorded.to_json();
        let (age, busy) = (age.as_nanos(), of(yields.id()).1.busy.as_nanos());
        let member = format!(r#""recorded":{{"age":{age},"polls":6,"busy":{busy}}}"#);
        assert!(json.contains(&member), "{json}");
        assert!(
            json.contains(r#""recorded":{"age":null,"polls":0,"busy":0}"#),
            "{json}"
        );

        reveille::trace::stop();
        assert!(dump().tasks.iter().all(|task| task.recorded.is_none()));
    });
}

#[test]
fn a_dump_counts_from_where_the_record_begins_if_more_is_overwritten() {
    let mut settings = Settings::default();
    settings.slots_per_thread(256);
    let run = || {
        reveille::block_on(async {
            let waits = spawn_named("waits", pending::<()>());
            let yields = spawn_named("yields", async {
                loop {
                    yield_now().await;
                }
            });
            for _ in 0..2000 {
                yield_now().await;
            }
            let dump = Handle::current().dump();
            let of = |id| dump.tasks.iter().find(|task| task.id == id).unwrap().recorded;
            let (waits, yields) = (of(waits.id()).unwrap(), of(yields.id()).unwrap());
            assert_eq!((waits.age, waits.polls), (None, 0));
            assert_eq!(yields.age, None);
            assert!((1..256).contains(&yields.polls), "{yields:?}");
        });
    };
    // A new thread has a ring of the new size.
    record_with(&settings, || thread::spawn(run).join().unwrap());
}

#[test]
fn a_full_recording_tells_what_was_touched_and_each_waker() {
    let trace = record(Level::Full, || {
        reveille::block_on(async {
            let touched = spawn_named("touched", async {
                let mut long = pin!(sleep(Duration::from_secs(60)));
                let _ = poll_once(long.as_mut()).await;
                sleep(Duration::from_millis(1)).await;
            });
            touched.await.unwrap();
        });
    });
    let own = named(&trace, "touched");
    let touches = |ready| {
        count(
            &trace,
            |what| matches!(what, What::Touch { task, is_ready, .. } if *task == own && *is_ready == ready),
        )
    };
    assert_eq!((touches(false), touches(true)), (2, 1));
    let drops = |done| {
        count(
            &trace,
            |what| matches!(what, What::FutureDrop { task, is_done, .. } if *task == own && *is_done == done),
        )
    };
    assert_eq!((drops(false), drops(true)), (1, 1));
    let clones = count(
        &trace,
        |what| matches!(what, What::WakerClone { task, .. } if *task == own),
    );
    assert!(clones >= 2, "each timer has one");
}

async fn poll_once<F: Future + Unpin>(mut future: F) -> Option<F::Output> {
    poll_fn(|cx| match Pin::new(&mut future).poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}
