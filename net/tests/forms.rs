//! Every form of a stream does the same: whole, borrowed, in borrowed halves, in owned ones; of TCP, of Unix, a pipe.

use std::io::{self, IoSlice, IoSliceMut};

use futures_lite::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use reveille_net::{TcpListener, TcpStream};

/// Several buffers go and come as one, flushing has nothing to do, and closing is the end for who reads.
async fn carries(mut reader: impl AsyncRead + Unpin, mut writer: impl AsyncWrite + Unpin) {
    let bytes = [IoSlice::new(b"four"), IoSlice::new(b""), IoSlice::new(b"teen")];
    assert_eq!(writer.write_vectored(&bytes).await.unwrap(), 8);
    writer.flush().await.unwrap();
    let (mut first, mut second) = ([0; 3], [0; 5]);
    let mut buffers = [IoSliceMut::new(&mut first), IoSliceMut::new(&mut second)];
    assert_eq!(reader.read_vectored(&mut buffers).await.unwrap(), 8);
    assert_eq!((&first, &second), (b"fou", b"rteen"));

    writer.write_all(b"more").await.unwrap();
    writer.close().await.unwrap();
    // A second time is no error.
    writer.close().await.unwrap();
    let mut rest = Vec::new();
    reader.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"more");
}

/// What `try_read_vectored` and `try_write_vectored` of that pair do.
macro_rules! tries_vectored {
    ($reader:expr, $writer:expr) => {{
        let (reader, writer) = (&$reader, &$writer);
        let mut buffers = [[0; 2], [0; 2]];
        let empty = reader.try_read_vectored(&mut slices(&mut buffers)).unwrap_err();
        assert_eq!(empty.kind(), io::ErrorKind::WouldBlock);
        let bytes = [IoSlice::new(b"o"), IoSlice::new(b"ne")];
        assert_eq!(writer.try_write_vectored(&bytes).unwrap(), 3);
        reader.readable().await.unwrap();
        assert_eq!(reader.try_read_vectored(&mut slices(&mut buffers)).unwrap(), 3);
        assert_eq!(buffers, [*b"on", *b"e\0"]);
    }};
}

fn slices(buffers: &mut [[u8; 2]; 2]) -> [IoSliceMut<'_>; 2] {
    buffers.each_mut().map(|buffer| IoSliceMut::new(buffer))
}

async fn tcp() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (stream, listener.accept().await.unwrap().0)
}

#[test]
fn tcp_streams_by_the_traits() {
    pollster::block_on(async {
        let (here, there) = tcp().await;
        carries(here, there).await;
        let (here, there) = tcp().await;
        carries(&here, &there).await;
        let (mut here, mut there) = tcp().await;
        let ((reader, _), (_, writer)) = (here.split(), there.split());
        carries(reader, writer).await;
        let (here, there) = tcp().await;
        let ((reader, _keep), (_stays, writer)) = (here.into_split(), there.into_split());
        carries(reader, writer).await;
    });
}

#[test]
fn halves_of_a_tcp_stream_without_waiting() {
    pollster::block_on(async {
        let (mut here, mut there) = tcp().await;
        let addresses = [here.local_addr().unwrap(), here.peer_addr().unwrap()];
        {
            let ((reader, writer), (_, other)) = (here.split(), there.split());
            tries_vectored!(reader, other);
            assert_eq!(
                [reader.local_addr().unwrap(), reader.peer_addr().unwrap()],
                addresses
            );
            assert_eq!(
                [writer.local_addr().unwrap(), writer.peer_addr().unwrap()],
                addresses
            );
            assert_eq!(reader.as_ref().local_addr().unwrap(), addresses[0]);
            assert_eq!(writer.as_ref().local_addr().unwrap(), addresses[0]);
        }
        let ((reader, writer), (_stays, other)) = (here.into_split(), there.into_split());
        tries_vectored!(reader, other);
        assert_eq!(
            [reader.local_addr().unwrap(), reader.peer_addr().unwrap()],
            addresses
        );
        assert_eq!(
            [writer.local_addr().unwrap(), writer.peer_addr().unwrap()],
            addresses
        );
    });
}

#[cfg(unix)]
mod unix {
    use reveille_net::unix::pipe::pipe;
    use reveille_net::{UnixDatagram, UnixStream};
    use reveille_reactor::Interest;

    use super::*;

