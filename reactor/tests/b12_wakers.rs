//! B12: wakers are anybody's code. Their clone, wake and drop come back to the very socket and reactor; nothing may
//! deadlock, and one that panics may not harm the others of its batch.

mod wakes;
mod watchdog;

use std::cell::Cell;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, RawWaker, RawWakerVTable, Wake, Waker};

use reveille_context::wake;
use reveille_reactor::{Direction, Handle, Reactor, Ready, Registration};

use wakes::{Socket, Wakes, pair, poll_byte, read_byte, send, settle};
use watchdog::watched;

/// A waker that calls back into everything, once at a time.
struct Meddler {
    socket: Arc<Registration<Socket>>,
    handle: Handle,
    clones: AtomicUsize,
    wakes: AtomicUsize,
    drops: AtomicUsize,
}

impl Meddler {
    fn meddle(&self, count: &AtomicUsize) {
        thread_local! {
            static MEDDLING: Cell<bool> = const { Cell::new(false) };
        }
        count.fetch_add(1, Ordering::SeqCst);
        if MEDDLING.replace(true) {
            return;
        }
        let (_, other) = Wakes::new();
        let cx = &mut Context::from_waker(&other);
        // The same socket: wait, withdraw, try, dump.
        let mut wait = self.socket.wait(Direction::Read, Location::caller());
        let _ = wait.poll_io(cx, read_byte);
        drop(wait);
        let _ = self.socket.try_io(Direction::Read, read_byte);
        assert!(self.handle.registrations() <= 2 && self.handle.waits().len() < 10);
        // The same reactor: register another socket, and drop it.
        let (ours, _peer) = pair();
        let another = Registration::new(ours).unwrap();
        let _ = poll_byte(&another, &other);
        another.inject(Ready::READABLE);
        drop(another);
        MEDDLING.set(false);
    }

    fn waker(self: &Arc<Self>) -> Waker {
        // SAFETY: the vtable's functions keep to the contract of `RawWaker`: the data is an `Arc` that each waker
        // owns one count of, and `Meddler` is `Send` and `Sync`.
        unsafe { Waker::from_raw(RawWaker::new(Arc::into_raw(self.clone()).cast(), &VTABLE)) }
    }
}

static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop_waker);

fn clone(data: *const ()) -> RawWaker {
    // SAFETY: the data of a live waker is a live `Arc<Meddler>`, of which one more count is made.
    let meddler = unsafe {
        Arc::increment_strong_count(data.cast::<Meddler>());
        &*data.cast::<Meddler>()
    };
    meddler.meddle(&meddler.clones);
    RawWaker::new(data, &VTABLE)
}

fn wake(data: *const ()) {
    // SAFETY: waking by value gives up the waker's count.
    let meddler = unsafe { Arc::from_raw(data.cast::<Meddler>()) };
    meddler.meddle(&meddler.wakes);
}

fn wake_by_ref(data: *const ()) {
    // SAFETY: the data of a live waker is a live `Arc<Meddler>`.
    let meddler = unsafe { &*data.cast::<Meddler>() };
    meddler.meddle(&meddler.wakes);
}

fn drop_waker(data: *const ()) {
    // SAFETY: dropping gives up the waker's count.
    let meddler = unsafe { Arc::from_raw(data.cast::<Meddler>()) };
    meddler.meddle(&meddler.drops);
}

#[test]
fn wakers_that_call_back_deadlock_nothing() {
    watched(|| {
        let mut reactor = Reactor::new().unwrap();
        let _entered = reactor.handle().enter();
        let (ours, peer) = pair();
        let meddler = Arc::new(Meddler {
            socket: Arc::new(Registration::new(ours).unwrap()),
            handle: reactor.handle(),
            clones: AtomicUsize::new(0),
            wakes: AtomicUsize::new(0),
            drops: AtomicUsize::new(0),
        });
        let socket = &meddler.socket;
        for _ in 0..3 {
            // Keep (clone), replace (clone and drop), withdraw (drop), be woken.
            let [one, two] = [meddler.waker(), Waker::clone(&meddler.waker())];
            let mut wait = socket.wait(Direction::Read, Location::caller());
            assert!(
                wait.poll_io(&mut Context::from_waker(&one), read_byte)
                    .is_pending()
            );
            assert!(poll_byte(socket, &one).is_pending());
            let (_, plain) = Wakes::new();
            assert!(poll_byte(socket, &plain).is_pending());
            assert!(
                wait.poll_io(&mut Context::from_waker(&plain), read_byte)
                    .is_pending()
            );
            assert!(poll_byte(socket, &two).is_pending());
            drop(wait);
            let mut wait = socket.wait(Direction::Read, Location::caller());
            assert!(
                wait.poll_io(&mut Context::from_waker(&one), read_byte)
                    .is_pending()
            );
            drop(wait);
            let mut wait = socket.wait(Direction::Read, Location::caller());
            assert!(
                wait.poll_io(&mut Context::from_waker(&two), read_byte)
                    .is_pending()
            );
            send(&peer, b"x");
            settle(&mut reactor);
            drop(wait);
            // Wakers that go with the reactor's entry and with the socket.
            let (ours, _peer) = pair();
            let short = Registration::new(ours).unwrap();
            assert!(poll_byte(&short, &one).is_pending());
            drop(short);
        }
        let _ = poll_byte(socket, &meddler.waker());
        drop(reactor);
        for count in [&meddler.clones, &meddler.wakes, &meddler.drops] {
            assert!(count.load(Ordering::SeqCst) > 0, "a call-back was never made");
        }
    });
}

struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("a waker that panics, as this test wants");
    }
}

#[test]
fn a_waker_that_panics_in_a_batch_does_not_keep_the_others_from_being_woken() {
    let mut reactor = Reactor::new().unwrap();
    let _entered = reactor.handle().enter();
    let (wakes, waker) = Wakes::new();
    let wakers = [waker.clone(), Waker::from(Arc::new(Panics)), waker];
    let sockets = [pair(), pair(), pair()].map(|(ours, peer)| (Registration::new(ours).unwrap(), peer));
    let mut woken = Vec::new();
    for round in 1..=2 {
        for (waker, (socket, peer)) in wakers.iter().zip(&sockets) {
            while poll_byte(socket, waker).is_ready() {}
            send(peer, b"x");
        }
        while woken.len() < sockets.len() {
            reactor.turn(None, &mut woken).unwrap();
        }
        wake::wake_all(&mut woken);
        assert_eq!(wakes.count(), 2 * round);
    }
}
