//! Waiting: for time, to the millisecond and finer, and for other threads.

use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use reveille::net::UnixStream;
use reveille::runtime::{Builder, Runtime};
use reveille::time::{sleep, timeout};

use crate::stage::{again, read_exact, write_all};

const ROUNDS: usize = 6;

pub(crate) fn scene(runtime: Runtime) {
    plays(&runtime);
    drop(runtime);
    let mut precise = Builder::current_thread();
    precise.timer_granularity(Duration::from_micros(50));
    plays(&again!("a runtime with precise timers", precise.build()));
}

fn plays(runtime: &Runtime) {
    let bell = Arc::new(Bell::default());
    let rings = bell.clone();
    // Where it cannot be started nobody rings, and nobody waits: threads are another scene's.
    let ringer = thread::Builder::new().spawn(move || {
        for _ in 0..ROUNDS {
            thread::sleep(Duration::from_millis(2));
            rings.ring();
        }
    });
    runtime.block_on(async {
        sleep(Duration::from_millis(3)).await;
        let (here, there) = again!("pair", UnixStream::pair());
        for _ in 0..ROUNDS {
            let ends = timeout(Duration::from_millis(2), here.read(&mut [0; 1])).await;
            if let Ok(ended) = ends {
                // There is nothing to read, so it is an error.
                crate::stage::told_of("read", ended.unwrap_err());
            }
            write_all!(there, b"z");
            let mut byte = [0; 1];
            read_exact!(here, &mut byte);
        }
        let rings = ringer.is_ok();
        if rings {
            reveille::spawn(async move { bell.heard(ROUNDS).await })
                .await
                .unwrap();
        }
    });
    if let Ok(ringer) = ringer {
        ringer.join().unwrap();
    }
}

/// How often it rang, and who waits for it.
#[derive(Default)]
struct Bell(Mutex<(usize, Option<Waker>)>);

impl Bell {
    fn ring(&self) {
        let waiter = {
            let mut state = self.0.lock().unwrap();
            state.0 += 1;
            state.1.take()
        };
        if let Some(waiter) = waiter {
            waiter.wake();
        }
    }

    async fn heard(&self, times: usize) {
        poll_fn(|cx| {
            let mut state = self.0.lock().unwrap();
            if state.0 >= times {
                return Poll::Ready(());
            }
            state.1 = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}
