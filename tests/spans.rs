//! Tasks as spans: what a subscriber is told, and that it may use the runtime meanwhile.

use std::collections::HashMap;
use std::fmt::Debug;
use std::future::{pending, poll_fn};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::task::Poll;
use std::time::Duration;

use futures_channel::mpsc;
use futures_lite::StreamExt;
use reveille::net::TcpListener;
use reveille::runtime::{Builder, Handle};
use reveille::task::{self, yield_now};
use reveille::time::sleep;
use reveille::trace::Settings;
use reveille::trace::trace::What;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use watchdog::Watchdog;

mod watchdog;

/// What the subscriber is told, in order. One for the process, as subscribers are; so each test has names of its own.
static TOLD: Mutex<Vec<Told>> = Mutex::new(Vec::new());

/// Where the subscriber sends, from a task that it spawns when it enters the span of that name.
static SENDS: Mutex<Option<(&str, mpsc::UnboundedSender<u64>)>> = Mutex::new(None);

#[derive(Clone, Debug, PartialEq)]
enum Told {
    Begin(u64, Fields),
    Enter(u64),
    Exit(u64),
    Close(u64),
    /// In the span that this thread is in.
    Event(u64, Fields),
}

type Fields = HashMap<&'static str, String>;

thread_local! {
    static ENTERED: std::cell::RefCell<Vec<u64>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// Writes down what it is told.
struct Keeps;

impl Subscriber for Keeps {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("reveille::")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        assert_eq!(span.metadata().name(), "runtime.spawn");
        let mut fields = Reads::default();
        span.record(&mut fields);
        told().push(Told::Begin(id, fields.0));
        take_locks_for(id);
        Id::from_u64(id)
    }

    fn enter(&self, span: &Id) {
        let id = span.into_u64();
        told().push(Told::Enter(id));
        take_locks_for(id);
        ENTERED.with_borrow_mut(|entered| entered.push(id));
        let sends = lock(&SENDS).clone();
        if let Some((_, sender)) = sends.filter(|(name, _)| *name == name_of(id)) {
            reveille::spawn(async move { sender.unbounded_send(id).unwrap() });
        }
    }

    fn exit(&self, span: &Id) {
        let id = span.into_u64();
        assert_eq!(ENTERED.with_borrow_mut(Vec::pop), Some(id));
        told().push(Told::Exit(id));
        take_locks_for(id);
    }

    fn try_close(&self, span: Id) -> bool {
        let id = span.into_u64();
        told().push(Told::Close(id));
        take_locks_for(id);
        true
    }

    fn event(&self, event: &Event<'_>) {
        assert_eq!(event.metadata().target(), "reveille::resource");
        let mut fields = Reads::default();
        event.record(&mut fields);
        let span = ENTERED.with_borrow(|entered| entered.last().copied());
        let span = span.expect("it is in a span");
        told().push(Told::Event(span, fields.0));
        take_locks_for(span);
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}
}

#[derive(Default)]
struct Reads(Fields);

impl Visit for Reads {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn told() -> MutexGuard<'static, Vec<Told>> {
    lock(&TOLD)
}

/// For one test: takes the locks of tables, wheels and reactors, which a dump does, and would wait for ever if this thread had one.
fn take_locks_for(span: u64) {
    if name_of(span) == "takes locks" {
        // At the end of a runtime it is nobody's current one.
        drop(Handle::try_current().map(|handle| handle.dump()));
    }
}

fn name_of(span: u64) -> String {
    let told = told();
    let name = told.iter().find_map(|told| match told {
        Told::Begin(id, fields) if *id == span => Some(fields["task.name"].clone()),
        _ => None,
    });
    name.expect("it has begun")
}

/// What was told of the spans for which that holds: the fields, and what became of them.
fn of(is_it: impl Fn(&Fields) -> bool) -> Vec<(Fields, Vec<Told>)> {
    let told = told();
    let begun = told.iter().filter_map(|told| match told {
        Told::Begin(id, fields) if is_it(fields) => Some((*id, fields.clone())),
        _ => None,
    });
    let own = |span: u64| {
        let rest = told.iter().filter(|told| match told {
            Told::Begin(..) => false,
            Told::Enter(id) | Told::Exit(id) | Told::Close(id) | Told::Event(id, _) => *id == span,
        });
        rest.cloned().collect()
    };
    begun.map(|(id, fields)| (fields, own(id))).collect()
}

