//! Windows ends a thread under the lock under which threads, and processes, end: a thread-local that joins another thread as it
//! is dropped waits for ever (std says so at `LocalKey`).
use std::cell::Cell;
use std::env::{args, current_exe};
use std::process::Command;
use std::sync::mpsc::channel;
use std::thread::{JoinHandle, sleep, spawn};
use std::time::Duration;

/// Joins the thread as it is dropped.
struct Joins(Option<JoinHandle<()>>);

impl Drop for Joins {
    fn drop(&mut self) {
        self.0.take().map(JoinHandle::join);
    }
}

thread_local!(static JOINS: Cell<Option<Joins>> = const { Cell::new(None) });

fn main() -> std::io::Result<()> {
    if args().nth(1).is_some() {
        let (go_on, told) = channel::<()>();
        let thread = spawn(move || {
            let _ = told.recv();
        });
        let joins = spawn(move || {
            JOINS.set(Some(Joins(Some(thread))));
            // This thread ends, and so does the other.
            drop(go_on);
        });
        joins.join().unwrap();
        return Ok(());
    }
    let mut child = Command::new(current_exe()?).arg("joins").spawn()?;
    sleep(Duration::from_secs(5));
    let ended = child.try_wait()?;
    child.kill()?;
    child.wait()?;
    assert!(ended.is_none(), "it has joined: {ended:?}");
    Ok(())
}
