//! Connections one after the other. What it does when descriptors are short is in `out_of_descriptors`.

mod hand;

use std::net;
use std::pin::Pin;
use std::task::Poll;

use futures_lite::Stream;
use reveille_net::{AcceptPolicy, Incoming, TcpListener};

use hand::{Hand, closed_port, context, poll};

fn poll_next<'a>(incoming: &mut Incoming<'a, TcpListener>) -> Poll<Option<bool>> {
    let next = Pin::new(incoming).poll_next(&mut context());
    next.map(|next| next.map(|outcome| outcome.is_ok()))
}

#[test]
fn connections_come_in_their_order() {
    let mut hand = Hand::new();
    let listener = hand::listener();
    let address = listener.local_addr().unwrap();
    let mut incoming = listener.incoming(AcceptPolicy::default());
    assert!(poll_next(&mut incoming).is_pending());
    for _ in 0..3 {
        let clients = [(); 3].map(|()| net::TcpStream::connect(address).unwrap());
        for client in clients {
            let (_stream, from) = hand.finish(incoming.accept()).unwrap();
            assert_eq!(from, client.local_addr().unwrap());
        }
        assert!(poll_next(&mut incoming).is_pending());
    }
}

#[test]
fn dropping_an_accept_at_every_poll_loses_no_client() {
    let mut hand = Hand::new();
    let listener = hand::listener();
    let address = listener.local_addr().unwrap();
    let mut incoming = listener.incoming(AcceptPolicy::default());
    for polls in 0..4 {
        let client = net::TcpStream::connect(address).unwrap();
        let (mut accept, mut served) = (incoming.accept(), None);
        for _ in 0..polls {
            if let Poll::Ready(connection) = poll(&mut accept) {
                served = Some(connection.unwrap());
                break;
            }
            hand.settle();
        }
        let (_stream, from) = served.unwrap_or_else(|| hand.finish(incoming.accept()).unwrap());
        assert_eq!(from, client.local_addr().unwrap());
        assert!(poll(&mut incoming.accept()).is_pending());
    }
    drop(incoming);
    assert!(hand.handle().waits().is_empty());
}

#[test]
fn several_take_from_one_listener_and_each_is_woken() {
    let mut hand = Hand::new();
    let listener = hand::listener();
    let mut two = [(); 2].map(|()| listener.incoming(AcceptPolicy::default()));
    for incoming in &mut two {
        assert!(poll_next(incoming).is_pending());
    }
    assert_eq!(hand.handle().waits().len(), 2);
    let address = listener.local_addr().unwrap();
    let _clients = [(); 2].map(|()| net::TcpStream::connect(address).unwrap());
    for incoming in &mut two {
        assert_eq!(hand.until(|| poll_next(incoming)), Some(true));
    }
}

#[test]
fn an_error_about_the_listener_ends_the_stream_and_only_that() {
    let (socket, _) = closed_port();
    let listener = TcpListener::from_std(socket.into()).unwrap();
    let mut incoming = listener.incoming(AcceptPolicy::default());
    // It does not listen.
    assert_eq!(poll_next(&mut incoming), Poll::Ready(Some(false)));
    assert_eq!(poll_next(&mut incoming), Poll::Ready(None));
    assert_eq!(poll_next(&mut incoming), Poll::Ready(None));
    assert!(matches!(poll(&mut incoming.accept()), Poll::Ready(Err(_))));
}

#[cfg(unix)]
#[test]
fn unix_listeners_have_it_too() {
    let folder = std::env::temp_dir().join(format!("reveille-incoming-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("socket");
    let mut hand = Hand::new();
    let listener = reveille_net::UnixListener::bind(&path).unwrap();
    let mut incoming = listener.incoming(AcceptPolicy::default());
    assert!(poll(&mut incoming.accept()).is_pending());
    let _client = std::os::unix::net::UnixStream::connect(&path).unwrap();
    let (_stream, from) = hand.finish(incoming.accept()).unwrap();
    assert!(from.is_unnamed());
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
#[should_panic(expected = "try without pause")]
fn a_policy_that_does_not_wait_is_refused() {
    let _ = AcceptPolicy::new().first_wait(std::time::Duration::ZERO);
}
