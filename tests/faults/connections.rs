//! Connected pairs of each kind, and what the tests do with their ends.

use std::future::Future;
use std::io;
use std::net::Shutdown;

use reveille::net::{TcpSocket, TcpStream, UnixStream, tcp, unix};
use socket2::SockRef;

/// How large the system makes the buffers of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Buffers {
    /// As it likes.
    Usual,
    /// Those of the senders as small as it allows. With such ones of the receivers TCP itself loses packets, and is silent for
    /// seconds.
    Tiny,
}

/// One end of a connection.
pub(crate) trait Connection: Send + Sync + Sized + 'static {
    type Reader: AsRef<Self> + Send + 'static;
    type Writer: AsRef<Self> + Send + 'static;

    fn pair(buffers: Buffers) -> impl Future<Output = io::Result<(Self, Self)>> + Send;
    /// Closes it in such a way that the peer is told at once.
    fn reset(self);

    fn halves(self) -> (Self::Reader, Self::Writer);
    fn read(&self, buffer: &mut [u8]) -> impl Future<Output = io::Result<usize>> + Send;
    fn write(&self, bytes: &[u8]) -> impl Future<Output = io::Result<usize>> + Send;
    fn write_all(&self, bytes: &[u8]) -> impl Future<Output = io::Result<()>> + Send;
    fn readable(&self) -> impl Future<Output = io::Result<()>> + Send;
    fn writable(&self) -> impl Future<Output = io::Result<()>> + Send;
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize>;
    /// Nothing more comes from this end.
    fn finish(&self) -> io::Result<()>;
}

/// The streams have these methods of their own, by the same names.
macro_rules! own_methods {
    () => {
        fn halves(self) -> (Self::Reader, Self::Writer) {
            self.into_split()
        }

        async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
            self.read(buffer).await
        }

        async fn write(&self, bytes: &[u8]) -> io::Result<usize> {
            self.write(bytes).await
        }

        async fn write_all(&self, bytes: &[u8]) -> io::Result<()> {
            self.write_all(bytes).await
        }

        async fn readable(&self) -> io::Result<()> {
            self.readable().await
        }

        async fn writable(&self) -> io::Result<()> {
            self.writable().await
        }

        fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
            self.try_write(bytes)
        }

        fn finish(&self) -> io::Result<()> {
            self.shutdown(Shutdown::Write)
        }
    };
}

impl Connection for TcpStream {
    type Reader = tcp::OwnedReadHalf;
    type Writer = tcp::OwnedWriteHalf;

    async fn pair(buffers: Buffers) -> io::Result<(Self, Self)> {
        let (client, server) = (TcpSocket::new_v4()?, TcpSocket::new_v4()?);
        if buffers == Buffers::Tiny {
            // What is accepted inherits its listener's.
            client.set_send_buffer_size(1)?;
            server.set_send_buffer_size(1)?;
        }
        server.bind(([127, 0, 0, 1], 0).into())?;
        let listener = server.listen(8)?;
        let client = client.connect(listener.local_addr()?).await?;
        let (server, _) = listener.accept().await?;
        for stream in [&client, &server] {
            stream.set_nodelay(true)?;
        }
        Ok((client, server))
    }

    fn reset(self) {
        self.set_zero_linger().unwrap();
    }

    own_methods!();
}

impl Connection for UnixStream {
    type Reader = unix::OwnedReadHalf;
    type Writer = unix::OwnedWriteHalf;

    async fn pair(buffers: Buffers) -> io::Result<(Self, Self)> {
        let (one, other) = UnixStream::pair()?;
        if buffers == Buffers::Tiny {
            for stream in [&one, &other] {
                SockRef::from(stream).set_send_buffer_size(1)?;
            }
        }
        Ok((one, other))
    }

    // The system resets it only if there are bytes that nobody has read; else the peer sees the end.
    fn reset(self) {}

    own_methods!();
}
