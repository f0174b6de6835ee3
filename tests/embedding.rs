//! A runtime inside a foreign event loop, which knows nothing of it but a descriptor and a deadline.
#![cfg(unix)]

mod watchdog;

use std::cell::Cell;
use std::future::Future;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use reveille::io::{AsyncReadExt, AsyncWriteExt};
use reveille::net::{TcpListener, TcpStream};
use reveille::runtime::{Builder, Embedded, Handle, Runtime};
use reveille::task::{spawn_local, yield_now};
use reveille::time::{Sleep, sleep};
use watchdog::Watchdog;

const NOW: Option<Duration> = Some(Duration::ZERO);
const LIMIT: Duration = Duration::from_secs(60);

/// A foreign loop.
struct Foreign {
    poll: mio::Poll,
    events: mio::Events,
    /// How often it slept.
    sleeps: usize,
}

impl Foreign {
    fn watching(embedded: &Embedded<'_>) -> Self {
        let poll = mio::Poll::new().unwrap();
        let descriptor = embedded.as_raw_fd();
        assert_eq!(descriptor, embedded.as_fd().as_raw_fd());
        poll.registry()
            .register(&mut SourceFd(&descriptor), mio::Token(0), mio::Interest::READABLE)
            .unwrap();
        Self {
            poll,
            events: mio::Events::with_capacity(8),
            sleeps: 0,
        }
    }

    /// Sleeps for no longer than `timeout`; whether the runtime's descriptor was the reason to wake up.
    fn sleep(&mut self, timeout: Option<Duration>) -> bool {
        self.sleeps += 1;
        match self.poll.poll(&mut self.events, timeout) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return false,
            result => result.unwrap(),
        }
        !self.events.is_empty()
    }

    /// As a toolkit's loop would: it sleeps until it is told, and no longer than it was told.
    fn run(&mut self, embedded: &mut Embedded<'_>, done: impl Fn() -> bool) {
        while !done() {
            if !embedded.poll_once(NOW) && !done() {
                let deadline = embedded.next_deadline();
                self.sleep(deadline);
            }
        }
    }
}

/// Whether the descriptor is readable now, whatever was seen of it before.
fn is_readable(embedded: &Embedded<'_>) -> bool {
    Foreign::watching(embedded).sleep(NOW)
}

/// Until nothing more is ready, timers aside.
fn settle(embedded: &mut Embedded<'_>) {
    while embedded.poll_once(NOW) {}
}

fn runtime() -> Runtime {
    Builder::current_thread().build().unwrap()
}

#[test]
fn sockets_run_on_a_foreign_loop() -> io::Result<()> {
    let _watchdog = Watchdog::new("the echo", LIMIT);
    let runtime = runtime();
    let mut embedded = runtime.embed()?;
    let mut foreign = Foreign::watching(&embedded);
    let (address, told) = mpsc::channel();
    let server = embedded.spawn_local(async move {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        address.send(listener.local_addr()?).unwrap();
        let (stream, _) = listener.accept().await?;
        let mut buffer = [0; 1024];
        loop {
            match stream.read(&mut buffer).await? {
                0 => return io::Result::Ok(()),
                length => stream.write_all(&buffer[..length]).await?,
            }
        }
    });
    // A peer that knows nothing of runtimes: 100 messages and their echoes, one by one.
    let peer = thread::spawn(move || {
        let mut stream = std::net::TcpStream::connect(told.recv().unwrap())?;
        let mut echo = [0; 7];
        for round in 0..100 {
            let message = format!("ping{round:03}");
            stream.write_all(message.as_bytes())?;
            stream.read_exact(&mut echo)?;
            assert_eq!(echo, message.as_bytes());
        }
        stream.shutdown(Shutdown::Write)
    });
    foreign.run(&mut embedded, || server.is_finished());
    peer.join().unwrap()?;
    drop(embedded);
    runtime.block_on(server).unwrap()
}

#[test]
fn both_ends_of_a_connection_run_on_a_foreign_loop() -> io::Result<()> {
    let _watchdog = Watchdog::new("the connection", LIMIT);
    let runtime = runtime();
    let mut embedded = runtime.embed()?;
    let mut foreign = Foreign::watching(&embedded);
    let task = embedded.spawn_local(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let client = spawn_local(TcpStream::connect(listener.local_addr()?));
        let (mut accepted, _) = listener.accept().await?;
        let mut connected = client.await.unwrap()?;
        let megabyte = vec![7; 1 << 20];
        let sender = spawn_local({
            let megabyte = megabyte.clone();
            async move {
                accepted.write_all(&megabyte).await?;
                AsyncWriteExt::close(&mut accepted).await
            }
        });
        let mut received = Vec::new();
        connected.read_to_end(&mut received).await?;
        assert!(received == megabyte);
        sender.await.unwrap()
    });
    foreign.run(&mut embedded, || task.is_finished());
    drop(embedded);
    runtime.block_on(task).unwrap()
}

