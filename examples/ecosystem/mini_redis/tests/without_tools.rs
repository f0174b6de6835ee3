//! The server under clients that speak its protocol by hand, well and badly.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use started::{Program, Watchdog};

fn server() -> Program {
    Program::ours(env!("CARGO_BIN_EXE_mini_redis"), &["127.0.0.1:0"])
}

fn connect(server: &Program) -> TcpStream {
    TcpStream::connect(server.address()).unwrap()
}

fn request(words: &[&str]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len());
    for word in words {
        bytes += &format!("${}\r\n{word}\r\n", word.len());
    }
    bytes.into_bytes()
}

/// Sends all at once, closes the writing side, and reads to the end.
fn exchange(server: &Program, bytes: &[u8]) -> String {
    let mut stream = connect(server);
    stream.write_all(bytes).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    reply
}

fn ask(server: &Program, words: &[&str]) -> String {
    exchange(server, &request(words))
}

#[test]
fn each_command_answers_as_redis_does() {
    let _watchdog = Watchdog::new("commands");
    let server = server();
    for (words, reply) in [
        (&["PING"][..], "+PONG\r\n"),
        (&["ping", "hello"], "$5\r\nhello\r\n"),
        (&["ECHO", "a\r\nb"], "$4\r\na\r\nb\r\n"),
        (&["GET", "n"], "$-1\r\n"),
        (&["INCR", "n"], ":1\r\n"),
        (&["INCR", "n"], ":2\r\n"),
        (&["GET", "n"], "$1\r\n2\r\n"),
        (&["TTL", "n"], ":-1\r\n"),
        (&["SET", "n", "long", "EX", "100"], "+OK\r\n"),
        (&["TTL", "n"], ":100\r\n"),
        (&["INCR", "n"], "-ERR value is not an integer or out of range\r\n"),
        (&["SET", "n", "9223372036854775807"], "+OK\r\n"),
        (&["TTL", "n"], ":-1\r\n"),
        (&["INCR", "n"], "-ERR value is not an integer or out of range\r\n"),
        (&["EXPIRE", "n", "50"], ":1\r\n"),
        (&["TTL", "n"], ":50\r\n"),
        (&["EXPIRE", "n", "-1"], ":1\r\n"),
        (&["TTL", "n"], ":-2\r\n"),
        (&["EXPIRE", "n", "50"], ":0\r\n"),
        (&["LPUSH", "l", "a", "b"], ":2\r\n"),
        (&["LPUSH", "l", "c"], ":3\r\n"),
        (
            &["LRANGE", "l", "0", "-1"],
            "*3\r\n$1\r\nc\r\n$1\r\nb\r\n$1\r\na\r\n",
        ),
        (&["LRANGE", "l", "-2", "1"], "*1\r\n$1\r\nb\r\n"),
        (&["LRANGE", "l", "5", "9"], "*0\r\n"),
        (&["LRANGE", "l", "0", "-9"], "*0\r\n"),
        (&["LRANGE", "none", "0", "-1"], "*0\r\n"),
        (&["SET", "s", "1"], "+OK\r\n"),
        (&["DEL", "l", "s", "none"], ":2\r\n"),
        (&["GET"], "-ERR wrong number of arguments\r\n"),
        (&["FLUSHALL"], "-ERR unknown command\r\n"),
        (&["SET", "s", "1", "EX", "0"], "-ERR invalid expire time\r\n"),
        (&["SET", "s", "1", "XX", "1"], "-ERR syntax error\r\n"),
    ] {
        assert_eq!(ask(&server, words), reply, "{words:?}");
    }
    ask(&server, &["LPUSH", "l", "a"]);
    assert!(ask(&server, &["GET", "l"]).starts_with("-WRONGTYPE"));
    assert!(ask(&server, &["INCR", "l"]).starts_with("-WRONGTYPE"));
    assert!(ask(&server, &["SET", "s", "1", "PX", "60000"]).starts_with("+OK"));
    assert!(ask(&server, &["LPUSH", "s", "1"]).starts_with("-WRONGTYPE"));
    assert_eq!(server.stop(), "");
}

#[test]
fn a_key_is_gone_when_its_time_is_over() {
    let _watchdog = Watchdog::new("a key that expires");
    let server = server();
    assert_eq!(ask(&server, &["SET", "k", "v", "PX", "1"]), "+OK\r\n");
    // It ends by the watchdog if that never is.
    while ask(&server, &["GET", "k"]) != "$-1\r\n" {}
    assert_eq!(ask(&server, &["TTL", "k"]), ":-2\r\n");
    assert_eq!(ask(&server, &["DEL", "k"]), ":0\r\n");
}

#[test]
fn many_requests_at_once_are_answered_in_order() {
    let _watchdog = Watchdog::new("a pipeline");
    let server = server();
    let mut requests = Vec::new();
    let mut replies = String::new();
    for number in 1..=5000 {
        requests.extend(request(&["INCR", "count"]));
        replies += &format!(":{number}\r\n");
    }
    assert!(exchange(&server, &requests) == replies);

    // In pieces of one byte, too.
    let mut stream = connect(&server);
    stream.set_nodelay(true).unwrap();
    for byte in request(&["ECHO", "piece by piece"]) {
        stream.write_all(&[byte]).unwrap();
    }
    let mut reply = [0; 21];
    stream.read_exact(&mut reply).unwrap();
    assert_eq!(&reply, b"$14\r\npiece by piece\r\n".as_slice());
}

