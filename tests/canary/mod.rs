//! Tells, from within an operation on a socket, when the events that came so far have been delivered.

use std::future::Future;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};
use std::thread;

use reveille::io::Source;
use reveille::task::unconstrained;

/// A socket of its own beside the one that is looked at: its event comes later, so when it is there the other's is too.
pub(crate) struct Canary {
    source: Source<UnixStream>,
    peer: UnixStream,
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Canary {
    pub(crate) fn new() -> Self {
        let (ours, peer) = UnixStream::pair().unwrap();
        Self {
            source: Source::new(ours).unwrap(),
            peer,
        }
    }

    /// Waits until another thread, which drives the reactor, has delivered whatever came before this call.
    pub(crate) fn wait_for_news(&self) {
        let mut read = |mut stream: &UnixStream| -> io::Result<usize> { stream.read(&mut [0; 8]) };
        let flag = Arc::new(Flag(AtomicBool::new(false)));
        let waker = Waker::from(flag.clone());
        let cx = &mut Context::from_waker(&waker);
        // What the task is yet allowed in this turn does not matter here.
        let mut waiting = pin!(unconstrained(self.source.read_with(&mut read)));
        assert!(waiting.as_mut().poll(cx).is_pending());
        (&self.peer).write_all(b"c").unwrap();
        while !flag.0.swap(false, Ordering::SeqCst) || waiting.as_mut().poll(cx).is_pending() {
            thread::yield_now();
        }
    }
}
