//! A TCP connection: how it is made and taken apart.

use std::io;
use std::net::{self, Shutdown, SocketAddr};

use reveille_reactor::Registration;

use crate::descriptor;
use crate::socket::{Peeking, Reading, Socket, Stream, Writing};
use crate::tcp::connect::Connect;
use crate::tcp::into_split::{self, OwnedReadHalf, OwnedWriteHalf};
use crate::tcp::split::{self, ReadHalf, WriteHalf};
use crate::to_socket_addrs::ToSocketAddrs;

/// A TCP connection.
///
/// Its own methods take `&self`, so that one task may read while another one writes. It implements the `futures-io`
/// traits, and so does `&TcpStream`.
///
/// Dropping it closes the connection; what was written is still delivered, unless the peer sent something that was
/// never read: then the system resets the connection. [`shutdown`](Self::shutdown) closes one direction.
///
/// # Examples
///
/// ```
/// use std::net::Shutdown;
///
/// use futures_lite::AsyncReadExt;
/// use reveille_net::{TcpListener, TcpStream};
///
/// # fn main() -> std::io::Result<()> {
/// pollster::block_on(async {
///     let listener = TcpListener::bind("127.0.0.1:0").await?;
///     let client = TcpStream::connect(listener.local_addr()?).await?;
///     let (mut server, _) = listener.accept().await?;
///
///     client.write_all(b"hello").await?;
///     client.shutdown(Shutdown::Write)?;
///     let mut received = Vec::new();
///     server.read_to_end(&mut received).await?;
///     assert_eq!(received, b"hello");
///     Ok(())
/// })
/// # }
/// ```
#[derive(Debug)]
pub struct TcpStream {
    pub(crate) registration: Registration<mio::net::TcpStream>,
}

