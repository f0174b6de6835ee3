//! What is taken for an address or an option, and what of it reaches the resolver or the system: as std has it, or an
//! error that says why; and what the system says afterwards is what was asked for.
#![no_main]

use std::ffi::OsStr;
use std::future::{Ready, ready};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use reveille_net::names::Names;
use reveille_net::{Resolver, ToSocketAddrs, UnixDatagram, lookup_host};

mod options;

use options::{Choice, Sockets};

#[derive(Arbitrary, Debug)]
enum Input {
    Text(String),
    HostAndPort(String, u16),
    Address(IpAddr, u16),
    Path(Vec<u8>),
    Options { v6: bool, choices: Vec<Choice> },
}

/// Answers with what it was asked for.
#[derive(Default)]
struct Asked(Mutex<Vec<(String, u16)>>);

impl Resolver for Asked {
    fn resolve(
        &self,
        host: &str,
        port: u16,
    ) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>> {
        self.0.lock().unwrap().push((host.to_owned(), port));
        let found: Ready<io::Result<Vec<SocketAddr>>> = ready(Ok(vec![([127, 0, 0, 1], port).into()]));
        Box::pin(found)
    }
}

/// What is found, and what the resolver was asked for on the way.
fn look_up(of: impl ToSocketAddrs) -> (io::Result<Vec<SocketAddr>>, Vec<(String, u16)>) {
    let asked = Arc::new(Asked::default());
    let _entered = Names::new(Some(asked.clone())).enter();
    let found = at_once(lookup_host(of)).map(Iterator::collect);
    let asked = asked.0.lock().unwrap().clone();
    (found, asked)
}

fn at_once<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

fn text(text: &str) {
    let (found, asked) = look_up(text);
    assert_eq!(look_up(text.to_owned()).1, asked);
    if let Ok(address) = text.parse::<SocketAddr>() {
        assert_eq!((found.unwrap(), asked), (vec![address], vec![]));
        return;
    }
    let parts = text
        .rsplit_once(':')
        .and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)));
    match parts {
        // What std would ask the system for, and what is no name at all.
        Some((host, port)) if !host.is_empty() && !host.contains([':', '[', ']']) => {
            assert_eq!(asked, [(host.to_owned(), port)]);
            assert_eq!(found.unwrap()[0].port(), port);
        }
        _ => {
            let error = found.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            assert!(
                error
                    .to_string()
                    .contains(&format!("`{text}` is no socket address: ")),
                "{error}"
            );
            assert_eq!(asked, []);
        }
    }
}

fn host_and_port(host: &str, port: u16) {
    let (found, asked) = look_up((host, port));
    match host.parse::<IpAddr>() {
        Ok(address) => assert_eq!(
            (found.unwrap(), asked),
            (vec![SocketAddr::new(address, port)], vec![])
        ),
        Err(_) => assert_eq!(
            (found.unwrap()[0].port(), asked),
            (port, vec![(host.to_owned(), port)])
        ),
    }
}

/// Nobody is at any such path: who sends there is told the same as through std.
fn path(bytes: &[u8]) {
    let mut bytes = bytes.to_vec();
    if bytes.first().is_some_and(|&byte| byte != 0) {
        bytes.splice(0..0, *b"nowhere/");
    }
    let path = Path::new(OsStr::from_bytes(&bytes));
    let ours = UnixDatagram::unbound().unwrap().try_send_to(b"x", path);
    let theirs = match bytes.split_first() {
        Some((0, name)) => {
            use std::os::linux::net::SocketAddrExt as _;
            std::os::unix::net::SocketAddr::from_abstract_name(name)
                .and_then(|address| std::os::unix::net::UnixDatagram::unbound()?.send_to_addr(b"x", &address))
        }
        _ => std::os::unix::net::UnixDatagram::unbound()
            .unwrap()
            .send_to(b"x", path),
    };
    let (ours, theirs) = (ours.unwrap_err(), theirs.unwrap_err());
    if !bytes.is_empty() {
        assert_eq!(
            (ours.kind(), ours.raw_os_error()),
            (theirs.kind(), theirs.raw_os_error())
        );
    }
}

fuzz_target!(|inputs: Vec<Input>| {
    for input in inputs {
        match input {
            Input::Text(string) => text(&string),
            Input::HostAndPort(host, port) => host_and_port(&host, port),
            Input::Address(address, port) => {
                text(&SocketAddr::new(address, port).to_string());
                host_and_port(&address.to_string(), port);
            }
            Input::Path(bytes) => path(&bytes),
            Input::Options { v6, choices } => {
                let sockets = Sockets::new(v6).unwrap();
                for choice in &choices {
                    sockets.apply(choice);
                }
            }
        }
    }
});
