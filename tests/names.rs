//! Names: whom a runtime asks for them, and that asking ends with it.

use std::future::{self, Future};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use reveille::net::{Resolver, TcpListener, TcpStream, lookup_host};
use reveille::runtime::{Builder, is_shutdown};

mod watchdog;
use watchdog::Watchdog;

type Answer = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// Answers with one address, and keeps a list of what it was asked for.
struct Listed {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Resolver for Listed {
    fn resolve(&self, host: &str, port: u16) -> Answer {
        self.asked.lock().unwrap().push(format!("{host}:{port}"));
        Box::pin(future::ready(Ok(vec![self.address])))
    }
}

/// Never answers; says when it is asked.
struct Silent(Mutex<mpsc::Sender<()>>);

impl Resolver for Silent {
    fn resolve(&self, _: &str, _: u16) -> Answer {
        self.0.lock().unwrap().send(()).unwrap();
        Box::pin(future::pending())
    }
}

#[test]
fn the_resolver_of_the_runtime_is_asked_for_names_and_for_nothing_else() -> io::Result<()> {
    let _watchdog = Watchdog::new("a connect by name", Duration::from_secs(20));
    for builder in [
        &mut Builder::current_thread(),
        Builder::multi_thread().worker_threads(2),
    ] {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let resolver = Listed {
            address,
            asked: asked.clone(),
        };
        let runtime = builder.resolver(resolver).build()?;
        let connect = async move {
            let by_name = TcpStream::connect("some.invalid:7").await?;
            let by_address = TcpStream::connect(address.to_string()).await?;
            assert_eq!(
                (by_name.peer_addr()?, by_address.peer_addr()?),
                (address, address)
            );
            io::Result::Ok(())
        };
        // In a task, in `block_on` itself, and in a blocking job.
        runtime.block_on(runtime.spawn(connect)).unwrap()?;
        runtime
            .block_on(async { TcpListener::bind("local.invalid:0").await.map(drop) })
            .unwrap_err();
        let job = runtime.spawn_blocking(|| pollster::block_on(lookup_host("job.invalid:9")).map(drop));
        runtime.block_on(job).unwrap()?;
        assert_eq!(
            *asked.lock().unwrap(),
            ["some.invalid:7", "local.invalid:0", "job.invalid:9"]
        );
    }
    Ok(())
}

#[test]
fn a_shutdown_ends_lookups_that_block_a_thread_of_the_runtime() -> io::Result<()> {
    let _watchdog = Watchdog::new("a shutdown during a look-up", Duration::from_secs(20));
    let (begin, begun) = mpsc::channel();
    let (ended, end) = mpsc::channel();
    let runtime = Builder::multi_thread()
        .worker_threads(1)
        .resolver(Silent(begin.into()))
        .build()?;
    drop(runtime.spawn(async move {
        let outcome = reveille::task::block_in_place(|| pollster::block_on(lookup_host("some.invalid:7")));
        ended.send(is_shutdown(&outcome.map(drop).unwrap_err())).unwrap();
    }));
    begun.recv().unwrap();
    let report = runtime.shutdown(Duration::from_secs(10));
    assert!(report.is_complete(), "{report}");
    assert!(end.recv().unwrap());
    Ok(())
}

#[test]
fn a_shutdown_ends_lookups_in_blocking_jobs() -> io::Result<()> {
    let _watchdog = Watchdog::new("a shutdown during a look-up in a job", Duration::from_secs(20));
    for builder in [
        &mut Builder::current_thread(),
        Builder::multi_thread().worker_threads(1),
    ] {
        let (begin, begun) = mpsc::channel();
        let (ended, end) = mpsc::channel();
        let runtime = builder.resolver(Silent(begin.into())).build()?;
        drop(runtime.spawn_blocking(move || {
            let outcome = pollster::block_on(lookup_host("some.invalid:7"));
            ended.send(is_shutdown(&outcome.map(drop).unwrap_err())).unwrap();
        }));
        begun.recv().unwrap();
        let report = runtime.shutdown(Duration::from_secs(10));
        assert!(report.is_complete(), "{report}");
        assert!(end.recv().unwrap());
    }
    Ok(())
}

#[test]
fn a_runtime_does_not_wait_for_a_lookup_that_was_dropped() -> io::Result<()> {
    let _watchdog = Watchdog::new("dropping a runtime", Duration::from_secs(20));
    let (begin, begun) = mpsc::channel();
    let runtime = Builder::current_thread().resolver(Silent(begin.into())).build()?;
    runtime.block_on(async {
        let silent = reveille::time::timeout(Duration::from_millis(1), lookup_host("some.invalid:7"));
        assert!(silent.await.is_err());
    });
    begun.recv().unwrap();
    drop(runtime);
    Ok(())
}

#[test]
fn many_tasks_may_ask_for_the_same_name_at_once() -> io::Result<()> {
    let _watchdog = Watchdog::new("a hundred look-ups", Duration::from_secs(20));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            thread::spawn(|| {
                reveille::block_on(async {
                    let tasks: Vec<_> = (0..25)
                        .map(|port| {
                            reveille::spawn(async move { (port, lookup_host(("localhost", port)).await) })
                        })
                        .collect();
                    for task in tasks {
                        let (port, found) = task.await.unwrap();
                        for address in found.unwrap() {
                            assert!(address.ip().is_loopback());
                            assert_eq!(address.port(), port);
                        }
                    }
                });
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    Ok(())
}
