//! The program `axum_app`, with curl.

use std::process::Command;

use crate::client::{client, idle_connection, refused_when_closed, run};
use crate::process::Process;

fn curl() -> Command {
    let mut curl = client("curl").unwrap();
    curl.args(["-sS", "-w", "%{http_code}"]);
    curl
}

#[test]
fn notes_go_in_and_out_as_json() {
    let Some(_) = client("curl") else { return };
    let mut server = Process::program(env!("CARGO_BIN_EXE_axum_app"));
    let url = format!("http://{}/notes", server.address());
    for (id, option) in [(0, "--http1.1"), (1, "--http2-prior-knowledge")] {
        let text = r#"{"text": "buy milk"}"#;
        let json = ["-H", "content-type: application/json", "-d", text];
        let got = run(curl().arg(option).args(json).arg(&url)).success();
        let note = format!("{{\"id\":{id},\"text\":\"buy milk\"}}");
        assert_eq!(got, format!("{note}201\n"));
        let got = run(curl().args([option, &format!("{url}/{id}")])).success();
        assert_eq!(got, format!("{note}200\n"));
    }
    let got = run(curl().arg(format!("{url}/7"))).success();
    assert_eq!(got, "404\n");
    let bad = [
        "-o",
        "/dev/null",
        "-H",
        "content-type: application/json",
        "-d",
        "{",
    ];
    let got = run(curl().args(bad).arg(&url)).success();
    assert_eq!(got, "400\n");
    let got = run(curl().args(["-o", "/dev/null", "-d", "text", &url])).success();
    assert_eq!(got, "415\n");
    server.signal("INT");
    let ended = server.wait();
    assert_eq!(ended.stderr, "");
    assert_eq!(ended.success(), "7 connections, 0 cut off\n");
}

#[test]
fn a_request_that_runs_when_the_server_is_asked_to_stop_is_answered() {
    let Some(_) = client("curl") else { return };
    for signal in ["INT", "TERM"] {
        let mut server = Process::program(env!("CARGO_BIN_EXE_axum_app"));
        let address = server.address();
        let idle = idle_connection(address);
        // Half of a note, when the server has said that it reads it.
        let mut curl = curl();
        curl.args(["-v", "-N", "-X", "POST", "-T", ".", "--expect100-timeout", "50"]);
        curl.args([
            "-H",
            "content-type: application/json",
            "-H",
            "expect: 100-continue",
        ]);
        let mut curl = Process::start(curl.arg(format!("http://{address}/notes")));
        curl.stderr.until("HTTP/1.1 100 Continue");
        curl.say("{\"text\": ");
        server.signal(signal);
        refused_when_closed(idle, address);
        curl.say("\"late\"}");
        assert_eq!(curl.wait().success(), "{\"id\":0,\"text\":\"late\"}201\n");
        assert_eq!(server.wait().success(), "2 connections, 0 cut off\n");
    }
}
