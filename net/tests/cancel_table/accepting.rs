//! Listeners: every client is served, in the order in which they came.

use std::future::poll_fn;
use std::io::Write;
use std::net;

use futures_lite::StreamExt;
use reveille_net::{AcceptPolicy, TcpListener, TcpStream};

use crate::course::{COURSES, Course, Row, drive, named};
use crate::hand::{self, Hand};

/// Takes a connection of the listener.
type Accepting<L, S> = fn(&mut Hand, &mut L, Course) -> Option<S>;

const TCP: [Row<Accepting<TcpListener, TcpStream>>; 4] = [
    (&["tcp::TcpListener::accept"], |hand, listener, course| {
        drive(hand, course, listener.accept()).map(|accepted| accepted.unwrap().0)
    }),
    (&["tcp::TcpListener::poll_accept"], |hand, listener, course| {
        let accept = poll_fn(|cx| listener.poll_accept(cx));
        drive(hand, course, accept).map(|accepted| accepted.unwrap().0)
    }),
    // The stream of connections goes too, not only the future.
    (
        &["tcp::TcpListener::incoming", "incoming::Incoming::accept"],
        |hand, listener, course| {
            let mut incoming = listener.incoming(AcceptPolicy::default());
            drive(hand, course, incoming.accept()).map(|accepted| accepted.unwrap().0)
        },
    ),
    (&["tcp::TcpListener::incoming"], |hand, listener, course| {
        let mut incoming = listener.incoming(AcceptPolicy::default());
        drive(hand, course, incoming.next()).map(|accepted| accepted.unwrap().unwrap().0)
    }),
];

/// Makes a listener for each row, and what connects to it and says the byte that it is given.
fn no_client_is_lost<L, S, C>(
    rows: &[Row<Accepting<L, S>>],
    mut make: impl FnMut() -> (L, Box<dyn FnMut(u8) -> C>),
    read: fn(&mut Hand, &S) -> u8,
) {
    for (name, accept) in rows {
        let mut hand = Hand::new();
        let (mut listener, mut connect) = make();
        let (mut clients, mut served, mut nothing) = (Vec::new(), 0, 0);
        for round in 0usize.. {
            assert!(
                round < 10_000,
                "watchdog: {name:?}: {served} of {} clients",
                clients.len()
            );
            if served == 100 {
                break;
            }
            if round % 5 == 0 && clients.len() < 100 {
                for _ in 0..2 {
                    clients.push(connect(clients.len() as u8));
                }
            }
            let course = COURSES[round % COURSES.len()];
            match accept(&mut hand, &mut listener, course) {
                Some(stream) => {
                    assert_eq!(usize::from(read(&mut hand, &stream)), served, "{name:?}");
                    served += 1;
                }
                None => nothing += usize::from(!course.is_empty()),
            }
            hand.settle();
        }
        assert!(nothing > 0, "{name:?} was never dropped early");
        assert!(hand.handle().waits().is_empty(), "{name:?} left a waker behind");
        drop(listener);
        assert_eq!(
            hand.handle().registrations(),
            0,
            "{name:?} left a registration behind"
        );
    }
}

#[test]
fn no_client_is_lost_by_dropping_accept() {
    no_client_is_lost(
        &TCP,
        || {
            let listener = hand::listener();
            let address = listener.local_addr().unwrap();
            let connect = move |number| {
                let mut client = net::TcpStream::connect(address).unwrap();
                client.write_all(&[number]).unwrap();
                client
            };
            (listener, Box::new(connect))
        },
        |hand, stream| {
            let mut byte = [0];
            hand.finish(stream.read_exact(&mut byte)).unwrap();
            byte[0]
        },
    );
}

#[cfg(unix)]
mod unix {
    use std::os::unix::net;

    use reveille_net::{UnixListener, UnixStream};

    use super::*;
    use crate::place::Place;

    pub(super) const UNIX: [Row<Accepting<UnixListener, UnixStream>>; 4] = [
        (&["unix::UnixListener::accept"], |hand, listener, course| {
            drive(hand, course, listener.accept()).map(|accepted| accepted.unwrap().0)
        }),
        (&["unix::UnixListener::poll_accept"], |hand, listener, course| {
            let accept = poll_fn(|cx| listener.poll_accept(cx));
            drive(hand, course, accept).map(|accepted| accepted.unwrap().0)
        }),
        (
            &["unix::UnixListener::incoming", "incoming::Incoming::accept"],
            |hand, listener, course| {
                let mut incoming = listener.incoming(AcceptPolicy::default());
                drive(hand, course, incoming.accept()).map(|accepted| accepted.unwrap().0)
            },
        ),
        (&["unix::UnixListener::incoming"], |hand, listener, course| {
            let mut incoming = listener.incoming(AcceptPolicy::default());
            drive(hand, course, incoming.next()).map(|accepted| accepted.unwrap().unwrap().0)
        }),
    ];

    #[test]
    fn no_client_is_lost_by_dropping_accept() {
        let place = Place::new("cancel-table-accepting");
        let mut count = 0;
        no_client_is_lost(
            &UNIX,
            || {
                count += 1;
                let path = place.path().with_extension(count.to_string());
                let listener = UnixListener::bind(&path).unwrap();
                let connect = move |number| {
                    let mut client = net::UnixStream::connect(&path).unwrap();
                    client.write_all(&[number]).unwrap();
                    client
                };
                (listener, Box::new(connect))
            },
            |hand, stream| {
                let mut byte = [0];
                hand.finish(stream.read_exact(&mut byte)).unwrap();
                byte[0]
            },
        );
    }
}

pub(crate) fn operations() -> Vec<&'static str> {
    #[cfg(unix)]
    let unix = named(&unix::UNIX);
    #[cfg(not(unix))]
    let unix = Vec::new();
    [named(&TCP), unix].concat()
}