#[test]
fn sleeps_end_in_order_and_never_early() -> io::Result<()> {
    let _watchdog = Watchdog::new("the sleeps", LIMIT);
    let runtime = runtime();
    let mut embedded = runtime.embed()?;
    let mut foreign = Foreign::watching(&embedded);
    let ended = Rc::new(Cell::new(Vec::new()));
    let begin = Instant::now();
    let tasks = [30, 10, 20].map(|milliseconds| {
        let ended = ended.clone();
        embedded.spawn_local(async move {
            sleep(Duration::from_millis(milliseconds)).await;
            let mut all = ended.take();
            all.push((milliseconds, begin.elapsed()));
            ended.set(all);
        })
    });
    foreign.run(&mut embedded, || tasks.iter().all(|task| task.is_finished()));
    let ended = ended.take();
    assert_eq!(ended.iter().map(|end| end.0).collect::<Vec<_>>(), [10, 20, 30]);
    for (milliseconds, elapsed) in ended {
        assert!(elapsed >= Duration::from_millis(milliseconds));
    }
    // Three timers are three sleeps of the loop, and a few for its rounding; a loop that spins has thousands.
    assert!(foreign.sleeps < 30, "the loop woke up {} times", foreign.sleeps);
    Ok(())
}

#[test]
fn other_threads_spawn_and_wake_while_the_loop_sleeps() -> io::Result<()> {
    let _watchdog = Watchdog::new("the foreign wakes", LIMIT);
    let runtime = runtime();
    let mut embedded = runtime.embed()?;
    let mut foreign = Foreign::watching(&embedded);
    let baton = Baton::default();
    let waiting = embedded.spawn_local(baton.clone());
    settle(&mut embedded);
    let handle = runtime.handle().clone();
    let here = thread::current().id();
    let other = thread::spawn(move || {
        let spawned = handle.spawn(async move { thread::current().id() });
        baton.pass();
        spawned
    });
    foreign.run(&mut embedded, || waiting.is_finished());
    let spawned = other.join().unwrap();
    foreign.run(&mut embedded, || spawned.is_finished());
    drop(embedded);
    assert_eq!(runtime.block_on(spawned).unwrap(), here);
    Ok(())
}

