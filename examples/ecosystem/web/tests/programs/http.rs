//! The program `http`, with curl, nghttp and h2load.

use crate::client::{client, idle_connection, refused_when_closed, run};
use crate::process::Process;

fn start() -> (Process, String) {
    let mut server = Process::program(env!("CARGO_BIN_EXE_http"));
    let url = format!("http://{}", server.address());
    (server, url)
}

/// Both versions, as curl is told to speak them.
const VERSIONS: [(&str, &str); 2] = [("--http1.1", "1.1"), ("--http2-prior-knowledge", "2")];

#[test]
fn curl_gets_and_posts_over_both_versions() {
    let Some(_) = client("curl") else { return };
    let (_server, url) = start();
    for (option, version) in VERSIONS {
        let curl = || {
            let mut curl = client("curl").unwrap();
            curl.args(["-sS", option]);
            curl
        };
        let got = run(curl().args(["-w", "%{http_version} %{http_code}", &url])).success();
        assert_eq!(got, format!("hello\n{version} 200\n"));
        let got = run(curl().args(["-d", "some text", &format!("{url}/echo")])).success();
        assert_eq!(got, "some text\n");
        let many = format!("{url}/bytes/5000000");
        let got = run(curl().args(["-o", "/dev/null", "-w", "%{size_download}", &many])).success();
        assert_eq!(got, "5000000\n");
        let got =
            run(curl().args(["-o", "/dev/null", "-w", "%{http_code}", &format!("{url}/nowhere")])).success();
        assert_eq!(got, "404\n");
    }
    // Two requests, one connection. Over HTTP/2 that is for nghttp: this curl, of Debian 12, cannot do it with any server.
    let mut curl = client("curl").unwrap();
    let got = run(curl.args(["-sS", "-w", "%{num_connects}\n", &url, &url])).success();
    assert_eq!(got, "hello\n1\nhello\n0\n");
}

#[test]
fn nghttp_has_several_requests_on_one_connection() {
    let Some(mut nghttp) = client("nghttp") else {
        return;
    };
    let (server, url) = start();
    let paths = ["/", "/bytes/100000", "/bytes/7"].map(|path| format!("{url}{path}"));
    let got = run(nghttp.args(["-n", "-s", "-v"]).args(&paths)).success();
    assert_eq!(got.matches(":status: 200").count(), 3, "{got}");
    server.signal("TERM");
    assert_eq!(server.wait().success(), "1 connections, 0 cut off\n");
}

#[test]
fn h2load_gets_all_of_many_answers_over_both_versions() {
    let Some(_) = client("h2load") else { return };
    let (server, url) = start();
    for options in [&["--h1"][..], &["-m", "10"]] {
        let mut h2load = client("h2load").unwrap();
        h2load.args(["-n", "2000", "-c", "20"]).args(options);
        let got = run(h2load.arg(format!("{url}/bytes/1000"))).success();
        let all = "2000 total, 2000 started, 2000 done, 2000 succeeded, 0 failed, 0 errored, 0 timeout";
        assert!(got.contains(all), "{got}");
    }
    server.signal("TERM");
    assert_eq!(server.wait().success(), "40 connections, 0 cut off\n");
}

#[test]
fn a_request_that_runs_when_the_server_is_asked_to_stop_is_answered() {
    let Some(_) = client("curl") else { return };
    for signal in ["INT", "TERM"] {
        for (option, _) in VERSIONS {
            let mut server = Process::program(env!("CARGO_BIN_EXE_http"));
            let address = server.address();
            let idle = idle_connection(address);
            // What curl reads from its input comes back while it goes on.
            let mut curl = client("curl").unwrap();
            curl.args(["-sS", "-N", option, "-T", ".", "-H", "Expect:"]);
            let mut curl = Process::start(curl.arg(format!("http://{address}/echo")));
            curl.say("before\n");
            assert_eq!(curl.stdout.next(), "before");
            server.signal(signal);
            refused_when_closed(idle, address);
            curl.say("after\n");
            assert_eq!(curl.stdout.next(), "after");
            curl.wait().success();
            let ended = server.wait();
            assert_eq!(ended.success(), "2 connections, 0 cut off\n");
        }
    }
}
