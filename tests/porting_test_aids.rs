//! What users of tokio-test reach for, on futures of reveille and without a runtime of tokio's.

use std::time::Duration;

use futures_channel::oneshot;
use reveille::io::{AsyncReadExt, AsyncWriteExt};
use reveille::{io, time};
use tokio_test::{assert_pending, assert_ready, assert_ready_eq, assert_ready_ok, task};

#[test]
fn futures_are_polled_by_hand_and_say_whether_they_were_woken() {
    let (ours, mut peer) = io::duplex(1);
    let mut reading = task::spawn(async move {
        let (mut ours, mut byte) = (ours, [0]);
        ours.read(&mut byte).await.map(|count| (count, byte))
    });
    assert_pending!(reading.poll());
    assert!(!reading.is_woken());
    reveille::block_on(peer.write_all(b"x")).unwrap();
    assert!(reading.is_woken());
    assert_eq!(assert_ready_ok!(reading.poll()), (1, *b"x"));
}

#[test]
fn joins_and_selects_are_polled_by_hand() {
    let (sender, receiver) = oneshot::channel();
    let mut joining = task::spawn(async { reveille::join!(receiver, async { 2 }) });
    assert_pending!(joining.poll());
    sender.send(1).unwrap();
    assert!(joining.is_woken());
    assert_ready_eq!(joining.poll(), (Ok(1), 2));

    let (sender, receiver) = oneshot::channel();
    let mut selecting = task::spawn(async {
        reveille::select! {
            number = receiver => number.ok(),
            () = std::future::pending() => None,
        }
    });
    assert_pending!(selecting.poll());
    sender.send(3).unwrap();
    assert!(selecting.is_woken());
    assert_ready_eq!(selecting.poll(), Some(3));
}

#[reveille::test(start_paused = true)]
async fn timers_are_polled_by_hand_under_a_paused_clock() {
    let mut sleeping = task::spawn(time::sleep(Duration::from_secs(60)));
    assert_pending!(sleeping.poll());
    time::advance(Duration::from_secs(59)).await;
    assert!(!sleeping.is_woken());
    time::advance(Duration::from_secs(1)).await;
    assert!(sleeping.is_woken());
    assert_ready!(sleeping.poll());
}

#[test]
fn a_scripted_mock_plays_the_peer_of_code_over_tokios_traits() {
    use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};

    async fn greet(stream: impl AsyncRead + AsyncWrite + Unpin) -> std::io::Result<()> {
        let mut stream = BufReader::new(stream);
        let mut name = String::new();
        stream.read_line(&mut name).await?;
        stream
            .write_all(format!("hello, {}\n", name.trim_end()).as_bytes())
            .await
    }
    let mock = tokio_test::io::Builder::new()
        .read(b"Ad")
        .read(b"a\n")
        .write(b"hello, Ada\n")
        .build();
    reveille::block_on(greet(mock)).unwrap();
}

#[test]
fn a_duplex_plays_the_peer_of_code_over_the_traits_of_futures_io() {
    use io::{AsyncBufReadExt, AsyncRead, AsyncWrite, BufReader};

    async fn greet(stream: impl AsyncRead + AsyncWrite + Unpin) -> std::io::Result<()> {
        let mut stream = BufReader::new(stream);
        let mut name = String::new();
        stream.read_line(&mut name).await?;
        let stream = stream.get_mut();
        stream
            .write_all(format!("hello, {}\n", name.trim_end()).as_bytes())
            .await
    }
    reveille::block_on(async {
        let (ours, mut peer) = io::duplex(64);
        let mut greeting = task::spawn(greet(ours));
        peer.write_all(b"Ad").await.unwrap();
        assert_pending!(greeting.poll());
        peer.write_all(b"a\n").await.unwrap();
        assert!(greeting.is_woken());
        assert!(assert_ready!(greeting.poll()).is_ok());
        drop(greeting);
        let mut said = String::new();
        peer.read_to_string(&mut said).await.unwrap();
        assert_eq!(said, "hello, Ada\n");
    });
}
