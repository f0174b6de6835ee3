//! `join!` and `try_join!`: what tokio's do, and what only ours do.

mod watchdog;

use std::future;
use std::mem::size_of_val;
use std::pin::pin;

use reveille::{block_on, join, try_join};

#[path = "as_tokio/join.rs"]
mod join_as_tokio;

#[test]
fn temporaries_live_as_long_as_the_futures() {
    block_on(async {
        let joined = join!(&mut Box::pin(async { 1 }), pin!(future::ready(2)));
        assert_eq!(joined, (1, 2));
        let joined = try_join!(&mut Box::pin(async { Result::<_, ()>::Ok(1) }));
        assert_eq!(joined, Ok((1,)));
    });
}

#[test]
fn they_hold_each_future_once() {
    async fn large() -> Result<u8, ()> {
        let bytes = [0_u8; 1000];
        future::pending::<()>().await;
        Ok(bytes[0])
    }
    let one = size_of_val(&large());
    let joining = async { join!(large(), large(), large()) };
    let trying = async { try_join!(large(), large(), large()) };
    assert!(size_of_val(&joining) < 3 * one + 100, "{}", size_of_val(&joining));
    assert!(size_of_val(&trying) < 3 * one + 100, "{}", size_of_val(&trying));
}
