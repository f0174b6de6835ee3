//! The task dump: what each task waits for, where, and that nobody notices.
#![cfg(unix)]

use std::future::{pending, poll_fn};
#[cfg(not(tsan))]
use std::io::{BufRead, BufReader};
use std::os::fd::AsRawFd;
#[cfg(not(tsan))]
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use reveille::net::{TcpListener, TcpStream};
use reveille::runtime::{Builder, Dump, Handle, TaskDump, TaskKind, TaskStage, Wait};
use reveille::signal::unix::SignalKind;
use reveille::task::{Id as TaskId, JoinHandle, spawn_blocking, yield_now};
use reveille::time::sleep;
use watchdog::Watchdog;

mod watchdog;

fn seen(dump: &Dump, id: TaskId) -> &TaskDump {
    dump.tasks.iter().find(|task| task.id == id).expect("it is there")
}

/// The text about that task.
fn text_of(dump: &Dump, id: TaskId) -> String {
    let text = dump.to_string();
    let from = text.find(&format!("task {id},")).expect("it is there");
    let lines = text[from..].lines();
    let own = lines
        .enumerate()
        .take_while(|(line, text)| *line == 0 || text.starts_with(' '));
    own.map(|(_, text)| text.trim()).collect::<Vec<_>>().join("\n")
}

#[test]
fn it_names_what_each_task_waits_for_and_the_line() {
    let _watchdog = Watchdog::new("a dump of many things", Duration::from_secs(60));
    let (release, released) = mpsc::channel::<()>();
    reveille::block_on(async move {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let client = TcpStream::connect(address).await.unwrap();
        let (server, peer) = listener.accept().await.unwrap();
        let accepts = reveille::spawn(async move { drop(listener.accept().await) });
        let accept_line = line!() - 1;
        let reads = reveille::spawn(async move { drop(client.read(&mut [0; 8]).await) });
        let read_line = line!() - 1;
        let sleeps = reveille::spawn(async { sleep(Duration::from_secs(60)).await });
        let sleep_line = line!() - 1;
        let joined = reveille::spawn(pending::<()>());
        let (joined_id, joined_line) = (joined.id(), line!() - 1);
        let joins = reveille::spawn(async move { drop(joined.await) });
        let job = spawn_blocking(move || released.recv());
        let (job_id, job_line) = (job.id(), line!() - 1);
        let waits_for_a_job = reveille::spawn(async move { drop(job.await) });
        let (sender, receiver) = tokio::sync::oneshot::channel::<()>();
        let elsewhere = reveille::spawn(async move { drop(receiver.await) });
        let elsewhere_line = line!() - 1;
        yield_now().await;

        let dump = Handle::current().dump();
        let text = |id| text_of(&dump, id);
        let here = file!();
        let accepting = text(accepts.id());
        assert!(
            accepting.contains(&format!("accepts on {address}")),
            "{accepting}"
        );
        assert!(
            accepting.contains(&format!("at {here}:{accept_line}:")),
            "{accepting}"
        );
        let reading = text(reads.id());
        assert!(
            reading.contains(&format!("reads from {address} (at {peer}")),
            "{reading}"
        );
        assert!(reading.contains(&format!("at {here}:{read_line}:")), "{reading}");
        let sleeping = text(sleeps.id());
        assert!(sleeping.contains("sleeps for "), "{sleeping}");
        assert!(
            sleeping.contains(&format!("at {here}:{sleep_line}:")),
            "{sleeping}"
        );
        let joining = text(joins.id());
        let expected = format!("waits for task {joined_id}, spawned at {here}:{joined_line}:");
        assert!(joining.contains(&expected), "{joining}");
        let working = text(waits_for_a_job.id());
        let expected = format!("waits for blocking job {job_id}, spawned at {here}:{job_line}:");
        assert!(working.contains(&expected), "{working}");
        let held = text(elsewhere.id());
        assert!(
            held.contains(&format!("spawned at {here}:{elsewhere_line}:")),
            "{held}"
        );
        assert!(held.contains("held elsewhere"), "{held}");
        assert!(seen(&dump, elsewhere.id()).is_held_elsewhere());
        assert!(dump.cycles.is_empty());

        release.send(()).unwrap();
        waits_for_a_job.await.unwrap();
        drop((sender, server));
        reads.await.unwrap();
    });
}

/// A text without what differs from run to run: ids become numbers in the order in which they come, places lose their column,
/// and times what they are.
fn without_chance(text: &str) -> String {
    let mut ids: Vec<String> = Vec::new();
    let mut without = |line: &str| {
        let mut before = "";
        let words = line.split(' ').map(|word| {
            let bare = word.trim_end_matches(',');
            let rest = &word[bare.len()..];
            let digit = bare.starts_with(|first: char| first.is_ascii_digit());
            let own = match before {
                "task" | "job" | "block_on" if digit => {
                    let known = ids.iter().position(|id| id == bare);
                    let number = known.unwrap_or_else(|| {
                        ids.push(bare.to_owned());
                        ids.len() - 1
                    });
                    format!("#{number}")
                }
                "at" if bare.starts_with(file!()) => bare.rsplit_once(':').unwrap().0.to_owned(),
                "for" if digit => "…".to_owned(),
                _ => bare.to_owned(),
            };
            before = word;
            own + rest
        });
        words.collect::<Vec<_>>().join(" ")
    };
    text.lines().map(&mut without).collect::<Vec<_>>().join("\n")
}

