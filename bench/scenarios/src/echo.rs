//! A TCP echo server, measured in this process, under a client in another.

use std::process::{Command, Stdio};
use std::sync::Arc;

use crate::gate::Gate;
use crate::measure::{Figures, Stopwatch};
use crate::{Runtime, block_on};

/// So long the client sends.
const SECONDS: &str = "1.0";

/// Messages of 64 bytes over so many connections, each sent when the one before has come back. Per message.
///
/// `wall_ns` is the time for one message at the rate that was reached, `cpu_ns` the server's own processor time.
pub(crate) fn echo<R: Runtime>(connections: usize) -> Figures {
    block_on::<R, _>(async {
        let (listener, address) = R::bind().await.expect("a loopback port");
        let server = R::spawn(async move {
            for _ in 0..connections {
                let stream = R::accept(&listener).await.expect("a connection");
                drop(R::spawn(serve::<R>(stream)));
            }
        });
        let done = Arc::new(Gate::default());
        let opens = done.clone();
        let stopwatch = Stopwatch::start();
        let client = std::thread::spawn(move || {
            let load = std::env::current_exe()
                .expect("this program has a path")
                .with_file_name("bench-load");
            let output = Command::new(load)
                .args([address.to_string(), connections.to_string(), SECONDS.to_owned()])
                .stderr(Stdio::inherit())
                .output();
            opens.open();
            output.expect("bench-load is built beside this program")
        });
        done.pass().await;
        let mut figures = Vec::new();
        server.await.expect("it does not panic");
        let output = client.join().expect("it does not panic");
        assert!(output.status.success(), "bench-load failed: {}", output.status);
        let text = String::from_utf8(output.stdout).expect("figures are text");
        let figure = |name: &str| -> f64 {
            let line = text
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .expect("bench-load prints it");
            line.trim().parse().expect("a number")
        };
        let cpu = stopwatch
            .per_operation(figure("messages") as u64)
            .into_iter()
            .find(|(name, _)| *name == "cpu_ns");
        figures.push(("wall_ns", figure("wall_ns")));
        figures.extend(cpu);
        figures.push(("p50_us", figure("p50_us")));
        figures.push(("p99_us", figure("p99_us")));
        figures
    })
}

/// Sends back what comes, until the other side closes.
pub(crate) async fn serve<R: Runtime>(mut stream: R::Stream) {
    let mut buffer = [0; 4096];
    loop {
        match R::read(&mut stream, &mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(count) => {
                if R::write_all(&mut stream, &buffer[..count]).await.is_err() {
                    return;
                }
            }
        }
    }
}