/// What was told of the one task of that name, in a word each.
fn story_of(name: &str) -> (Fields, String) {
    let [(fields, told)] = &of(|fields| fields["task.name"] == name)[..] else {
        panic!("there is one {name}")
    };
    let words = told.iter().map(|told| match told {
        Told::Begin(..) => unreachable!("it is left out"),
        Told::Enter(_) => "enter".to_owned(),
        Told::Exit(_) => "exit".to_owned(),
        Told::Close(_) => "close".to_owned(),
        Told::Event(_, fields) => format!("{} {}", fields["kind"], fields["op"]),
    });
    (fields.clone(), words.collect::<Vec<_>>().join(", "))
}

fn start() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing::subscriber::set_global_default(Keeps).unwrap());
    reveille::trace::spans::start().unwrap();
}

fn spawn_named<F>(name: &'static str, future: F) -> task::JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    task::Builder::new().name(name).spawn(future)
}

#[test]
fn a_task_is_a_span_that_is_entered_for_each_poll() {
    start();
    let line = line!() + 3;
    let id = reveille::block_on(async {
        let big = [0_u8; 1000];
        let yields = task::Builder::new().name("yields").spawn(async move {
            yield_now().await;
            yield_now().await;
            assert_eq!(big[0], 0);
        });
        let id = yields.id();
        yields.await.unwrap();
        id
    });
    let (fields, story) = story_of("yields");
    assert_eq!(story, "enter, exit, enter, exit, enter, exit, close");
    assert_eq!(fields["kind"], "task");
    assert_eq!(fields["task.id"], id.to_string());
    assert_eq!(fields["loc.file"], file!());
    assert_eq!(fields["loc.line"], line.to_string());
    assert!(fields.contains_key("loc.col"));
    assert!(fields["size.bytes"].parse::<usize>().unwrap() > 1000);
}

#[test]
fn each_kind_of_task_says_which_it_is() {
    start();
    let first = line!();
    reveille::block_on(async {
        let local = task::spawn_local(async {});
        let job = task::spawn_blocking(|| {});
        local.await.unwrap();
        job.await.unwrap();
    });
    let kind_at = |below: u32| {
        let line = (first + below).to_string();
        let found = of(|fields| fields["loc.file"] == file!() && fields["loc.line"] == line);
        let [(fields, told)] = &found[..] else {
            panic!("there is one at {line}: {found:?}")
        };
        assert!(matches!(
            told[..],
            [Told::Enter(_), .., Told::Exit(_), Told::Close(_)]
        ));
        fields["kind"].clone()
    };
    assert_eq!([1, 2, 3].map(kind_at), ["block_on", "local", "blocking"]);
}

#[test]
fn the_span_of_a_task_that_never_ran_or_panicked_is_closed() {
    start();
    reveille::block_on(async {
        let never = spawn_named("never", async {});
        never.abort();
        assert!(never.await.unwrap_err().is_cancelled());
        let panics = spawn_named("panics", async { panic!("as planned") });
        assert!(panics.await.unwrap_err().is_panic());
        drop(spawn_named("is left", pending::<()>()));
        yield_now().await;
    });
    assert_eq!(story_of("never").1, "close");
    assert_eq!(story_of("panics").1, "enter, exit, close");
    assert_eq!(story_of("is left").1, "enter, exit, close");
}

#[test]
fn sockets_and_timers_are_events_in_the_span_of_their_task() {
    start();
    reveille::block_on(async {
        let waits = spawn_named("waits for both", async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            reveille::select! {
                accepted = listener.accept() => drop(accepted.unwrap()),
                () = sleep(Duration::from_millis(1)) => (),
            }
        });
        waits.await.unwrap();
    });
    let [(_, told)] = &of(|fields| fields["task.name"] == "waits for both")[..] else {
        panic!("there is one")
    };
    let events: Vec<&Fields> = told
        .iter()
        .filter_map(|told| match told {
            Told::Event(_, fields) => Some(fields),
            _ => None,
        })
        .collect();
    let find = |op: &str| events.iter().find(|fields| fields["op"] == op);
    let registered = find("register").expect("a listener that waits is registered");
    assert_eq!(registered["kind"], "io");
    assert!(registered["descriptor"].parse::<i32>().is_ok());
    let set = find("set").expect("a sleep is in the wheel");
    assert_eq!(set["kind"], "timer");
    // Nanoseconds until it fires, which is by then perhaps.
    assert!(set["after"].parse::<u64>().unwrap() <= 1_100_000);
    let gone = find("deregister").expect("it was dropped");
    assert_eq!(gone["id"], registered["id"]);
}

