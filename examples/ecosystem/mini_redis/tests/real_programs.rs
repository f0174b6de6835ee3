//! The server under redis' own clients.

use std::path::Path;
use std::process::Command;

use started::{Program, Watchdog, run, tool};

fn server() -> Program {
    Program::ours(env!("CARGO_BIN_EXE_mini_redis"), &["127.0.0.1:0"])
}

fn ask(client: &Path, server: &Program, words: &[&str]) -> String {
    run(Command::new(client).args(["-p", server.port()]).args(words), b"")
}

#[test]
fn redis_cli_reads_every_reply() {
    let _watchdog = Watchdog::new("redis-cli");
    let Some(client) = tool("redis-cli") else { return };
    let server = server();
    for (words, reply) in [
        (&["ping"][..], "PONG\n"),
        (&["echo", "two words"], "two words\n"),
        (&["set", "greeting", "hello", "ex", "60"], "OK\n"),
        (&["get", "greeting"], "hello\n"),
        (&["ttl", "greeting"], "60\n"),
        (&["get", "nothing"], "\n"),
        (&["incr", "count"], "1\n"),
        (&["lpush", "list", "a", "b", "c"], "3\n"),
        (&["lrange", "list", "0", "-1"], "c\nb\na\n"),
        (&["del", "greeting", "count"], "2\n"),
        (&["save"], "ERR unknown command\n\n"),
    ] {
        assert_eq!(ask(&client, &server, words), reply, "{words:?}");
    }
    // Requests as they are, over one connection. It sends an empty line and an `ECHO` behind them, and waits for that.
    let script = "*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n".repeat(1000);
    let output = run(
        Command::new(&client).args(["-p", server.port(), "--pipe"]),
        script.as_bytes(),
    );
    assert!(output.contains("errors: 0, replies: 1000"), "{output}");
    assert_eq!(ask(&client, &server, &["get", "n"]), "1000\n");
    assert_eq!(server.stop(), "");
}

#[test]
fn redis_benchmark_meets_no_error() {
    let _watchdog = Watchdog::new("redis-benchmark");
    let Some(benchmark) = tool("redis-benchmark") else {
        return;
    };
    let server = server();
    for depth in ["1", "16"] {
        let mut command = Command::new(&benchmark);
        command.args([
            "-p",
            server.port(),
            "-q",
            "-c",
            "30",
            "-n",
            "5000",
            "-P",
            depth,
            "-r",
            "1000",
        ]);
        let output = run(
            command.args(["-t", "ping_mbulk,set,get,incr,lpush,lrange_100"]),
            b"",
        );
        for test in ["PING_MBULK", "SET", "GET", "INCR", "LPUSH", "LRANGE_100"] {
            assert!(output.contains(test), "no {test} in {output}");
        }
        let lower = output.to_lowercase();
        assert!(!lower.contains("error") && !lower.contains("warning"), "{output}");
    }
    assert_eq!(server.stop(), "");
}
