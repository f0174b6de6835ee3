//! Client and server with each other.

use std::io::Read;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Output};

use started::{Program, Watchdog};

mod certificate;
use certificate::Certificate;

fn server(certificate: &Certificate) -> Program {
    let [chain, key] = [&certificate.certificate, &certificate.key].map(|path| path.to_str().unwrap());
    Program::ours(env!("CARGO_BIN_EXE_tls_server"), &[chain, key, "127.0.0.1:0"])
}

fn fetch(authority: &Path, server: &Program) -> Output {
    let mut client = Command::new(env!("CARGO_BIN_EXE_tls_client"));
    client
        .arg(authority)
        .args(["localhost", server.port()])
        .output()
        .unwrap()
}

#[test]
fn the_client_gets_the_page() {
    let _watchdog = Watchdog::new("a page over TLS");
    let certificate = Certificate::new();
    let server = server(&certificate);
    for _ in 0..3 {
        let output = fetch(&certificate.authority, &server);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(
            text.ends_with("\r\n\r\nhello over TLS\n"),
            "{text} {:?}",
            output.stderr
        );
        assert!(output.status.success());
    }
    assert_eq!(server.stop(), "");
}

#[test]
fn a_certificate_of_somebody_else_is_refused() {
    let _watchdog = Watchdog::new("a certificate of somebody else");
    let (certificate, other) = (Certificate::new(), Certificate::new());
    let server = server(&certificate);
    let output = fetch(&other.authority, &server);
    assert!(!output.status.success());
    assert!(output.stdout.is_empty());
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("InvalidCertificate"), "{error}");
}

#[test]
fn who_speaks_no_tls_ends_its_connection_alone() {
    let _watchdog = Watchdog::new("plain text");
    let certificate = Certificate::new();
    let server = server(&certificate);
    let mut plain = TcpStream::connect(server.address()).unwrap();
    std::io::Write::write_all(&mut plain, b"GET / HTTP/1.0\r\n\r\n").unwrap();
    let mut reply = Vec::new();
    // An alert, or a reset.
    let _ = plain.read_to_end(&mut reply);
    assert!(!reply.starts_with(b"HTTP"));
    assert!(fetch(&certificate.authority, &server).status.success());
    // That is reported.
    server.wait_for("127.0.0.1:");
}
