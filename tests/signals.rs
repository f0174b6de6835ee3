//! Signals: who listens is told, each of them, and nothing is lost. Each test has a signal of its own, since they share
//! the process.
#![cfg(unix)]

use std::future::Future;
use std::io::ErrorKind;
use std::pin::pin;
use std::process::Command;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use reveille::runtime::Builder;
use reveille::signal::unix::{Signal, SignalKind, signal};

mod watchdog;
use watchdog::Watchdog;

/// Sends this process a signal. It may still be on its way when this returns.
fn raise(kind: SignalKind) {
    let kill = format!("kill -{} {}", kind.as_raw_value(), std::process::id());
    assert!(Command::new("sh").arg("-c").arg(kill).status().unwrap().success());
}

fn poll(signal: &mut Signal) -> Poll<Option<()>> {
    signal.poll_recv(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn every_listener_is_told_under_any_executor() {
    let _watchdog = Watchdog::new("two listeners", Duration::from_secs(20));
    let kind = SignalKind::user_defined1();
    let mut outside = signal(kind).unwrap();
    let runtime = Builder::multi_thread().worker_threads(2).build().unwrap();
    let mut listeners: Vec<_> = (0..3).map(|_| signal(kind).unwrap()).collect();
    let tasks: Vec<_> = listeners
        .drain(..)
        .map(|mut listener| runtime.spawn(async move { listener.recv().await }))
        .collect();
    raise(kind);
    assert_eq!(pollster::block_on(outside.recv()), Some(()));
    for task in tasks {
        assert_eq!(runtime.block_on(task).unwrap(), Some(()));
    }
}

#[test]
fn a_signal_that_comes_before_the_first_poll_is_kept() {
    let _watchdog = Watchdog::new("a signal before the first poll", Duration::from_secs(20));
    let kind = SignalKind::user_defined2();
    let mut early = signal(kind).unwrap();
    // Told after the one that was made before it.
    let mut later = signal(kind).unwrap();
    raise(kind);
    reveille::block_on(async {
        assert_eq!(later.recv().await, Some(()));
        assert_eq!(poll(&mut early), Poll::Ready(Some(())));
    });
}

#[test]
fn signals_between_two_looks_are_one() {
    let _watchdog = Watchdog::new("three signals", Duration::from_secs(20));
    let kind = SignalKind::window_change();
    let mut slow = signal(kind).unwrap();
    let mut quick = signal(kind).unwrap();
    reveille::block_on(async {
        for _ in 0..3 {
            raise(kind);
            assert_eq!(quick.recv().await, Some(()));
        }
        assert_eq!(poll(&mut slow), Poll::Ready(Some(())));
        assert_eq!(poll(&mut slow), Poll::Pending);
        // And from there on it is told again.
        raise(kind);
        assert_eq!(slow.recv().await, Some(()));
    });
}

#[test]
fn a_dropped_recv_loses_nothing() {
    let _watchdog = Watchdog::new("a dropped recv", Duration::from_secs(20));
    let kind = SignalKind::hangup();
    let mut listener = signal(kind).unwrap();
    reveille::block_on(async {
        for _ in 0..3 {
            let mut recv = pin!(listener.recv());
            assert!(
                recv.as_mut()
                    .poll(&mut Context::from_waker(Waker::noop()))
                    .is_pending()
            );
        }
        raise(kind);
        assert_eq!(listener.recv().await, Some(()));
    });
}

#[test]
fn a_listener_outlives_its_runtime_and_others_listeners() {
    let _watchdog = Watchdog::new("a second runtime", Duration::from_secs(20));
    let kind = SignalKind::alarm();
    let mut listener = signal(kind).unwrap();
    for _ in 0..2 {
        drop(signal(kind).unwrap());
        reveille::block_on(async {
            assert_eq!(poll(&mut listener), Poll::Pending);
            raise(kind);
            assert_eq!(listener.recv().await, Some(()));
        });
    }
    // Nobody listens any more, and still the process is not ended by it.
    drop(listener);
    raise(kind);
}

#[test]
fn what_cannot_be_caught_is_an_error() {
    for number in [9, 11] {
        let error = signal(SignalKind::from_raw(number)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    }
    assert!(signal(SignalKind::from_raw(-1)).is_err());
    assert!(signal(SignalKind::from_raw(100_000)).is_err());
}
