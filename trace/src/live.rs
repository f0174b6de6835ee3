//! The page, live: a small HTTP server on threads of its own, for the people on this machine.
//!
//! It is no task, so it answers also while every worker is stuck, and that is when it is wanted. It reads the rings as anybody may,
//! and each viewer has a place of its own there: one that is slow misses events, and is told how many; the program waits for
//! nobody.
//!
//! **Who may look.** It listens on loopback only, and answers only who knows the token that is in its address; a page of another
//! origin, which does not, cannot find it, and one that has made its own name mean this machine is known by the `Host` that its
//! browser sends. What is asked for is read whole before it is answered, up to a limit, and for a limited time.

mod events;
mod request;

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::{chrome, findings, gate, html, recording, trace_json};
use request::{Method, Request};

/// A server that shows what is recorded; from [`serve`]. It runs until the process ends.
#[derive(Clone, Debug)]
pub struct Server {
    address: SocketAddr,
    token: String,
}

impl Server {
    /// Where the page is, with the token without which nobody gets it.
    pub fn url(&self) -> String {
        format!("http://{}/{}/", self.address, self.token)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Shows what is recorded to browsers on this machine, at that port of 127.0.0.1 (0: one that is free). Nothing is recorded by that
/// alone: see [`recording::start`].
///
/// # Errors
///
/// If the port is taken, or no thread can be started.
///
/// # Examples
///
/// ```
/// use reveille_trace::live::serve;
///
/// let server = serve(0)?;
/// println!("look at {}", server.url());
/// # std::io::Result::Ok(())
/// ```
pub fn serve(port: u16) -> io::Result<Server> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    let server = Server {
        address: listener.local_addr()?,
        token: token(),
    };
    let shared = Arc::new(Shared {
        server: server.clone(),
        connections: AtomicUsize::new(0),
        viewers: AtomicUsize::new(0),
    });
    thread::Builder::new()
        .name("reveille-live".to_owned())
        .spawn(move || accept(&listener, &shared))?;
    Ok(server)
}

struct Shared {
    server: Server,
    connections: AtomicUsize,
    viewers: AtomicUsize,
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    loop {
        let Ok((stream, _)) = listener.accept() else {
            // Descriptors are short, say: they may not be for ever.
            thread::sleep(Duration::from_millis(100));
            continue;
        };
        let Some(place) = Place::take(shared, |shared| &shared.connections, MOST_CONNECTIONS) else {
            continue;
        };
        // One that cannot be started takes the connection with it.
        let _ = thread::Builder::new()
            .name("reveille-live-client".to_owned())
            .spawn(move || drop(serve_one(stream, &place.shared)));
    }
}

/// A place among a limited number.
struct Place {
    shared: Arc<Shared>,
    of: fn(&Shared) -> &AtomicUsize,
}

impl Place {
    fn take(shared: &Arc<Shared>, of: fn(&Shared) -> &AtomicUsize, most: usize) -> Option<Self> {
        let place = Self {
            shared: shared.clone(),
            of,
        };
        // Relaxed: it is counted, and nothing more. A place that is one too many is given back by its drop.
        (of(shared).fetch_add(1, Ordering::Relaxed) < most).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        (self.of)(&self.shared).fetch_sub(1, Ordering::Relaxed);
    }
}

fn serve_one(mut stream: TcpStream, shared: &Arc<Shared>) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    let request = match Request::read(&mut stream)? {
        Ok(request) => request,
        Err(refused) => return answer(&mut stream, refused, "text/plain", refused),
    };
    let port = shared.server.address.port();
    if !request.is_for_this_machine(port) {
        let text = "403 Forbidden: this host is not asked for here";
        return answer(&mut stream, "403 Forbidden", "text/plain", text);
    }
    match request.path_behind(&shared.server.token) {
        Some(path) => route(&mut stream, request.method, path, shared),
        None => answer(&mut stream, "404 Not Found", "text/plain", "404 Not Found"),
    }
}

fn route(stream: &mut TcpStream, method: Method, path: &str, shared: &Arc<Shared>) -> io::Result<()> {
    let whole = |make: fn(&crate::trace::Trace) -> String| make(&recording::collect().unwrap_or_default());
    match (method, path) {
        (Method::Get, "") => answer(stream, OK, "text/html; charset=utf-8", &html::live_page()),
        (Method::Get, "trace.json") => answer(stream, OK, JSON, &whole(trace_json::text)),
        (Method::Get, "chrome.json") => answer(stream, OK, JSON, &whole(chrome::text)),
        (Method::Get, "trace.html") => answer(stream, OK, "text/html; charset=utf-8", &whole(html::text)),
        (Method::Get, "findings.json") => answer(stream, OK, JSON, &whole(findings::json_of)),
        (Method::Get, "healthz") => answer(stream, OK, "text/plain", "ok"),
        (Method::Get, "events") => match Place::take(shared, |shared| &shared.viewers, MOST_VIEWERS) {
            Some(_place) => events::stream(stream),
            None => {
                let text = "503 Service Unavailable: too many viewers; close another one";
                answer(stream, "503 Service Unavailable", "text/plain", text)
            }
        },
        (Method::Post, "step") if gate::is_closed() => {
            gate::step();
            answer(stream, OK, "text/plain", "ok")
        }
        (Method::Post, "gate") => {
            if gate::is_closed() {
                gate::open();
            } else {
                gate::close();
            }
            answer(stream, OK, "text/plain", "ok")
        }
        _ => answer(stream, "404 Not Found", "text/plain", "404 Not Found"),
    }
}

fn answer(stream: &mut TcpStream, status: &str, kind: &str, body: &str) -> io::Result<()> {
    let status = status.split_once(':').map_or(status, |(status, _)| status);
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n{HEADERS}Connection: close\r\n\r\n{body}",
        body.len()
    )?;
    stream.flush()
}

/// Hard to guess: std's maps are seeded by the system against just that, and what their hash gives does not tell the seed.
fn token() -> String {
    let part = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", part(), part())
}

const OK: &str = "200 OK";
const JSON: &str = "application/json";

/// What a page from here may do is to run itself, and to ask here.
const HEADERS: &str = "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n\
    Content-Security-Policy: default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n";

/// How long somebody may take to ask, or to take what is sent.
const PATIENCE: Duration = Duration::from_secs(5);
const MOST_CONNECTIONS: usize = 32;
/// Browsers have six connections to a host: some are left for the rest.
const MOST_VIEWERS: usize = 4;

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url())
    }
}
