//! The server under Python's `websockets`.

use std::process::Command;

use started::{Program, Watchdog, python_with, run};

#[test]
fn python_s_client_is_content() {
    let _watchdog = Watchdog::new("Python's client");
    let Some(python) = python_with("websockets") else {
        return;
    };
    let server = Program::ours(env!("CARGO_BIN_EXE_websocket"), &["127.0.0.1:0"]);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/client.py");
    let address = format!("ws://{}", server.address());
    let output = run(Command::new(python).args([script, &address]), b"");
    assert!(output.ends_with("all is well\n"), "{output}");
    // Of the message that was too long, and of nothing else.
    server.wait_for("too long");
    let reported = server.stop();
    assert_eq!(reported.lines().count(), 1, "{reported}");
}
