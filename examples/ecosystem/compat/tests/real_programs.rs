//! The client with Python's server of files.

use std::process::Command;

use started::{Program, Scratch, Watchdog, python_with, run};

#[test]
fn reqwest_gets_a_file_of_python_s_server() {
    let _watchdog = Watchdog::new("a file by reqwest");
    let Some(python) = python_with("http.server") else {
        return;
    };
    let scratch = Scratch::new();
    let text = "a line\n".repeat(100_000);
    scratch.write("file", &text);
    let mut server = Program::command(python);
    server
        .args(["-u", "-m", "http.server", "--bind", "127.0.0.1", "0"])
        .current_dir(scratch.path());
    let server = Program::start(server, "Serving HTTP");
    let output = server.output();
    let port = output
        .split("port ")
        .nth(1)
        .and_then(|rest| rest.split(' ').next())
        .expect("its port");
    let url = format!("http://127.0.0.1:{port}/file");
    assert!(run(Command::new(env!("CARGO_BIN_EXE_compat")).arg(url), b"") == text);
}
