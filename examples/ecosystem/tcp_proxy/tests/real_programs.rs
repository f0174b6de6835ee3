//! Real clients that reach their real servers through the proxy.

use std::process::Command;

use started::{Postgres, Program, Redis, Watchdog, free_port, run, tool};

fn proxy_to(port: u16) -> Program {
    let there = format!("127.0.0.1:{port}");
    Program::ours(env!("CARGO_BIN_EXE_tcp_proxy"), &["127.0.0.1:0", &there])
}

#[test]
fn redis_benchmark_meets_no_error() {
    let _watchdog = Watchdog::new("redis-benchmark");
    let (Some(benchmark), Some(redis)) = (tool("redis-benchmark"), Redis::start()) else {
        return;
    };
    let proxy = proxy_to(redis.port);
    let mut command = Command::new(benchmark);
    command.args(["-p", proxy.port(), "-q", "-c", "20", "-n", "10000", "-P", "4"]);
    let output = run(
        command.args(["-t", "ping,set,get,incr,lpush,lrange_100,mset"]),
        b"",
    );
    for test in ["PING_INLINE", "SET", "GET", "INCR", "LPUSH", "LRANGE_100", "MSET"] {
        assert!(output.contains(test), "no {test} in {output}");
    }
    let lower = output.to_lowercase();
    assert!(!lower.contains("error") && !lower.contains("warning"), "{output}");
    assert_eq!(proxy.stop(), "");
}

#[test]
fn pgbench_loses_no_transaction() {
    let _watchdog = Watchdog::new("pgbench");
    let (Some(pgbench), Some(postgres)) = (tool("pgbench"), Postgres::start()) else {
        return;
    };
    let proxy = proxy_to(postgres.port);
    let through = ["-h", "127.0.0.1", "-p", proxy.port(), "-U", "reveille"];
    run(
        Command::new(&pgbench)
            .args(through)
            .args(["-i", "-q", "postgres"]),
        b"",
    );
    for protocol in ["simple", "prepared"] {
        let mut command = Command::new(&pgbench);
        command
            .args(through)
            .args(["-c", "4", "-t", "100", "-M", protocol, "postgres"]);
        let output = run(&mut command, b"");
        assert!(
            output.contains("number of transactions actually processed: 400/400"),
            "{output}"
        );
        assert!(
            output.contains("number of failed transactions: 0 (0.000%)"),
            "{output}"
        );
    }
    // A new connection for each transaction.
    let mut command = Command::new(&pgbench);
    command
        .args(through)
        .args(["-c", "4", "-t", "10", "-S", "-C", "postgres"]);
    let output = run(&mut command, b"");
    assert!(
        output.contains("number of transactions actually processed: 40/40"),
        "{output}"
    );
    assert_eq!(proxy.stop(), "");
}

#[test]
fn iperf3_ends_well_in_each_direction() {
    let _watchdog = Watchdog::new("iperf3");
    let Some(iperf3) = tool("iperf3") else { return };
    let port = free_port();
    let mut server = Program::command(&iperf3);
    server.args(["-s", "-B", "127.0.0.1", "--forceflush", "-p", &port.to_string()]);
    let server = Program::start(server, "Server listening");
    let proxy = proxy_to(port);
    for direction in [&[][..], &["-R"], &["--bidir", "-P", "2"]] {
        let mut client = Command::new(&iperf3);
        client
            .args(["-c", "127.0.0.1", "-p", proxy.port(), "-n", "64M"])
            .args(direction);
        let output = run(&mut client, b"");
        assert!(output.contains("iperf Done."), "{output}");
    }
    let output = server.stop();
    assert!(!output.contains("error"), "{output}");
}