#[test]
fn its_text_has_a_line_of_the_source_for_whatever_is_waited_for() {
    let _watchdog = Watchdog::new("the text of a dump", Duration::from_secs(60));
    let (release, released) = mpsc::channel::<()>();
    let (begun, has_begun) = mpsc::channel::<()>();
    let here = file!();
    let called = line!() + 1;
    reveille::block_on(async move {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let client = TcpStream::connect(address).await.unwrap();
        let own = client.local_addr().unwrap();
        let (listens, talks) = (listener.as_raw_fd(), client.as_raw_fd());
        let (server, _) = listener.accept().await.unwrap();
        let first = line!();
        let tasks = [
            reveille::spawn(async move { drop(listener.accept().await) }),
            reveille::spawn(async move { drop(client.read(&mut [0; 8]).await) }),
            reveille::spawn(async { sleep(Duration::from_secs(60)).await }),
        ];
        let lone = reveille::spawn(pending::<()>());
        let joins = reveille::spawn(async move { drop(lone.await) });
        let job = spawn_blocking(move || (begun.send(()), released.recv()));
        let works = reveille::spawn(async move { drop(job.await) });
        let (sender, receiver) = tokio::sync::oneshot::channel::<()>();
        let hears = reveille::spawn(async move { drop(receiver.await) });
        has_begun.recv().unwrap();
        let dumps = reveille::spawn(async { Handle::current().dump().to_string() });
        let text = without_chance(&dumps.await.unwrap());

        let [accept, read, asleep, lone, join, job, work, hear, dump] =
            [2, 3, 4, 6, 7, 8, 9, 11, 13].map(|below| first + below);
        let expected = format!(
            "\
8 tasks, 1 in `block_on`, 1 blocking jobs
block_on #0, called at {here}:{called}, waits
    waits for task #1, spawned at {here}:{dump}
task #2, spawned at {here}:{accept}, waits
    accepts on {address} (descriptor {listens}), at {here}:{accept}
task #3, spawned at {here}:{read}, waits
    reads from {address} (at {own}, descriptor {talks}), at {here}:{read}
task #4, spawned at {here}:{asleep}, waits
    sleeps for … more, at {here}:{asleep}
task #5, spawned at {here}:{lone}, waits
    held elsewhere: its waker is with nothing of reveille's (a channel, a lock, another thread)
task #6, spawned at {here}:{join}, waits
    waits for task #5, spawned at {here}:{lone}
task #7, spawned at {here}:{work}, waits
    waits for blocking job #8, spawned at {here}:{job}
task #9, spawned at {here}:{hear}, waits
    held elsewhere: its waker is with nothing of reveille's (a channel, a lock, another thread)
task #1, spawned at {here}:{dump}, runs
blocking job #8, spawned at {here}:{job}, runs for …"
        );
        assert_eq!(text, expected);

        release.send(()).unwrap();
        drop((sender, server, tasks, joins, works, hears));
    });
}

#[test]
fn a_root_is_in_it_with_the_call_of_block_on() {
    let _watchdog = Watchdog::new("a dump of a root", Duration::from_secs(60));
    let runtime = Builder::current_thread().build().unwrap();
    let handle = runtime.handle().clone();
    let (done, is_done) = tokio::sync::oneshot::channel();
    let thread = thread::spawn(move || {
        let dump = loop {
            let dump = handle.dump();
            let is_asleep = |task: &TaskDump| task.stage == TaskStage::Idle && task.waits.len() == 1;
            if dump.tasks.iter().any(is_asleep) {
                break dump;
            }
            thread::yield_now();
        };
        done.send(()).unwrap();
        dump
    });
    let line = line!() + 1;
    runtime.block_on(async {
        let long = sleep(Duration::from_secs(60));
        reveille::select! {
            () = long => (),
            done = is_done => done.unwrap(),
        }
    });
    let dump = thread.join().unwrap();
    let [root] = &dump.tasks[..] else { panic!("{dump}") };
    assert_eq!((root.kind, root.location.line()), (TaskKind::BlockOn, line));
    assert!(matches!(root.waits[..], [Wait::Timer { .. }]), "{dump}");
}

#[test]
fn tasks_that_wait_for_each_other_are_named() {
    let _watchdog = Watchdog::new("a dump of a circle", Duration::from_secs(60));
    reveille::block_on(async {
        let (give_first, take_first) = tokio::sync::oneshot::channel::<JoinHandle<()>>();
        let first = reveille::spawn(async move { take_first.await.unwrap().await.unwrap() });
        let first_id = first.id();
        let second = reveille::spawn(async move { first.await.unwrap() });
        let second_id = second.id();
        let waits_for_both = reveille::spawn(pending::<()>());
        give_first.send(second).ok().unwrap();
        for _ in 0..3 {
            yield_now().await;
        }
        let dump = Handle::current().dump();
        assert_eq!(dump.cycles, [[first_id, second_id]], "{dump}");
        let text = format!("a circle: task {first_id} waits for task {second_id} waits for task {first_id}");
        assert!(dump.to_string().contains(&text), "{dump}");
        waits_for_both.abort();
    });
}

