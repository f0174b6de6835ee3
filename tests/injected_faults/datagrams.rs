//! Messages over UDP and between Unix sockets: each comes once, and whole.

use reveille::net::{UdpSocket, UnixDatagram};
use reveille::runtime::Runtime;

use crate::stage::again;

const MESSAGES: usize = 3;

pub(crate) fn scene(runtime: Runtime) {
    runtime.block_on(async {
        udp().await;
        unix().await;
    });
}

async fn udp() {
    let server = again!("bind", UdpSocket::bind("127.0.0.1:0").await);
    let address = again!("local_addr", server.local_addr());
    let echo = reveille::spawn(async move {
        let mut buffer = [0; 64];
        for round in 0..2 * MESSAGES {
            let (count, from) = if round % 2 == 0 {
                again!("recv_from", server.recv_from(&mut buffer).await)
            } else {
                let received = again!("recv_msg", server.recv_msg(&mut buffer).await);
                (received.length, received.from)
            };
            let sent = again!("send_to", server.send_to(&buffer[..count], from).await);
            assert_eq!(sent, count);
        }
    });
    let client = again!("bind", UdpSocket::bind("127.0.0.1:0").await);
    again!("connect", client.connect(address).await);
    again!("set_broadcast", client.set_broadcast(true));
    for number in 0..2 * MESSAGES {
        let message = [number as u8; 20];
        assert_eq!(again!("send", client.send(&message).await), 20);
        let mut reply = [0; 64];
        assert_eq!(again!("recv", client.recv(&mut reply).await), 20);
        assert_eq!(reply[..20], message);
    }
    echo.await.unwrap();
}

async fn unix() {
    let (here, there) = again!("pair", UnixDatagram::pair());
    let echo = reveille::spawn(async move {
        let mut buffer = [0; 64];
        for _ in 0..MESSAGES {
            let count = again!("recv", there.recv(&mut buffer).await);
            assert_eq!(again!("send", there.send(&buffer[..count]).await), count);
        }
    });
    for number in 0..MESSAGES {
        assert_eq!(again!("send", here.send(&[number as u8; 5]).await), 5);
        let mut reply = [0; 64];
        assert_eq!(again!("recv", here.recv(&mut reply).await), 5);
        assert_eq!(reply[..5], [number as u8; 5]);
    }
    echo.await.unwrap();
}
