//! The server under curl and `openssl s_client`, the client with `openssl s_server`.

use std::process::Command;

use started::{Program, Watchdog, free_port, run, tool};

mod certificate;
use certificate::Certificate;

fn server(certificate: &Certificate) -> Program {
    let [chain, key] = [&certificate.certificate, &certificate.key].map(|path| path.to_str().unwrap());
    Program::ours(env!("CARGO_BIN_EXE_tls_server"), &[chain, key, "127.0.0.1:0"])
}

#[test]
fn curl_gets_the_page_by_each_version() {
    let _watchdog = Watchdog::new("curl");
    let Some(curl) = tool("curl") else { return };
    let certificate = Certificate::new();
    let server = server(&certificate);
    let url = format!("https://localhost:{}/", server.port());
    for version in [&["--tlsv1.3"][..], &["--tlsv1.2", "--tls-max", "1.2"]] {
        let mut command = Command::new(&curl);
        command
            .args(["--silent", "--show-error", "--noproxy", "*", "--cacert"])
            .arg(&certificate.authority);
        let output = run(command.args(version).arg(&url), b"");
        assert_eq!(output, "hello over TLS\n", "{version:?}");
    }
    assert_eq!(server.stop(), "");
}

#[test]
fn openssl_s_client_gets_the_page_and_verifies_the_certificate() {
    let _watchdog = Watchdog::new("openssl s_client");
    let Some(openssl) = tool("openssl") else { return };
    let certificate = Certificate::new();
    let server = server(&certificate);
    let mut command = Command::new(openssl);
    command.args([
        "s_client",
        "-connect",
        server.address(),
        "-servername",
        "localhost",
    ]);
    command.args([
        "-verify_hostname",
        "localhost",
        "-verify_return_error",
        "-ign_eof",
        "-CAfile",
    ]);
    let output = run(command.arg(&certificate.authority), b"GET / HTTP/1.0\r\n\r\n");
    assert!(output.contains("Verify return code: 0 (ok)"), "{output}");
    assert!(output.contains("hello over TLS"), "{output}");
    assert_eq!(server.stop(), "");
}

#[test]
fn the_client_gets_a_page_of_openssl_s_server() {
    let _watchdog = Watchdog::new("openssl s_server");
    let Some(openssl) = tool("openssl") else { return };
    let certificate = Certificate::new();
    let port = free_port().to_string();
    for version in ["-tls1_3", "-tls1_2"] {
        let mut server = Program::command(&openssl);
        server
            .args(["s_server", "-www", version, "-accept", &port, "-cert"])
            .arg(&certificate.certificate);
        server.arg("-key").arg(&certificate.key);
        let server = Program::start(server, "ACCEPT");
        let mut client = Command::new(env!("CARGO_BIN_EXE_tls_client"));
        let output = run(client.arg(&certificate.authority).args(["localhost", &port]), b"");
        assert!(output.starts_with("HTTP/1.0 200 ok"), "{output}");
        assert!(output.contains("Ciphers supported"), "{output}");
        drop(server);
    }
}
