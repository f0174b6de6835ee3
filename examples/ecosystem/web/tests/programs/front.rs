//! The program `http` behind the front proxies that people put there: nginx, and haproxy, which speaks both versions to it.

use std::net::{SocketAddr, TcpStream};
use std::process::Command;

use started::{Scratch, Watchdog, free_port};

use crate::client::{client, run};
use crate::process::Process;

/// At most so many clients of the front are there at once, so no more connections are needed behind it.
const CLIENTS: &str = "20";

/// What tells h2load to speak HTTP/1.1.
const HTTP_1: &[&str] = &["--h1"];

#[test]
fn nginx_keeps_its_connections() {
    let _watchdog = Watchdog::new("nginx in front");
    let (Some(mut nginx), Some(_)) = (client_that_says("nginx", "-v"), client("h2load")) else {
        return;
    };
    let mut server = Process::program(env!("CARGO_BIN_EXE_http"));
    let (scratch, front) = (Scratch::new(), free_port());
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|what| format!("  {what}_temp_path {what};\n"))
        .concat();
    // One process, so that nothing is left when that is killed.
    let configuration = format!(
        "daemon off;\nmaster_process off;\npid pid;\nevents {{}}\n\
         http {{\n  access_log off;\n{temporary}\
         \x20 upstream app {{ server {}; keepalive {CLIENTS}; }}\n\
         \x20 server {{ listen 127.0.0.1:{front}; location / {{\n\
         \x20   proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection \"\";\n\
         \x20 }} }}\n}}\n",
        server.address()
    );
    let configuration = scratch.write("nginx.conf", &configuration);
    nginx.arg("-p").arg(scratch.path()).args(["-e", "stderr"]);
    let _nginx = Process::start(nginx.arg("-c").arg(configuration));

    get_many_through(front, HTTP_1);
    server.signal("TERM");
    assert_kept(&server.wait().success(), 0);
}

#[test]
fn haproxy_keeps_its_connections_of_both_versions() {
    let _watchdog = Watchdog::new("haproxy in front");
    let (Some(_), Some(_)) = (client_that_says("haproxy", "-v"), client("h2load")) else {
        return;
    };
    // Over HTTP/2 on both sides: from it to HTTP/1 haproxy leaves the word behind the status out, which h2load does not read.
    for (version, clients) in [("", HTTP_1), ("proto h2", &["-m", "10"][..])] {
        let mut server = Process::program(env!("CARGO_BIN_EXE_http"));
        let (scratch, front) = (Scratch::new(), free_port());
        let configuration = format!(
            "defaults\n  mode http\n  timeout connect 10s\n  timeout client 30s\n  timeout server 30s\n  http-reuse always\n\
             frontend front\n  bind 127.0.0.1:{front} {version}\n  default_backend app\n\
             backend app\n  option httpchk GET /\n  server one {} check inter 60s {version}\n",
            server.address()
        );
        let configuration = scratch.write("haproxy.cfg", &configuration);
        let mut haproxy = Command::new("haproxy");
        let _haproxy = Process::start(haproxy.arg("-db").arg("-f").arg(configuration));

        get_many_through(front, clients);
        server.signal("TERM");
        // One of them is the check's.
        assert_kept(&server.wait().success(), 1);
    }
}

/// Two thousand answers for clients which stay, and one that is long.
fn get_many_through(front: u16, version: &[&str]) {
    let address = SocketAddr::from(([127, 0, 0, 1], front));
    // It says nothing when it listens; the test's watchdog is for one that never does.
    while TcpStream::connect(address).is_err() {
        std::thread::yield_now();
    }
    let mut h2load = client("h2load").unwrap();
    h2load.args(version).args(["-n", "2000", "-c", CLIENTS]);
    let got = run(h2load.arg(format!("http://{address}/bytes/1000"))).success();
    let all = "2000 total, 2000 started, 2000 done, 2000 succeeded, 0 failed, 0 errored, 0 timeout";
    assert!(got.contains(all), "{got}");
    let mut h2load = client("h2load").unwrap();
    h2load.args(version).args(["-n", "20", "-c", "2"]);
    let got = run(h2load.arg(format!("http://{address}/bytes/5000000"))).success();
    assert!(got.contains("20 succeeded, 0 failed"), "{got}");
}

/// By the server's last word: no more connections than there were clients, and `others`, for more than two thousand answers.
#[track_caller]
fn assert_kept(printed: &str, others: u32) {
    let (connections, rest) = printed.split_once(' ').expect("its last word");
    assert_eq!(rest, "connections, 0 cut off\n");
    let connections: u32 = connections.parse().unwrap();
    let most = CLIENTS.parse::<u32>().unwrap() + others;
    assert!((1..=most).contains(&connections), "{connections} connections");
}

/// As [`client`], of one that has no `--version`.
fn client_that_says(name: &str, version: &str) -> Option<Command> {
    let is_there = Command::new(name).arg(version).output().is_ok();
    if !is_there {
        started::skip(&format!("this system has no `{name}`"));
    }
    is_there.then(|| Command::new(name))
}
