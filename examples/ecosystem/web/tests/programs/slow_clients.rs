//! The program `http` under slowhttptest: hundreds of clients that send their head or their body, or read the answer, a few bytes at
//! a time. Others are served meanwhile.

use crate::client::{client, run};
use crate::process::Process;

/// How often somebody else asks while they are at it.
const OTHERS: usize = 50;

#[test]
fn slow_clients_leave_the_service_up_for_others() {
    let (Some(_), Some(_)) = (slowhttptest(), client("curl")) else {
        return;
    };
    let mut server = Process::program(env!("CARGO_BIN_EXE_http"));
    let url = format!("http://{}", server.address());
    let slow = [
        // The head never ends.
        &["-H", "-i", "1", "-x", "24"][..],
        // The body never does.
        &["-B", "-i", "1", "-x", "24", "-s", "8192", "-t", "POST"][..],
        // The answer is read by 16 bytes a second.
        &["-X", "-w", "256", "-y", "512", "-z", "16", "-n", "1", "-k", "3"][..],
    ];
    let paths = ["/", "/echo", "/bytes/100000"];
    let attackers: Vec<_> = slow
        .iter()
        .zip(paths)
        .map(|(options, path)| {
            let mut attacker = std::process::Command::new("slowhttptest");
            attacker.args([
                "-c",
                "200",
                "-r",
                "200",
                "-l",
                "8",
                "-p",
                "3",
                "-u",
                &format!("{url}{path}"),
            ]);
            Process::start(attacker.args(*options))
        })
        .collect();
    for _ in 0..OTHERS {
        let mut curl = client("curl").unwrap();
        curl.args(["-sS", "--max-time", "5"]);
        assert_eq!(run(curl.arg(&url)).success(), "hello\n");
    }
    for attacker in attackers {
        let said = attacker.wait().success();
        // Its own probes, too, were answered all the time.
        assert!(said.contains("YES") && !said.contains("NO"), "{said}");
    }
    let mut curl = client("curl").unwrap();
    assert_eq!(
        run(curl.args(["-sS", "--max-time", "5", &url])).success(),
        "hello\n"
    );
}

fn slowhttptest() -> Option<()> {
    let is_there = std::process::Command::new("slowhttptest")
        .arg("-h")
        .output()
        .is_ok();
    if !is_there {
        started::skip("this system has no `slowhttptest`");
    }
    is_there.then_some(())
}