#[test]
fn it_is_there_while_every_worker_is_stuck() {
    let _watchdog = Watchdog::new("a dump of stuck workers", Duration::from_secs(60));
    let runtime = Builder::multi_thread().worker_threads(2).build().unwrap();
    let (stuck, is_stuck) = mpsc::channel();
    let releases: Vec<_> = (0..2)
        .map(|_| {
            let (release, released) = mpsc::channel::<()>();
            let stuck = stuck.clone();
            drop(runtime.spawn(async move {
                stuck.send(()).unwrap();
                let _ = released.recv();
            }));
            release
        })
        .collect();
    for _ in 0..2 {
        is_stuck.recv().unwrap();
    }
    let dump = runtime.handle().dump();
    let running = dump.tasks.iter().filter(|task| task.stage == TaskStage::Running);
    assert_eq!(running.count(), 2, "{dump}");
    drop(releases);
}

/// Started by the test below, as a process of its own.
#[test]
fn a_child_with_stuck_workers() {
    if std::env::var_os("REVEILLE_DUMP_CHILD").is_none() {
        return;
    }
    let runtime = Builder::multi_thread().worker_threads(2).build().unwrap();
    runtime
        .handle()
        .dump_on_signal(SignalKind::user_defined1())
        .unwrap();
    let (stuck, is_stuck) = mpsc::channel();
    for _ in 0..2 {
        let stuck = stuck.clone();
        drop(runtime.spawn(async move {
            stuck.send(()).unwrap();
            thread::sleep(Duration::from_secs(3600));
        }));
        is_stuck.recv().unwrap();
    }
    eprintln!("both are stuck");
    // Until who started it is done with it, or gone.
    let _ = std::io::stdin().read_line(&mut String::new());
    std::process::exit(1);
}

// ThreadSanitizer keeps a signal from a thread that sleeps in a futex, as the first one of a test program does.
#[cfg(not(tsan))]
#[test]
fn a_signal_has_it_written_while_every_worker_is_stuck() {
    let _watchdog = Watchdog::new("a dump on a signal", Duration::from_secs(60));
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", "a_child_with_stuck_workers"])
        .env("REVEILLE_DUMP_CHILD", "1")
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let id = child.id().to_string();
    let mut lines = BufReader::new(child.stderr.take().unwrap())
        .lines()
        .map(Result::unwrap);
    let mut until = |text: &str| lines.find(|line| line.contains(text)).expect("it goes on");
    until("both are stuck");
    for _ in 0..2 {
        let killed = Command::new("kill").args(["-USR1", &id]).status().unwrap();
        assert!(killed.success());
        until("2 tasks, 0 in `block_on`, 0 blocking jobs");
        for _ in 0..2 {
            let task = until("task ");
            assert!(task.contains(&format!("spawned at {}:", file!())), "{task}");
            assert!(task.ends_with(", runs"), "{task}");
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn dumping_many_tasks_changes_no_poll_and_loses_no_wake() {
    const TASKS: usize = 10_000;
    const ROUNDS: usize = 20;
    let _watchdog = Watchdog::new("dumps of many tasks", Duration::from_secs(120));
    let polls_with = |dumping: bool| {
        let runtime = Builder::multi_thread().worker_threads(2).build().unwrap();
        let polls = Arc::new(AtomicUsize::new(0));
        let stop = Arc::new(AtomicUsize::new(0));
        let dumper = dumping.then(|| {
            let (handle, stop) = (runtime.handle().clone(), stop.clone());
            thread::spawn(move || {
                let mut dumps = 0;
                while stop.load(Ordering::Relaxed) == 0 {
                    assert!(handle.dump().tasks.len() <= TASKS + 1);
                    dumps += 1;
                }
                dumps
            })
        });
        let tasks: Vec<_> = (0..TASKS)
            .map(|_| {
                let polls = polls.clone();
                runtime.spawn(async move {
                    let mut left = ROUNDS;
                    poll_fn(|cx| {
                        polls.fetch_add(1, Ordering::Relaxed);
                        if left == 0 {
                            return Poll::Ready(());
                        }
                        left -= 1;
                        cx.waker().wake_by_ref();
                        Poll::Pending
                    })
                    .await;
                })
            })
            .collect();
        runtime.block_on(async {
            for task in tasks {
                task.await.unwrap();
            }
        });
        stop.store(1, Ordering::Relaxed);
        if let Some(dumper) = dumper {
            assert!(dumper.join().unwrap() > 0);
        }
        polls.load(Ordering::Relaxed)
    };
    let expected = TASKS * (ROUNDS + 1);
    assert_eq!((polls_with(false), polls_with(true)), (expected, expected));
}
