//! The program `grpc`, with Google's gRPC for Python.

use std::net::SocketAddr;
use std::process::Command;

use crate::client::{idle_connection, python_with_grpc, refused_when_closed, run};
use crate::process::Process;

fn greeter_client(mut python: Command, address: SocketAddr, arguments: &[&str]) -> Command {
    python.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/greeter_client.py"));
    // Through no proxy that the environment may name.
    python
        .env("no_proxy", "*")
        .arg(address.to_string())
        .args(arguments);
    python
}

#[test]
fn one_name_one_greeting_or_a_status() {
    let Some(_) = python_with_grpc() else { return };
    let mut server = Process::program(env!("CARGO_BIN_EXE_grpc"));
    let address = server.address();
    let say = |arguments: &[&str]| {
        let python = python_with_grpc().unwrap();
        run(&mut greeter_client(python, address, arguments)).success()
    };
    assert_eq!(say(&["say", "ada", "grace"]), "hello, ada\nhello, grace\n");
    assert_eq!(say(&["say", ""]), "INVALID_ARGUMENT\n");
    assert_eq!(say(&["shout", "ada"]), "UNIMPLEMENTED\n");
    server.signal("TERM");
    assert_eq!(server.wait().success(), "3 connections, 0 cut off\n");
}

#[test]
fn a_chat_that_runs_when_the_server_is_asked_to_stop_goes_on_to_its_end() {
    let Some(_) = python_with_grpc() else { return };
    for signal in ["INT", "TERM"] {
        let mut server = Process::program(env!("CARGO_BIN_EXE_grpc"));
        let address = server.address();
        let idle = idle_connection(address);
        let python = python_with_grpc().unwrap();
        let mut chat = Process::start(&mut greeter_client(python, address, &["chat"]));
        chat.say("ada\n");
        assert_eq!(chat.stdout.next(), "hello, ada");
        server.signal(signal);
        refused_when_closed(idle, address);
        chat.say("grace\n");
        assert_eq!(chat.stdout.next(), "hello, grace");
        assert_eq!(chat.wait().success(), "");
        assert_eq!(server.wait().success(), "2 connections, 0 cut off\n");
    }
}
