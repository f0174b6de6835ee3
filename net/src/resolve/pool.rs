//! The threads that ask the system for names. They serve the whole process, and end when there is nothing to do.

use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::process;
use std::sync;
use std::thread;
use std::time::Duration;

use reveille_context::wake;

use crate::primitive::{Arc, Condvar, Mutex, lock};
use crate::resolve::desk::{Desk, Staff};
use crate::resolve::exchange::{Exchange, Found, NotFound};

/// How long a thread waits for another name before it ends.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// The process's.
pub(super) fn pool() -> Arc<Pool> {
    /// With the process whose threads they are: a forked child has the memory, but not the threads.
    static POOL: sync::Mutex<Option<(u32, Arc<Pool>)>> = sync::Mutex::new(None);

    let mut pool = POOL.lock().unwrap_or_else(sync::PoisonError::into_inner);
    let process = process::id();
    match &*pool {
        Some((owner, pool)) if *owner == process => pool.clone(),
        _ => {
            let new = Arc::new(Pool::new(system, KEEP_ALIVE));
            *pool = Some((process, new.clone()));
            new
        }
    }
}

/// A `Desk` with threads.
pub(super) struct Pool {
    desk: Mutex<Desk>,
    /// Told of each name that is queued.
    queued: Condvar,
    look_up: Box<LookUp>,
    keep_alive: Duration,
}

type LookUp = dyn Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync;

impl Pool {
    pub(super) fn new(
        look_up: impl Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static,
        keep_alive: Duration,
    ) -> Self {
        Self {
            desk: Mutex::default(),
            queued: Condvar::new(),
            look_up: Box::new(look_up),
            keep_alive,
        }
    }

    /// The answer will be in the exchange.
    pub(super) fn ask(pool: &Arc<Self>, host: &str) -> Arc<Exchange> {
        let exchange = Arc::new(Exchange::default());
        let staff = lock(&pool.desk).ask(host, exchange.clone());
        pool.queued.notify_one();
        Self::see_to(pool, staff);
        exchange
    }

    /// Nobody waits for this any more.
    pub(super) fn leave(pool: &Arc<Self>, host: &str, exchange: &Arc<Exchange>) {
        exchange.withdraw();
        let staff = lock(&pool.desk).leave(host, exchange);
        Self::see_to(pool, staff);
    }

    fn see_to(pool: &Arc<Self>, staff: Staff) {
        if staff == Staff::Suffices {
            return;
        }
        let serving = pool.clone();
        let thread = thread::Builder::new().name("reveille-lookup".into());
        let Err(error) = thread.spawn(move || serving.serve()) else {
            return;
        };
        // Whoever asked learns of it in place of an answer.
        let stranded = lock(&pool.desk).thread_failed();
        for (host, askers) in stranded {
            let error = io::Error::new(error.kind(), format!("no thread can be started: {error}"));
            answer(askers, &Err(NotFound::new(&host, error)));
        }
    }

    /// The life of a thread.
    fn serve(&self) {
        let mut waited_in_vain = false;
        let mut desk = lock(&self.desk);
        loop {
            if let Some(host) = desk.take() {
                drop(desk);
                let found = self.look_up(&host);
                let askers = lock(&self.desk).answer(&host);
                answer(askers, &found);
                desk = lock(&self.desk);
                waited_in_vain = false;
                if !desk.is_overstaffed() {
                    continue;
                }
            }
            if waited_in_vain || desk.is_overstaffed() {
                desk.thread_ended();
                return;
            }
            desk.idle += 1;
            let wait = self.queued.wait_timeout(desk, self.keep_alive);
            let (guard, result) = wait.unwrap_or_else(sync::PoisonError::into_inner);
            desk = guard;
            desk.idle -= 1;
            waited_in_vain = result.timed_out();
        }
    }

    fn look_up(&self, host: &str) -> Found {
        // Nobody may be left waiting, whatever happens.
        let mut outcome = Err(io::Error::other("the look-up panicked"));
        wake::contain(|| outcome = (self.look_up)(host));
        outcome.map_err(|error| NotFound::new(host, error))
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").finish_non_exhaustive()
    }
}

fn answer(askers: Vec<Arc<Exchange>>, found: &Found) {
    for asker in askers {
        asker.finish(found.clone());
    }
}

