//! What both programs count, done so many times.

use std::time::Duration;

use reveille::net::{TcpListener, TcpStream};
use reveille::task::yield_now;
use reveille::time::timeout;

/// A task at a time, each awaited.
pub(crate) async fn spawn_join(times: usize) {
    for _ in 0..times {
        reveille::spawn(async {}).await.expect("it does not panic");
    }
}

/// A hundred tasks at a time that nobody awaits.
pub(crate) async fn spawn_batch(times: usize) {
    for _ in 0..times / 100 {
        for _ in 0..100 {
            drop(reveille::spawn(async {}));
        }
        yield_now().await;
    }
}

/// A task that always wakes itself, alone.
pub(crate) async fn yields(times: usize) {
    for _ in 0..times {
        yield_now().await;
    }
}

/// A timeout that does not fire, around something that waits once.
pub(crate) async fn timeouts(times: usize) {
    for _ in 0..times {
        timeout(Duration::from_secs(60), yield_now())
            .await
            .expect("it is quick");
    }
}

/// Sixty-four bytes to a task that sends them back.
pub(crate) async fn echoes(times: usize) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is loopback");
    let address = listener.local_addr().expect("it is bound");
    drop(reveille::spawn(async move {
        let (stream, _) = listener.accept().await.expect("somebody connects");
        let mut message = [0; 64];
        while stream.read_exact(&mut message).await.is_ok() {
            stream.write_all(&message).await.expect("somebody reads");
        }
    }));
    let stream = TcpStream::connect(address).await.expect("somebody listens");
    stream.set_nodelay(true).expect("it is TCP");
    let mut message = [1; 64];
    for _ in 0..times {
        stream.write_all(&message).await.expect("somebody reads");
        stream.read_exact(&mut message).await.expect("somebody answers");
    }
}