type Wake = Box<dyn Fn(&mut Embedded<'_>)>;

#[test]
fn a_wake_between_two_calls_makes_the_descriptor_readable_once() -> io::Result<()> {
    let runtime = runtime();
    let mut embedded = runtime.embed()?;
    settle(&mut embedded);
    let mut wakes: Vec<(&str, Wake)> = Vec::new();
    let handle = runtime.handle().clone();
    wakes.push((
        "a spawn by another thread",
        Box::new(move |_| {
            let handle = handle.clone();
            drop(thread::spawn(move || handle.spawn(async {})).join().unwrap());
        }),
    ));
    let handle = runtime.handle().clone();
    wakes.push((
        "a spawn by this thread",
        Box::new(move |_| drop(handle.spawn(async {}))),
    ));
    wakes.push((
        "a spawn of a local task",
        Box::new(|embedded| drop(embedded.spawn_local(async {}))),
    ));
    for elsewhere in [true, false] {
        let baton = Baton::default();
        let relay = baton.clone();
        drop(embedded.spawn_local(async move {
            loop {
                relay.clone().await;
            }
        }));
        settle(&mut embedded);
        wakes.push((
            "a wake",
            Box::new(move |_| {
                let baton = baton.clone();
                if elsewhere {
                    thread::spawn(move || baton.pass()).join().unwrap();
                } else {
                    baton.pass();
                }
            }),
        ));
    }
    let mut foreign = Foreign::watching(&embedded);
    assert!(!foreign.sleep(NOW));
    for _ in 0..2 {
        for (what, wake) in &wakes {
            assert!(!is_readable(&embedded), "before {what}");
            wake(&mut embedded);
            assert!(is_readable(&embedded), "after {what}");
            assert!(
                foreign.sleep(NOW),
                "{what} is seen by whoever watches for changes, too"
            );
            assert_eq!(embedded.next_deadline(), NOW, "after {what}");
            settle(&mut embedded);
            assert!(!is_readable(&embedded), "once what {what} brought has run");
            assert_eq!(embedded.next_deadline(), None);
        }
    }
    assert!(!foreign.sleep(NOW));
    Ok(())
}

#[test]
fn a_socket_that_is_ready_between_two_calls_makes_the_descriptor_readable() -> io::Result<()> {
    let runtime = runtime();
    let mut embedded = runtime.embed()?;
    let (ours, theirs) = pair()?;
    let stream = TcpStream::from_std(ours)?;
    let task = embedded.spawn_local(async move {
        let mut buffer = [0; 8];
        for _ in 0..2 {
            stream.read(&mut buffer).await?;
        }
        io::Result::Ok(stream)
    });
    // A new registration may be reported as writable.
    settle(&mut embedded);
    settle(&mut embedded);
    for _ in 0..2 {
        assert!(!is_readable(&embedded));
        (&theirs).write_all(b"news")?;
        assert!(is_readable(&embedded));
        settle(&mut embedded);
    }
    assert!(task.is_finished());
    assert!(!is_readable(&embedded), "with the socket still open");
    Ok(())
}

#[test]
fn an_idle_runtime_never_interrupts_the_loop() -> io::Result<()> {
    let runtime = runtime();
    let mut embedded = runtime.embed()?;
    let listener = embedded.spawn_local(async { TcpListener::bind("127.0.0.1:0").await?.accept().await });
    drop(embedded.spawn_local(sleep(Duration::from_secs(3600))));
    settle(&mut embedded);
    settle(&mut embedded);
    let mut foreign = Foreign::watching(&embedded);
    let interrupts = (0..200).filter(|round| {
        if round % 2 == 0 {
            assert!(!embedded.poll_once(NOW));
        }
        foreign.sleep(NOW) || is_readable(&embedded)
    });
    assert_eq!(interrupts.count(), 0);
    assert!(!listener.is_finished());
    assert!(embedded.next_deadline().is_some_and(|until| until > LIMIT));
    Ok(())
}

#[test]
fn an_earlier_deadline_set_by_another_thread_interrupts_the_loop() -> io::Result<()> {
    let runtime = runtime();
    let mut embedded = runtime.embed()?;
    drop(embedded.spawn_local(sleep(Duration::from_secs(7200))));
    settle(&mut embedded);
    assert!(!is_readable(&embedded));
    let before = embedded.next_deadline().unwrap();
    let set_elsewhere = |seconds| {
        let handle = runtime.handle().clone();
        let set = move || begin(&handle, Duration::from_secs(seconds));
        thread::spawn(set).join().unwrap()
    };
    let _later = set_elsewhere(10_000);
    assert!(!is_readable(&embedded), "a later deadline is no news");
    let _earlier = set_elsewhere(3600);
    assert!(is_readable(&embedded));
    assert!(!embedded.poll_once(NOW));
    assert!(!is_readable(&embedded));
    let after = embedded.next_deadline().unwrap();
    assert!(
        after < before && after < Duration::from_secs(3601) && after > LIMIT,
        "{after:?}"
    );
    // Asking for the deadline does not end the announcement.
    let _earliest = set_elsewhere(1800);
    assert!(is_readable(&embedded));
    Ok(())
}

#[test]
fn a_deadline_that_is_over_is_more_to_do() -> io::Result<()> {
    let _watchdog = Watchdog::new("the deadline", LIMIT);
    let runtime = runtime();
    let mut embedded = runtime.embed()?;
    // Longer than a machine that does other things keeps this thread from settling.
    let task = embedded.spawn_local(sleep(Duration::from_millis(300)));
    settle(&mut embedded);
    while embedded.next_deadline() != NOW {
        assert!(!task.is_finished(), "it ends in a call only");
        thread::yield_now();
    }
    embedded.poll_once(NOW);
    assert!(task.is_finished());
    Ok(())
}

#[test]
fn a_call_waits_for_sockets_and_timers_itself() -> io::Result<()> {
    let _watchdog = Watchdog::new("the waiting call", LIMIT);
    let runtime = runtime();
    let mut embedded = runtime.embed()?;
    let (ours, theirs) = pair()?;
    let stream = TcpStream::from_std(ours)?;
    let reader = embedded.spawn_local(async move { stream.read(&mut [0; 8]).await });
    let sleeper = embedded.spawn_local(sleep(Duration::from_millis(5)));
    let writer = thread::spawn(move || (&theirs).write_all(b"news").map(|()| theirs));
    let mut calls = 0;
    while !(reader.is_finished() && sleeper.is_finished()) {
        embedded.poll_once(None);
        calls += 1;
    }
    assert!(calls < 30, "it did not wait: {calls} calls");
    writer.join().unwrap()?;
    Ok(())
}

#[test]
fn a_call_is_bounded() -> io::Result<()> {
    let runtime = runtime();
    let mut embedded = runtime.embed()?;
    let polls = Rc::new(Cell::new(0));
    for _ in 0..5 {
        let polls = polls.clone();
        drop(embedded.spawn_local(async move {
            loop {
                polls.set(polls.get() + 1);
                yield_now().await;
            }
        }));
    }
    for _ in 0..10 {
        let before = polls.get();
        assert!(embedded.poll_once(None));
        let polls = polls.get() - before;
        assert!(polls > 0 && polls <= Embedded::POLLS_PER_CALL, "{polls} polls");
    }
    Ok(())
}

#[test]
fn the_runtime_goes_on_after_the_embedding() -> io::Result<()> {
    let _watchdog = Watchdog::new("the rest", LIMIT);
    let runtime = runtime();
    let mut embedded = runtime.embed()?;
    let baton = Baton::default();
    let task = runtime.spawn({
        let baton = baton.clone();
        async move {
            baton.await;
            sleep(Duration::from_millis(1)).await;
            Handle::try_current().is_some()
        }
    });
    settle(&mut embedded);
    assert!(
        Handle::try_current().is_none(),
        "between two calls no runtime is current"
    );
    drop(embedded);
    let passer = thread::spawn(move || baton.pass());
    assert!(runtime.block_on(task).unwrap());
    passer.join().unwrap();
    let mut again = runtime.embed()?;
    settle(&mut again);
    assert!(!is_readable(&again));
    Ok(())
}

#[test]
fn local_tasks_end_with_their_runtime_current() -> io::Result<()> {
    struct Note(Rc<Cell<Option<bool>>>);
    impl Drop for Note {
        fn drop(&mut self) {
            self.0.set(Some(Handle::try_current().is_some()));
        }
    }
    let runtime = runtime();
    let mut embedded = runtime.embed()?;
    let dropped = Rc::new(Cell::new(None));
    let note = Note(dropped.clone());
    drop(embedded.spawn_local(async move {
        let _note = note;
        sleep(Duration::from_secs(3600)).await;
    }));
    settle(&mut embedded);
    assert_eq!(dropped.get(), None);
    drop(embedded);
    assert_eq!(dropped.get(), Some(true));
    Ok(())
}

#[test]
fn a_runtime_that_is_driven_is_not_embedded() -> io::Result<()> {
    let runtime = runtime();
    let embedded = runtime.embed()?;
    assert_eq!(runtime.embed().unwrap_err().kind(), io::ErrorKind::ResourceBusy);
    drop(embedded);
    let nested = runtime.block_on(async { runtime.embed().unwrap_err() });
    assert_eq!(nested.kind(), io::ErrorKind::Deadlock);
    let drives_itself = Builder::multi_thread().build()?;
    assert_eq!(
        drives_itself.embed().unwrap_err().kind(),
        io::ErrorKind::Unsupported
    );
    Ok(())
}

/// Two ends of a connection over loopback.
fn pair() -> io::Result<(std::net::TcpStream, std::net::TcpStream)> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let ours = std::net::TcpStream::connect(listener.local_addr()?)?;
    Ok((ours, listener.accept()?.0))
}

/// Registers a sleep with the runtime of `handle`, as a future does that is polled where that is entered.
fn begin(handle: &Handle, duration: Duration) -> Pin<Box<Sleep>> {
    let _current = handle.enter();
    let mut sleep = Box::pin(sleep(duration));
    assert!(
        sleep
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    sleep
}

/// Passed from one who knows nothing of runtimes to one task that waits for it.
#[derive(Clone, Default)]
struct Baton(Arc<Mutex<(bool, Option<Waker>)>>);

impl Baton {
    fn pass(&self) {
        let waker = {
            let mut baton = self.0.lock().unwrap();
            baton.0 = true;
            baton.1.take()
        };
        waker.into_iter().for_each(Waker::wake);
    }
}

impl Future for Baton {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut baton = self.0.lock().unwrap();
        if std::mem::take(&mut baton.0) {
            return Poll::Ready(());
        }
        let old = baton.1.replace(cx.waker().clone());
        drop(baton);
        drop(old);
        Poll::Pending
    }
}