#[test]
fn claims_and_nonsense_are_refused_at_once() {
    let _watchdog = Watchdog::new("hostile requests");
    let server = server();
    for bytes in [
        "*1000000000\r\n".to_owned(),
        "*99999999999999999999999999\r\n".to_owned(),
        "*1\r\n$2147483647\r\n".to_owned(),
        "*1\r\n$-5\r\n".to_owned(),
        "GET / HTTP/1.1\r\n\r\n".to_owned(),
        format!("*{}", "1".repeat(100)),
    ] {
        // The client does not close: the server does.
        let mut stream = connect(&server);
        stream.write_all(bytes.as_bytes()).unwrap();
        let mut reply = Vec::new();
        match stream.read_to_end(&mut reply) {
            Err(error) if error.kind() != ErrorKind::ConnectionReset => panic!("{error}"),
            _ => {}
        }
        let reply = String::from_utf8(reply).unwrap();
        assert!(reply.starts_with("-ERR Protocol error"), "{bytes:?}: {reply:?}");
    }
    assert_eq!(ask(&server, &["PING"]), "+PONG\r\n");
}

#[test]
fn who_reads_no_replies_is_read_from_no_more() {
    const MOST: usize = 32 << 20;
    let _watchdog = Watchdog::new("a client that reads nothing");
    let server = server();
    ask(&server, &["SET", "k", &"x".repeat(1000)]);
    let greedy = connect(&server);
    // Long enough for a server that does read: each byte that it takes begins the time anew.
    greedy.set_write_timeout(Some(Duration::from_secs(2))).unwrap();
    let requests = request(&["GET", "k"]).repeat(1000);
    let mut sent = 0;
    let stopped = loop {
        match (&greedy).write(&requests[sent % requests.len()..]) {
            Ok(count) => sent += count,
            Err(error) => break error,
        }
        assert!(sent < MOST, "it took {sent} bytes, and nobody has read a reply");
    };
    assert!(
        matches!(stopped.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        "{stopped}"
    );
    // The others are served meanwhile, and it goes on when the replies are read.
    assert_eq!(ask(&server, &["PING"]), "+PONG\r\n");
    let mut replies = vec![0; 1009 * 1000];
    (&greedy).read_exact(&mut replies).unwrap();
    assert!(
        replies
            == format!("$1000\r\n{}\r\n", "x".repeat(1000))
                .repeat(1000)
                .as_bytes()
    );
}

#[test]
fn what_is_stored_has_a_bound_and_so_has_a_reply() {
    let _watchdog = Watchdog::new("a store that is full");
    let server = server();
    let values = vec!["v"; 1000];
    let mut pushes = Vec::new();
    for _ in 0..1100 {
        pushes.extend(request(&[&["LPUSH", "l"], &values[..]].concat()));
    }
    let replies = exchange(&server, &pushes);
    assert_eq!(replies.lines().count(), 1100);
    let stored = replies.lines().filter(|line| line.starts_with(':')).count();
    assert!((900..1100).contains(&stored), "{stored} of 1100 were taken");
    assert!(replies.lines().last().unwrap().starts_with("-OOM"));
    // What was refused has left nothing behind.
    let length = format!(":{}", stored * 1000);
    assert_eq!(
        replies.lines().rfind(|line| line.starts_with(':')).unwrap(),
        length
    );
    assert!(ask(&server, &["SET", "k", &"x".repeat(60_000)]).starts_with("-OOM"));
    assert!(ask(&server, &["LRANGE", "l", "0", "-1"]).starts_with("-ERR the range"));
    assert!(ask(&server, &["LRANGE", "l", "0", "99"]).starts_with("*100\r\n"));
    assert_eq!(ask(&server, &["DEL", "l"]), ":1\r\n");
    assert_eq!(ask(&server, &["SET", "k", &"x".repeat(60_000)]), "+OK\r\n");
}

#[test]
fn there_are_so_many_clients_at_most_and_who_leaves_makes_room() {
    let _watchdog = Watchdog::new("many clients");
    let server = server();
    let mut refused = 0;
    let mut clients = Vec::new();
    // One by one, each is answered or told that there is no room.
    for _ in 0..510 {
        let mut client = connect(&server);
        // It may have been closed already.
        let _ = client.write_all(&request(&["PING"]));
        let mut reply = [0; 7];
        match client.read_exact(&mut reply) {
            Ok(()) if &reply == b"+PONG\r\n" => clients.push(client),
            _ => refused += 1,
        }
    }
    assert_eq!((clients.len(), refused), (500, 10));
    clients.clear();
    // It ends by the watchdog if there never is room again.
    let has_room = || {
        let mut client = connect(&server);
        let mut reply = [0; 7];
        client.write_all(&request(&["PING"])).is_ok()
            && client.read_exact(&mut reply).is_ok()
            && &reply == b"+PONG\r\n"
    };
    while !has_room() {}
}
