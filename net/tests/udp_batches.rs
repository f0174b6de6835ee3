//! Many messages in one system call are the quinn-udp crate's, over `async_io`: segmented send and batch receive.

mod watchdog;

use std::io::IoSliceMut;
use std::net;

use quinn_udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSocketState};
use reveille_net::UdpSocket;
use reveille_reactor::Interest;

use watchdog::watched;

const SEGMENT: usize = 100;

#[test]
fn messages_sent_as_one_come_as_many_in_few_calls() {
    watched(|| {
        let socket = || net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let (sender, receiver) = (socket(), socket());
        let [sends, receives] =
            [&sender, &receiver].map(|socket| UdpSocketState::new(socket.into()).unwrap());
        let destination = receiver.local_addr().unwrap();
        let [sender, receiver] = [sender, receiver].map(|socket| UdpSocket::from_std(socket).unwrap());

        let segments = sends.max_gso_segments().min(8);
        let sent: Vec<u8> = (0..segments).flat_map(|number| [number as u8; SEGMENT]).collect();
        let transmit = Transmit {
            destination,
            ecn: None,
            contents: &sent,
            segment_size: (segments > 1).then_some(SEGMENT),
            src_ip: None,
        };
        let send = || sends.try_send((&sender).into(), &transmit);
        pollster::block_on(sender.async_io(Interest::WRITABLE, send)).unwrap();

        let mut buffers = vec![[0; 2048]; BATCH_SIZE];
        let mut received = Vec::new();
        while received.len() < segments {
            let mut infos = [RecvMeta::default(); BATCH_SIZE];
            let receive = || {
                let mut slices: Vec<_> = buffers.iter_mut().map(|buffer| IoSliceMut::new(buffer)).collect();
                receives.recv((&receiver).into(), &mut slices, &mut infos)
            };
            let count = pollster::block_on(receiver.async_io(Interest::READABLE, receive)).unwrap();
            for (info, buffer) in infos[..count].iter().zip(&buffers) {
                received.extend(buffer[..info.len].chunks(info.stride).map(<[u8]>::to_vec));
            }
        }
        let messages: Vec<_> = sent.chunks(SEGMENT).map(<[u8]>::to_vec).collect();
        assert_eq!(received, messages);
    });
}
