//! Every panic and every opaque error of ours, word for word: a message is part of the surface.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Waker};
use std::time::Duration;

use reveille::net::{TcpListener, TcpStream};
use reveille::runtime::{Builder, Handle};
use reveille::{task, time};

/// What `misuse` panics with.
fn panic_of(misuse: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(misuse)).expect_err("it did not panic");
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => (*payload.downcast::<&str>().expect("a message")).to_owned(),
    }
}

/// Puts `…` for what differs from run to run: numbers, and the places in this file.
fn steady(text: &str) -> String {
    let mut steady = String::new();
    let mut in_number = false;
    for character in text.chars() {
        if !character.is_ascii_digit() {
            steady.push(character);
        } else if !in_number {
            steady.push('…');
        }
        in_number = character.is_ascii_digit();
    }
    steady.replace('\\', "/")
}

#[test]
fn spawn_outside_a_runtime() {
    assert_eq!(
        panic_of(|| drop(reveille::spawn(async {}))),
        "`spawn` was called where no runtime is current; call it inside `block_on` or a task, enter a runtime first \
         (`let _guard = handle.enter();`), or use `handle.spawn`"
    );
    assert_eq!(
        task::try_spawn(async {}).unwrap_err().to_string(),
        "no runtime is current on this thread"
    );
}

#[test]
fn spawn_local_outside_a_runtime() {
    let text = "`spawn_local` was called on a thread that runs no tasks; call it inside `block_on` or a task, or use \
                `spawn` with a future that is Send";
    assert_eq!(panic_of(|| drop(task::spawn_local(async {}))), text);
    let runtime = Builder::current_thread().build().unwrap();
    let _current = runtime.enter();
    assert_eq!(panic_of(|| drop(task::spawn_local(async {}))), text);
}

#[test]
fn no_current_handle() {
    assert_eq!(
        panic_of(|| drop(Handle::current())),
        "`Handle::current` was called where no runtime is current; call it inside `block_on` or a task, or enter a \
         runtime first (`let _guard = handle.enter();`)"
    );
}

#[test]
fn a_nested_block_on() {
    let text = "`block_on` was called at tests/messages.rs:… inside the `block_on` at tests/messages.rs:…, whose tasks \
                would all stand still; `.await` the future instead, `spawn` it, or call `block_on` on a thread of its \
                own";
    let nested = panic_of(|| reveille::block_on(async { reveille::block_on(async {}) }));
    assert_eq!(steady(&nested).replace(":…:…", ":…"), text);
    let runtime = Builder::current_thread().build().unwrap();
    let nested = runtime.block_on(async { runtime.try_block_on(async {}).unwrap_err().to_string() });
    assert_eq!(steady(&nested).replace(":…:…", ":…"), text);
}

#[test]
fn join_errors() {
    reveille::block_on(async {
        let aborted = reveille::spawn(std::future::pending::<()>());
        aborted.abort();
        let error = aborted.await.unwrap_err();
        assert_eq!(steady(&error.to_string()), "task … was cancelled");
        assert_eq!(steady(&format!("{error:?}")), "JoinError(task … was cancelled)");
        assert_eq!(
            steady(&panic_of(|| drop(error.into_panic()))),
            "task … was cancelled, it did not panic; ask `is_panic` first, or call `try_into_panic`"
        );
        let error = reveille::spawn(async { panic!("bad luck") }).await.unwrap_err();
        assert_eq!(steady(&error.to_string()), "task … panicked: bad luck");
        let error = reveille::spawn(async { std::panic::panic_any(7) })
            .await
            .unwrap_err();
        assert_eq!(steady(&error.to_string()), "task … panicked");
    });
}

#[test]
fn a_join_handle_polled_too_often() {
    reveille::block_on(async {
        let mut handle = reveille::spawn(async {});
        (&mut handle).await.unwrap();
        let again = panic_of(|| drop(Pin::new(&mut handle).poll(&mut Context::from_waker(Waker::noop()))));
        assert_eq!(again, "JoinHandle polled after it returned the task's output");
    });
}

#[test]
fn an_elapsed_timeout() {
    let error = reveille::block_on(time::timeout(Duration::ZERO, std::future::pending::<()>())).unwrap_err();
    assert_eq!(error.to_string(), "deadline has elapsed");
}

#[test]
fn an_interval_without_a_period() {
    assert_eq!(
        panic_of(|| drop(time::interval(Duration::ZERO))),
        "the period of an interval is zero; give it a positive one, or use `yield_now` to let other tasks run"
    );
}

#[test]
fn addresses_that_are_none() {
    let error = |address: &'static str| {
        pollster::block_on(TcpStream::connect(address))
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        error("localhost"),
        "`localhost` is no socket address: there is no port; write `localhost:80`, say"
    );
    assert_eq!(
        error("localhost:http"),
        "`localhost:http` is no socket address: `http` is no port, which is a number up to 65535"
    );
    assert_eq!(
        error("::1:80"),
        "`::1:80` is no socket address: `::1` is no host; an IPv6 address stands in brackets, as in `[::1]:80`"
    );
    let none: &[std::net::SocketAddr] = &[];
    assert_eq!(
        pollster::block_on(TcpStream::connect(none))
            .unwrap_err()
            .to_string(),
        "there is no address to try"
    );
}

#[test]
fn halves_of_two_streams() {
    reveille::block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let first = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (second, _) = listener.accept().await.unwrap();
        let ((read, _write), (_read, write)) = (first.into_split(), second.into_split());
        let error = read.reunite(write).unwrap_err();
        assert_eq!(
            error.to_string(),
            "tried to reunite halves that are not of the same stream"
        );
    });
}

#[test]
fn a_runtime_that_shuts_down() {
    let error = reveille_reactor::shutdown_error();
    assert!(reveille::runtime::is_shutdown(&error));
    assert_eq!(error.to_string(), "the runtime of this thread is shutting down");
}
