//! An embedded runtime starts no thread. A file of its own, so that no other test's threads are counted.
#![cfg(target_os = "linux")]

use std::fs;
use std::io;
use std::time::Duration;

use reveille::net::{TcpListener, TcpStream};
use reveille::runtime::Builder;
use reveille::task::spawn_local;
use reveille::time::{sleep, timeout};

fn threads() -> usize {
    fs::read_dir("/proc/self/task").unwrap().count()
}

#[test]
fn sockets_and_timers_of_an_embedded_runtime_need_no_other_thread() -> io::Result<()> {
    let before = threads();
    let runtime = Builder::current_thread().build()?;
    let mut embedded = runtime.embed()?;
    let task = embedded.spawn_local(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let client = spawn_local(TcpStream::connect(listener.local_addr()?));
        let (accepted, _) = listener.accept().await?;
        let connected = client.await.unwrap()?;
        sleep(Duration::from_millis(2)).await;
        accepted.write_all(b"echo").await?;
        let mut message = [0; 4];
        timeout(Duration::from_secs(60), connected.read_exact(&mut message)).await??;
        assert_eq!(&message, b"echo");
        assert!(
            timeout(Duration::from_millis(2), connected.read(&mut message))
                .await
                .is_err()
        );
        io::Result::Ok(())
    });
    let mut calls = 0;
    while !task.is_finished() {
        embedded.poll_once(Some(Duration::from_secs(60)));
        assert_eq!(threads(), before);
        calls += 1;
        assert!(calls < 100_000, "the task does not end");
    }
    drop(embedded);
    runtime.block_on(task).unwrap()?;
    assert_eq!(threads(), before);
    Ok(())
}
