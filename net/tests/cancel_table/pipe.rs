//! Pipes. Their other end is in non-blocking mode too, as a file.

use std::fs::File;
use std::future::poll_fn;

use reveille_net::unix::pipe::{self, Receiver, Sender};
use reveille_reactor::Interest;

use crate::bytes::{self, Giving, Taking};
use crate::course::{Row, drive, named};

fn taking() -> Vec<Row<Taking<Receiver>>> {
    let mut rows = bytes::taking!("unix::Receiver", receiver: Receiver => &*receiver);
    let more: [Row<Taking<Receiver>>; 2] = [
        (&["unix::Receiver::async_io"], |hand, receiver, course| {
            let mut buffer = [0; 5];
            let operation = || Ok(rustix::io::read(&*receiver, &mut buffer)?);
            let read = drive(hand, course, receiver.async_io(Interest::READABLE, operation));
            read.map_or_else(Vec::new, |length: std::io::Result<usize>| {
                buffer[..length.unwrap()].to_vec()
            })
        }),
        (&["unix::Receiver::poll_read_ready"], |hand, receiver, course| {
            let mut buffer = [0; 5];
            let ready = drive(hand, course, poll_fn(|cx| receiver.poll_read_ready(cx)));
            ready.map_or_else(Vec::new, |ready| {
                ready.unwrap();
                let length = receiver.try_read(&mut buffer).unwrap_or(0);
                buffer[..length].to_vec()
            })
        }),
    ];
    rows.extend(more);
    rows.push(bytes::poll_reading!(receiver: Receiver));
    rows
}

fn giving() -> Vec<Row<Giving<Sender>>> {
    let mut rows = bytes::giving!("unix::Sender", sender: Sender => &*sender);
    let more: [Row<Giving<Sender>>; 2] = [
        (&["unix::Sender::async_io"], |hand, sender, bytes, course| {
            let operation = || Ok(rustix::io::write(&*sender, bytes)?);
            drive(hand, course, sender.async_io(Interest::WRITABLE, operation)).map_or(0, Result::unwrap)
        }),
        (
            &["unix::Sender::poll_write_ready"],
            |hand, sender, bytes, course| {
                let ready = drive(hand, course, poll_fn(|cx| sender.poll_write_ready(cx)));
                ready.map_or(0, |ready| {
                    ready.unwrap();
                    sender.try_write(bytes).unwrap_or(0)
                })
            },
        ),
    ];
    rows.extend(more);
    rows.push(bytes::poll_writing!(sender: Sender));
    rows
}

pub(crate) fn operations() -> Vec<&'static str> {
    [named(&taking()), named(&giving())].concat()
}

#[test]
fn nothing_is_lost_by_dropping_what_reads() {
    bytes::nothing_is_lost(&taking(), |_| {
        let (sender, receiver) = pipe::pipe().unwrap();
        (receiver, File::from(sender.into_nonblocking_fd().unwrap()))
    });
}

#[test]
fn nothing_is_lost_or_sent_twice_by_dropping_what_writes() {
    bytes::nothing_is_lost_or_sent_twice(&giving(), |_| {
        let (sender, receiver) = pipe::pipe().unwrap();
        (sender, File::from(receiver.into_nonblocking_fd().unwrap()))
    });
}