impl TcpStream {
    /// Connects, to the one of several addresses that answers first.
    ///
    /// They are tried as [RFC 8305](https://www.rfc-editor.org/rfc/rfc8305) ("happy eyeballs") says: IPv6 and IPv4 by
    /// turns, beginning with the family of the first address; each 250 ms after the one before, or at once when one
    /// has failed. The first connection is the result, and the other attempts are closed. Addresses that are tried
    /// without effect so cost a quarter of a second each. With a single address there is nothing of all that.
    ///
    /// There is no time limit but the system's, which is minutes: `timeout` sets one. To bind the socket or set
    /// options before it connects there is [`TcpSocket`](crate::TcpSocket).
    ///
    /// # Errors
    ///
    /// If no address can be connected to: of a single one the system's, as it is; of several that of the one that
    /// failed last, with all of them in its text, each with its error. A name that cannot be found is an error that
    /// names it.
    ///
    /// # Cancel safety
    ///
    /// Safe: dropping the future closes every socket that has begun to connect. The peer may have seen it.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::ErrorKind;
    ///
    /// use reveille_net::{TcpListener, TcpStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     let address = listener.local_addr()?;
    ///     let client = TcpStream::connect(address).await?;
    ///     assert_eq!(client.peer_addr()?, address);
    ///
    ///     drop(listener);
    ///     let refused = TcpStream::connect(address).await.unwrap_err();
    ///     assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn connect<A: ToSocketAddrs>(addr: A) -> Connect {
        Connect::new(addr)
    }

    /// Takes over a stream of std, and puts it into non-blocking mode. This works outside a runtime too.
    ///
    /// # Errors
    ///
    /// That of the system, when the mode cannot be changed; then the stream is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::TcpStream;
    ///
    /// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let stream = TcpStream::from_std(std::net::TcpStream::connect(listener.local_addr()?)?)?;
    /// pollster::block_on(stream.write_all(b"hello"))?;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn from_std(stream: net::TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Self::new(mio::net::TcpStream::from_std(stream))
    }

    /// The stream as one of std's, still in non-blocking mode.
    ///
    /// # Errors
    ///
    /// On Unix none; elsewhere those of taking it out of the reactor.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::{TcpListener, TcpStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     let stream = TcpStream::connect(listener.local_addr()?).await?.into_std()?;
    ///     stream.set_nonblocking(false)?;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn into_std(self) -> io::Result<net::TcpStream> {
        self.registration.into_inner().map(descriptor::into_std)
    }

    /// Closes one direction, or both. The system does that at once.
    ///
    /// After `Shutdown::Write` the peer reads everything that was written and then the end of it, and its answer can
    /// still be read.
    ///
    /// # Errors
    ///
    /// The system's: `NotConnected` if the peer has reset the connection, or both directions are closed already.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::{TcpListener, TcpStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     let client = TcpStream::connect(listener.local_addr()?).await?;
    ///     let (server, _) = listener.accept().await?;
    ///     client.write_all(b"question").await?;
    ///     client.shutdown(std::net::Shutdown::Write)?;
    ///
    ///     let mut buffer = [0; 64];
    ///     server.read_exact(&mut buffer[..8]).await?;
    ///     assert_eq!(server.read(&mut buffer).await?, 0);
    ///     server.write_all(b"answer").await?;
    ///     client.read_exact(&mut buffer[..6]).await?;
    ///     assert_eq!(&buffer[..6], b"answer");
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.registration.inspect().shutdown(how)
    }

    /// A half that reads and a half that writes, which both borrow the stream: for use in one task. They cost
    /// nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures_lite::future::try_zip;
    /// use reveille_net::{TcpListener, TcpStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     let mut client = TcpStream::connect(listener.local_addr()?).await?;
    ///     let (server, _) = listener.accept().await?;
    ///     server.write_all(b"in").await?;
    ///
    ///     let (reader, writer) = client.split();
    ///     let mut buffer = [0; 2];
    ///     try_zip(reader.read_exact(&mut buffer), writer.write_all(b"out")).await?;
    ///     assert_eq!(&buffer, b"in");
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn split(&mut self) -> (ReadHalf<'_>, WriteHalf<'_>) {
        split::split(self)
    }

    /// A half that reads and a half that writes, each of which can go to a task of its own.
    ///
    /// When the half that writes is dropped, the peer sees the end of what it reads. The connection is closed when
    /// both are dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_net::{TcpListener, TcpStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// pollster::block_on(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     let client = TcpStream::connect(listener.local_addr()?).await?;
    ///     let (server, _) = listener.accept().await?;
    ///
    ///     let (_reader, writer) = client.into_split();
    ///     drop(writer);
    ///     assert_eq!(server.read(&mut [0; 8]).await?, 0);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn into_split(self) -> (OwnedReadHalf, OwnedWriteHalf) {
        into_split::into_split(self)
    }

    /// The address on this side.
    ///
    /// # Errors
    ///
    /// The system's.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// # let listener = reveille_net::TcpListener::bind("127.0.0.1:0").await?;
    /// # let client = reveille_net::TcpStream::connect(listener.local_addr()?).await?;
    /// # let (server, _) = listener.accept().await?;
    /// assert_eq!(client.local_addr()?, server.peer_addr()?);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.registration.inspect().local_addr()
    }

    /// The address of the peer.
    ///
    /// # Errors
    ///
    /// The system's: `NotConnected` if the connection was reset.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// # let listener = reveille_net::TcpListener::bind("127.0.0.1:0").await?;
    /// # let client = reveille_net::TcpStream::connect(listener.local_addr()?).await?;
    /// # let (server, _) = listener.accept().await?;
    /// assert_eq!(client.peer_addr()?, listener.local_addr()?);
    /// # drop(server);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.registration.inspect().peer_addr()
    }

    /// One that nobody else has ever seen.
    pub(crate) fn accepted(stream: mio::net::TcpStream) -> io::Result<Self> {
        let registration = Registration::new(stream)?;
        Ok(Self::registered(registration.without_duplicates()))
    }

    /// One that is connected already.
    pub(crate) fn new(stream: mio::net::TcpStream) -> io::Result<Self> {
        Ok(Self::registered(Registration::new(stream)?))
    }

    pub(crate) fn registered(registration: Registration<mio::net::TcpStream>) -> Self {
        Self { registration }
    }
}

impl TryFrom<net::TcpStream> for TcpStream {
    type Error = io::Error;

    fn try_from(stream: net::TcpStream) -> io::Result<Self> {
        Self::from_std(stream)
    }
}

impl Socket for TcpStream {
    type Source = mio::net::TcpStream;

    fn registration(&self) -> &Registration<Self::Source> {
        &self.registration
    }

    fn guard<T>(source: &Self::Source, operation: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        source.try_io(operation)
    }
}

impl Peeking for TcpStream {
    fn peek(source: &Self::Source, buffer: &mut [u8]) -> io::Result<usize> {
        source.peek(buffer)
    }
}

impl Stream for TcpStream {
    const SHORT_MEANS_NOT_READY: bool = true;
}

impl Reading for TcpStream {
    fn reader(source: &Self::Source) -> impl io::Read {
        source
    }
}

impl Writing for TcpStream {
    fn writer(source: &Self::Source) -> impl io::Write {
        source
    }
}