    #[test]
    fn unix_streams_by_the_traits() {
        pollster::block_on(async {
            let (here, there) = UnixStream::pair().unwrap();
            carries(here, there).await;
            let (here, there) = UnixStream::pair().unwrap();
            carries(&here, &there).await;
            let (mut here, mut there) = UnixStream::pair().unwrap();
            let ((reader, _), (_, writer)) = (here.split(), there.split());
            carries(reader, writer).await;
            let (here, there) = UnixStream::pair().unwrap();
            let ((reader, _keep), (_stays, writer)) = (here.into_split(), there.into_split());
            carries(reader, writer).await;
        });
    }

    #[test]
    fn halves_of_a_unix_stream_without_waiting() {
        pollster::block_on(async {
            let (mut here, mut there) = UnixStream::pair().unwrap();
            {
                let ((reader, writer), (_, other)) = (here.split(), there.split());
                tries_vectored!(reader, other);
                assert!(
                    reader.local_addr().unwrap().is_unnamed() && reader.peer_addr().unwrap().is_unnamed()
                );
                assert!(
                    writer.local_addr().unwrap().is_unnamed() && writer.peer_addr().unwrap().is_unnamed()
                );
                assert!(reader.as_ref().peer_cred().is_ok() && writer.as_ref().peer_cred().is_ok());
            }
            let ((reader, writer), (last, other)) = (here.into_split(), there.into_split());
            tries_vectored!(reader, other);
            assert!(reader.local_addr().unwrap().is_unnamed() && reader.peer_addr().unwrap().is_unnamed());
            assert!(writer.local_addr().unwrap().is_unnamed() && writer.peer_addr().unwrap().is_unnamed());
            writer.shutdown().unwrap();
            assert_eq!(last.read(&mut [0; 8]).await.unwrap(), 0);
        });
    }

    #[test]
    fn pipes_by_the_traits() {
        pollster::block_on(async {
            let (sender, receiver) = pipe().unwrap();
            // Closing leaves a pipe open: it ends when its sender is dropped.
            let mut writer = &sender;
            writer.close().await.unwrap();
            let bytes = [IoSlice::new(b"one"), IoSlice::new(b", two")];
            assert_eq!(writer.write_vectored(&bytes).await.unwrap(), 8);
            writer.flush().await.unwrap();
            drop(sender);
            let (mut first, mut second) = ([0; 3], [0; 9]);
            let mut buffers = [IoSliceMut::new(&mut first), IoSliceMut::new(&mut second)];
            assert_eq!((&receiver).read_vectored(&mut buffers).await.unwrap(), 8);
            assert_eq!((&first, &second[..5]), (b"one", &b", two"[..]));
            assert_eq!(receiver.read(&mut second).await.unwrap(), 0);
        });
    }

    #[test]
    fn pipes_without_waiting() {
        pollster::block_on(async {
            let (sender, receiver) = pipe().unwrap();
            tries_vectored!(receiver, sender);
            let written = sender.try_io(Interest::WRITABLE, || Ok(7));
            assert_eq!(written.unwrap(), 7);
            let refused = receiver.try_io(Interest::READABLE, || {
                Err::<(), _>(io::ErrorKind::WouldBlock.into())
            });
            assert_eq!(refused.unwrap_err().kind(), io::ErrorKind::WouldBlock);
        });
    }

    #[test]
    fn datagrams_without_waiting() {
        pollster::block_on(async {
            let directory = std::env::temp_dir().join(format!("reveille-forms-{}", std::process::id()));
            std::fs::create_dir_all(&directory).unwrap();
            let path = directory.join("receiver");
            let receiver = UnixDatagram::bind(&path).unwrap();
            let sender = UnixDatagram::unbound().unwrap();
            let empty = receiver.try_recv_from(&mut [0; 8]).unwrap_err();
            assert_eq!(empty.kind(), io::ErrorKind::WouldBlock);
            for message in [b"one", b"two"] {
                assert_eq!(sender.try_send_to(message, &path).unwrap(), 3);
            }
            receiver.readable().await.unwrap();
            let mut buffer = [0; 2];
            let (length, from) = receiver.try_recv_from(&mut buffer).unwrap();
            assert!(length == 2 && from.is_unnamed(), "{length}, {from:?}");
            let received = receiver.try_recv_msg(&mut buffer).unwrap();
            assert!(received.truncated && received.length == 2, "{received:?}");
            assert_eq!(&buffer, b"tw");
            assert_eq!(receiver.try_io(Interest::WRITABLE, || Ok(7)).unwrap(), 7);
            std::fs::remove_dir_all(&directory).unwrap();
        });
    }
}