/// Blocks. The port is none of the system's business.
fn system(host: &str) -> io::Result<Vec<SocketAddr>> {
    Ok((host, 0).to_socket_addrs()?.collect())
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use std::panic::Location;
    use std::sync::mpsc;
    use std::task::{Context, Poll, Wake};
    use std::time::Instant;

    use super::*;

    struct Unpark(thread::Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    /// Blocks until there is an answer, but not for ever.
    fn wait(exchange: &Exchange) -> Found {
        let waker = Arc::new(Unpark(thread::current())).into();
        let patience = Instant::now() + Duration::from_secs(10);
        loop {
            let cx = &mut Context::from_waker(&waker);
            if let Poll::Ready(found) = exchange.poll(cx, Location::caller()) {
                return found;
            }
            let left = patience.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "watchdog: the look-up is never answered");
            thread::park_timeout(left);
        }
    }

    /// Look-ups that say when they begin, and end when they are told to.
    struct Scripted {
        pool: Arc<Pool>,
        begun: mpsc::Receiver<String>,
        release: mpsc::Sender<io::Result<Vec<SocketAddr>>>,
    }

    fn scripted(keep_alive: Duration) -> Scripted {
        let (begin, begun) = mpsc::channel();
        let (release, released) = mpsc::channel();
        let released = sync::Mutex::new(released);
        let begin = sync::Mutex::new(begin);
        let look_up = move |host: &str| {
            lock(&begin).send(host.to_owned()).unwrap();
            lock(&released).recv().unwrap()
        };
        Scripted {
            pool: Arc::new(Pool::new(look_up, keep_alive)),
            begun,
            release,
        }
    }

    const PATIENCE: Duration = Duration::from_secs(10);

    #[test]
    fn whoever_asks_for_the_same_is_told_the_same() {
        let address: SocketAddr = "127.0.0.1:0".parse().unwrap();
        for outcome in [true, false] {
            let Scripted { pool, begun, release } = scripted(PATIENCE);
            let first = Pool::ask(&pool, "one");
            assert_eq!(begun.recv_timeout(PATIENCE).unwrap(), "one");
            let second = Pool::ask(&pool, "one");
            let third = Pool::ask(&pool, "one");
            // The one that began it goes; the others stay.
            Pool::leave(&pool, "one", &first);
            release
                .send(if outcome {
                    Ok(vec![address])
                } else {
                    Err(io::ErrorKind::HostUnreachable.into())
                })
                .unwrap();
            for exchange in [second, third] {
                match wait(&exchange) {
                    Ok(found) => assert!(outcome && found == [address]),
                    Err(error) => {
                        let error = io::Error::from(error);
                        assert!(!outcome && error.kind() == io::ErrorKind::HostUnreachable);
                        assert!(error.to_string().contains("`one`"), "{error}");
                    }
                }
            }
            assert!(begun.try_recv().is_err(), "there was one call");
            assert!(lock(&pool.desk).is_at_rest());
        }
    }

    #[test]
    fn lookups_that_were_given_up_delay_no_other() {
        let Scripted { pool, begun, release } = scripted(PATIENCE);
        for number in 0..2 * crate::resolve::desk::SERVING {
            let host = number.to_string();
            let exchange = Pool::ask(&pool, &host);
            assert_eq!(begun.recv_timeout(PATIENCE).unwrap(), host);
            Pool::leave(&pool, &host, &exchange);
        }
        // It gets a thread, although none of those returns.
        let _waits = Pool::ask(&pool, "next");
        assert_eq!(begun.recv_timeout(PATIENCE).unwrap(), "next");
        drop(release);
    }

    #[test]
    fn a_lookup_that_panics_is_an_error() {
        let pool = Arc::new(Pool::new(|_: &str| panic!("planned"), PATIENCE));
        let exchange = Pool::ask(&pool, "one");
        assert!(wait(&exchange).is_err());
        let again = Pool::ask(&pool, "one");
        assert!(wait(&again).is_err());
    }

    #[test]
    fn threads_that_have_nothing_to_do_end() {
        let pool = Arc::new(Pool::new(|_: &str| Ok(Vec::new()), Duration::ZERO));
        assert!(wait(&Pool::ask(&pool, "one")).is_ok());
        let patience = Instant::now() + PATIENCE;
        // The thread holds a share.
        while Arc::strong_count(&pool) > 1 {
            assert!(Instant::now() < patience, "watchdog: the thread never ends");
            thread::yield_now();
        }
        assert!(wait(&Pool::ask(&pool, "two")).is_ok());
    }
}

#[cfg(all(test, loom))]
mod loom_models {
    use std::panic::Location;
    use std::task::{Context, Wake, Waker};

    use loom::sync::Notify;

    use super::*;

    struct Signal(Notify);

    impl Wake for Signal {
        fn wake(self: sync::Arc<Self>) {
            self.0.notify();
        }
    }

    /// In place of a thread of the pool.
    fn start(desk: &Arc<Mutex<Desk>>, staff: Staff) {
        if staff == Staff::Start {
            let desk = desk.clone();
            loom::thread::spawn(move || {
                loop {
                    let mut state = lock(&desk);
                    let Some(host) = state.take() else {
                        return state.thread_ended();
                    };
                    drop(state);
                    let askers = lock(&desk).answer(&host);
                    answer(askers, &Ok(Vec::new()));
                }
            });
        }
    }

    #[test]
    fn who_stays_is_answered_although_another_asks_for_the_same_and_goes() {
        loom::model(|| {
            let desk = Arc::new(Mutex::new(Desk::default()));
            let other = {
                let desk = desk.clone();
                loom::thread::spawn(move || {
                    let exchange = Arc::new(Exchange::default());
                    let staff = lock(&desk).ask("one", exchange.clone());
                    start(&desk, staff);
                    let staff = lock(&desk).leave("one", &exchange);
                    start(&desk, staff);
                })
            };
            let exchange = Arc::new(Exchange::default());
            let staff = lock(&desk).ask("one", exchange.clone());
            start(&desk, staff);
            let signal = std::sync::Arc::new(Signal(Notify::new()));
            let waker = Waker::from(signal.clone());
            let cx = &mut Context::from_waker(&waker);
            while exchange.poll(cx, Location::caller()).is_pending() {
                signal.0.wait();
            }
            other.join().unwrap();
        });
    }
}