#[test]
fn a_subscriber_may_spawn_and_what_it_spawns_is_told_to_nobody() {
    let _watchdog = Watchdog::new("a subscriber that spawns", Duration::from_secs(60));
    start();
    let (sender, mut receiver) = mpsc::unbounded();
    *lock(&SENDS) = Some(("spawns", sender));
    for mut builder in [Builder::current_thread(), Builder::multi_thread()] {
        let runtime = builder.build().unwrap();
        runtime.block_on(async {
            let before = of(|_| true).len();
            let task = spawn_named("spawns", async { yield_now().await });
            let sent = [receiver.next().await, receiver.next().await];
            task.await.unwrap();
            assert!(sent[0].is_some() && sent[0] == sent[1]);
            let of_subscriber = of(|fields| fields["loc.file"] == file!() && fields["task.name"].is_empty());
            assert!(before > 0 && of_subscriber.iter().all(|(fields, _)| fields["kind"] != "task"));
        });
    }
    *lock(&SENDS) = None;
}

#[test]
fn no_lock_is_held_while_the_subscriber_runs() {
    let _watchdog = Watchdog::new("a subscriber that takes locks", Duration::from_secs(60));
    start();
    for mut builder in [Builder::current_thread(), Builder::multi_thread()] {
        let runtime = builder.build().unwrap();
        runtime.block_on(async {
            let all = || {
                spawn_named("takes locks", async {
                    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                    reveille::select! {
                        accepted = listener.accept() => drop(accepted.unwrap()),
                        () = sleep(Duration::from_millis(1)) => (),
                    }
                })
            };
            all().await.unwrap();
            let aborted = all();
            aborted.abort();
            let _ = aborted.await;
            drop(spawn_named("takes locks", pending::<()>()));
            yield_now().await;
        });
    }
    // The last one of each runtime may be cancelled by its end.
    let all = of(|fields| fields["task.name"] == "takes locks");
    assert_eq!(all.len(), 6);
    assert!(
        all.iter()
            .all(|(_, told)| matches!(told.last(), Some(Told::Close(_))))
    );
}

#[test]
fn on_several_threads_each_enter_has_its_exit_and_each_span_its_end() {
    let _watchdog = Watchdog::new("many spans", Duration::from_secs(60));
    const TASKS: usize = 200;
    const POLLS: usize = 5;
    start();
    let runtime = Builder::multi_thread().worker_threads(2).build().unwrap();
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let mut left = POLLS;
            let polls = poll_fn(move |cx| {
                left -= 1;
                if left == 0 {
                    return Poll::Ready(());
                }
                cx.waker().wake_by_ref();
                Poll::Pending
            });
            task::Builder::new()
                .name("one of many")
                .spawn_on(polls, runtime.handle())
        })
        .collect();
    runtime.block_on(async {
        for task in tasks {
            task.await.unwrap();
        }
    });
    let all = of(|fields| fields["task.name"] == "one of many");
    assert_eq!(all.len(), TASKS);
    for (_, told) in all {
        let count = |is_it: fn(&Told) -> bool| told.iter().filter(|told| is_it(told)).count();
        assert_eq!(count(|told| matches!(told, Told::Enter(_))), POLLS);
        assert_eq!(count(|told| matches!(told, Told::Exit(_))), POLLS);
        assert!(matches!(told.last(), Some(Told::Close(_))));
    }
}

#[test]
fn the_recorder_is_started_and_stopped_beside_it() {
    start();
    let run = |name| {
        reveille::block_on(async {
            spawn_named(name, async { yield_now().await }).await.unwrap();
        });
        assert_eq!(story_of(name).1, "enter, exit, enter, exit, close");
    };
    let is_recorded = |name: &str| {
        let trace = reveille::trace::collect().unwrap();
        let is_it =
            |what: &What| matches!(what, What::Spawn { name: text, .. } if trace.strings.get(*text) == name);
        trace.events.iter().any(|event| is_it(&event.what))
    };
    assert!(!reveille::trace::is_on());
    run("before the recorder");
    reveille::trace::start(&Settings::default()).unwrap();
    run("beside the recorder");
    reveille::trace::stop();
    run("after the recorder");
    assert!(is_recorded("beside the recorder"));
    assert!(!is_recorded("before the recorder") && !is_recorded("after the recorder"));
}
