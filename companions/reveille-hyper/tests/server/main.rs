//! The server under real clients, over loopback.

mod graceful;
mod limits;
#[cfg(unix)]
mod out_of_descriptors;
mod raw;
mod requests;
mod upgrades;
#[path = "../../../../tests/watchdog/mod.rs"]
mod watchdog;

use std::future::IntoFuture;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reveille::net::TcpListener;
use reveille::runtime::Builder;
use reveille::task::JoinHandle;
use reveille_hyper::{ConnectionError, IntoHttpService, Report, Serve};

/// A server that runs as a task beside the test.
type Running = JoinHandle<io::Result<Report>>;

/// Serves `service` with those options on a port that the system chose.
async fn start<S, By>(
    service: S,
    options: impl FnOnce(Serve<TcpListener>) -> Serve<TcpListener>,
) -> (SocketAddr, Running)
where
    S: IntoHttpService<By>,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = options(reveille_hyper::serve(listener, service));
    (address, reveille::spawn(server.into_future()))
}

/// A signal to stop, and who waits for it.
fn stop() -> (impl FnOnce(), impl Future<Output = ()> + Send + 'static) {
    let (sender, receiver) = tokio::sync::oneshot::channel::<()>();
    (move || drop(sender), async move { drop(receiver.await) })
}

/// The errors of connections, as they come.
#[derive(Clone, Default)]
struct Errors(Arc<Mutex<Vec<String>>>);

impl Errors {
    /// The hook that notes them: what they are about, in a word.
    fn hook(&self) -> impl Fn(&SocketAddr, &ConnectionError) + Send + Sync + 'static {
        let errors = self.0.clone();
        move |_, error| {
            let what = match (error.is_timeout(), error.is_cut()) {
                (true, false) => "timeout".to_owned(),
                (false, true) => "cut".to_owned(),
                _ => error.to_string(),
            };
            errors.lock().unwrap().push(what);
        }
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// Runs a test on one thread, where time stands until nothing else is left to do.
fn paused(what: &'static str, test: impl AsyncFnOnce()) {
    let _watchdog = watchdog::Watchdog::new(what, Duration::from_secs(60));
    let runtime = Builder::current_thread().start_paused(true).build().unwrap();
    runtime.block_on(test());
}

/// Runs a test on one thread, and on several.
fn everywhere(what: &'static str, test: impl AsyncFn()) {
    let _watchdog = watchdog::Watchdog::new(what, Duration::from_secs(60));
    for builder in [
        &mut Builder::current_thread(),
        Builder::multi_thread().worker_threads(2),
    ] {
        builder.build().unwrap().block_on(test());
    }
}
