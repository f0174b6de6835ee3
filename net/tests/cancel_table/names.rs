//! A look-up that takes its time: one that is asked twice before it answers, whoever else is busy.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use reveille_net::names::{EnterGuard, Names, Resolver};

/// The host that is here.
pub(crate) const SLOW: &str = "slow.example";

/// Looks up [`SLOW`], which is at this address.
pub(crate) struct Slow(IpAddr);

impl Slow {
    /// Whoever looks a name up on this thread asks it, while the guard lives.
    pub(crate) fn enter() -> EnterGuard {
        Self::at(IpAddr::from([127, 0, 0, 1]))
    }

    pub(crate) fn at(address: IpAddr) -> EnterGuard {
        Names::new(Some(Arc::new(Self(address)))).enter()
    }
}

impl Resolver for Slow {
    fn resolve(
        &self,
        host: &str,
        port: u16,
    ) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>> {
        assert_eq!(host, SLOW);
        let (address, mut asked) = (self.0, false);
        Box::pin(std::future::poll_fn(move |cx| {
            if std::mem::replace(&mut asked, true) {
                return Poll::Ready(Ok(vec![SocketAddr::from((address, port))]));
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        }))
    }
}
