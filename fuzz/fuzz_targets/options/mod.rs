//! Options of sockets: after one was set the system says what was asked for, or there was an error and it says what it
//! said before.

use std::fmt::Debug;
use std::io;
use std::time::Duration;

use arbitrary::Arbitrary;
use reveille_net::tcp::TcpKeepalive;
use reveille_net::{TcpSocket, UdpSocket};

#[derive(Arbitrary, Debug)]
pub enum Choice {
    NoDelay(bool),
    Keepalive(bool),
    ReuseAddress(bool),
    ReusePort(bool),
    OnlyV6(bool),
    Broadcast(bool),
    MulticastLoop(bool),
    Linger(Option<Duration>),
    TcpKeepalive(Option<Duration>, Option<Duration>, Option<u32>),
    TimeToLive(u32),
    UnicastHops(u32),
    MulticastTimeToLive(u32),
    TypeOfService(u32),
    TrafficClass(u32),
    SendBuffer(u32),
    ReceiveBuffer(u32),
}

/// What the system can count to.
const MOST_SECONDS: u64 = i32::MAX as u64;

/// A socket of each kind, of one family.
pub struct Sockets {
    tcp: TcpSocket,
    udp: UdpSocket,
}

impl Sockets {
    pub fn new(v6: bool) -> io::Result<Self> {
        let tcp = if v6 {
            TcpSocket::new_v6()?
        } else {
            TcpSocket::new_v4()?
        };
        let any = if v6 { "[::1]:0" } else { "127.0.0.1:0" };
        let udp = std::net::UdpSocket::bind(any)?;
        udp.set_nonblocking(true)?;
        let udp = UdpSocket::from_std(udp)?;
        Ok(Self { tcp, udp })
    }

    pub fn apply(&self, choice: &Choice) {
        let Self { tcp, udp } = self;
        match *choice {
            Choice::NoDelay(on) => same(on, tcp.set_nodelay(on), || tcp.nodelay()),
            Choice::Keepalive(on) => same(on, tcp.set_keepalive(on), || tcp.keepalive()),
            Choice::ReuseAddress(on) => same(on, tcp.set_reuseaddr(on), || tcp.reuseaddr()),
            Choice::ReusePort(on) => same(on, tcp.set_reuseport(on), || tcp.reuseport()),
            Choice::OnlyV6(on) => same(on, tcp.set_only_v6(on), || tcp.only_v6()),
            Choice::Broadcast(on) => same(on, udp.set_broadcast(on), || udp.broadcast()),
            Choice::MulticastLoop(on) => {
                same(on, udp.set_multicast_loop_v4(on), || udp.multicast_loop_v4());
                same(on, udp.set_multicast_loop_v6(on), || udp.multicast_loop_v6());
            }
            Choice::Linger(time) => {
                let whole = time.map(whole_seconds);
                same(whole, tcp.set_linger(time), || tcp.linger());
            }
            Choice::TcpKeepalive(time, interval, retries) => keepalive(tcp, time, interval, retries),
            Choice::TimeToLive(hops) => {
                same(hops, tcp.set_ttl(hops), || tcp.ttl());
                same(hops, udp.set_ttl(hops), || udp.ttl());
            }
            Choice::UnicastHops(hops) => same(hops, tcp.set_unicast_hops_v6(hops), || tcp.unicast_hops_v6()),
            Choice::MulticastTimeToLive(hops) => {
                same(hops, udp.set_multicast_ttl_v4(hops), || udp.multicast_ttl_v4());
            }
            // The system takes the two lowest bits for itself.
            Choice::TypeOfService(service) => {
                same(service & !3, tcp.set_tos_v4(service), || Ok(tcp.tos_v4()? & !3));
            }
            Choice::TrafficClass(class) => {
                same(class & !3, tcp.set_tclass_v6(class), || Ok(tcp.tclass_v6()? & !3));
            }
            // It doubles them, and has bounds of its own.
            Choice::SendBuffer(size) => {
                larger(size, tcp.set_send_buffer_size(size), || tcp.send_buffer_size());
            }
            Choice::ReceiveBuffer(size) => {
                larger(size, tcp.set_recv_buffer_size(size), || tcp.recv_buffer_size());
            }
        }
    }
}

fn same<T: PartialEq + Debug>(asked: T, set: io::Result<()>, get: impl Fn() -> io::Result<T>) {
    if set.is_ok() {
        assert_eq!(get().unwrap(), asked);
    }
}

fn larger(asked: u32, set: io::Result<()>, get: impl Fn() -> io::Result<u32>) {
    const LEAST_BOUND: u32 = 64 * 1024;
    set.unwrap();
    let now = get().unwrap();
    assert!(now >= asked.min(LEAST_BOUND), "asked for {asked}, and got {now}");
}

/// Up, so that nothing that was to last becomes nothing; and no number wraps.
fn whole_seconds(time: Duration) -> Duration {
    let up = u64::from(time.subsec_nanos() > 0);
    Duration::from_secs(time.as_secs().saturating_add(up).min(MOST_SECONDS))
}

fn keepalive(tcp: &TcpSocket, time: Option<Duration>, interval: Option<Duration>, retries: Option<u32>) {
    let mut keepalive = TcpKeepalive::new();
    if let Some(time) = time {
        keepalive = keepalive.with_time(time);
    }
    if let Some(interval) = interval {
        keepalive = keepalive.with_interval(interval);
    }
    if let Some(retries) = retries {
        keepalive = keepalive.with_retries(retries);
    }
    if tcp.set_tcp_keepalive(&keepalive).is_ok() {
        let now = tcp.tcp_keepalive().unwrap();
        assert!(tcp.keepalive().unwrap());
        for (asked, now) in [(time, now.time()), (interval, now.interval())] {
            let asked = asked.map(|asked| Duration::from_secs(asked.as_secs().min(MOST_SECONDS)));
            assert!(
                asked.is_none_or(|asked| now == Some(asked)),
                "asked for {asked:?}, and got {now:?}"
            );
        }
        assert!(retries.is_none_or(|asked| now.retries() == Some(asked)));
    }
}
