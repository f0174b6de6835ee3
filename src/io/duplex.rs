//! Two streams in memory, joined.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::mem;
use std::panic::Location;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use futures_lite::{AsyncRead, AsyncWrite};
use reveille_context::waiter::Waiter;
use reveille_context::{coop, wake};

/// Two streams in memory: what is written to one is read from the other. Of each direction at most `max_buf_size` bytes
/// are kept; a write that finds no room waits. For tests, and to join parts that want streams. It works under any executor.
///
/// Closing or dropping one lets the other read what was written and then the end. Writing to one whose other end was
/// dropped fails with [`BrokenPipe`](io::ErrorKind::BrokenPipe).
///
/// # Panics
///
/// If `max_buf_size` is 0.
///
/// # Examples
///
/// ```
/// use reveille::io::{AsyncReadExt, AsyncWriteExt, duplex};
///
/// # fn main() -> std::io::Result<()> {
/// reveille::block_on(async {
///     let (mut client, mut server) = duplex(64);
///     client.write_all(b"ping").await?;
///     let mut buffer = [0; 4];
///     server.read_exact(&mut buffer).await?;
///     assert_eq!(&buffer, b"ping");
///
///     drop(client);
///     assert_eq!(server.read(&mut buffer).await?, 0);
///     Ok(())
/// })
/// # }
/// ```
#[track_caller]
pub fn duplex(max_buf_size: usize) -> (DuplexStream, DuplexStream) {
    assert!(
        max_buf_size > 0,
        "through a `duplex(0)` nothing can go; give it room for at least one byte"
    );
    let pipe = || {
        Arc::new(Pipe {
            state: Mutex::default(),
            capacity: max_buf_size,
        })
    };
    let (there, back) = (pipe(), pipe());
    let one = DuplexStream {
        incoming: back.clone(),
        outgoing: there.clone(),
    };
    let other = DuplexStream {
        incoming: there,
        outgoing: back,
    };
    (one, other)
}

/// One end of a [`duplex`], which has an example.
pub struct DuplexStream {
    incoming: Arc<Pipe>,
    outgoing: Arc<Pipe>,
}

impl AsyncRead for DuplexStream {
    #[track_caller]
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut room = &mut buffer[..];
        self.poll_take(cx, room.len(), |bytes| {
            let (filled, rest) = mem::take(&mut room).split_at_mut(bytes.len());
            filled.copy_from_slice(bytes);
            room = rest;
        })
    }
}

impl DuplexStream {
    /// Hands what there is to `put`, in pieces, as much of it as there is `room` for; how much that was. Nothing when there
    /// is nothing any more.
    #[track_caller]
    pub(super) fn poll_take(
        &self,
        cx: &mut Context<'_>,
        room: usize,
        mut put: impl FnMut(&[u8]),
    ) -> Poll<io::Result<usize>> {
        let location = Location::caller();
        self.incoming.poll(End::Reader, location, cx, |state, _| {
            if state.bytes.is_empty() && !state.no_more && room > 0 {
                return None;
            }
            let count = room.min(state.bytes.len());
            let (first, second) = state.bytes.as_slices();
            let of_first = count.min(first.len());
            put(&first[..of_first]);
            put(&second[..count - of_first]);
            state.bytes.drain(..count);
            Some(Ok(count))
        })
    }
}

impl AsyncWrite for DuplexStream {
    #[track_caller]
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let location = Location::caller();
        self.outgoing.poll(End::Writer, location, cx, |state, capacity| {
            if state.unread || state.no_more {
                return Some(Err(io::ErrorKind::BrokenPipe.into()));
            }
            let count = bytes.len().min(capacity - state.bytes.len());
            if count == 0 && !bytes.is_empty() {
                return None;
            }
            state.bytes.extend(&bytes[..count]);
            Some(Ok(count))
        })
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.outgoing.change(|state| state.no_more = true);
        Poll::Ready(Ok(()))
    }
}

impl Drop for DuplexStream {
    fn drop(&mut self) {
        self.outgoing.change(|state| state.no_more = true);
        self.incoming.change(|state| state.unread = true);
    }
}

impl fmt::Debug for DuplexStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DuplexStream").finish_non_exhaustive()
    }
}

/// One direction.
struct Pipe {
    state: Mutex<State>,
    capacity: usize,
}

#[derive(Default)]
struct State {
    bytes: VecDeque<u8>,
    /// Nothing more will be written.
    no_more: bool,
    /// Nobody will read.
    unread: bool,
    /// Who waits at each [`End`].
    waiters: [Option<Waiter>; 2],
}

#[derive(Clone, Copy)]
enum End {
    Reader,
    Writer,
}

impl Pipe {
    /// Calls `attempt` with the state and the capacity; `None` means that it has to wait at this end.
    fn poll<T>(
        &self,
        end: End,
        location: &'static Location<'static>,
        cx: &mut Context<'_>,
        mut attempt: impl FnMut(&mut State, usize) -> Option<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let progress = ready!(coop::poll_proceed(cx));
        // Made only if it is needed, and not under the lock: cloning a waker runs foreign code.
        let mut waiter = None;
        loop {
            let mut state = self.lock();
            if let Some(outcome) = attempt(&mut state, self.capacity) {
                let other = match end {
                    End::Reader => End::Writer,
                    End::Writer => End::Reader,
                };
                let other = state.waiters[other as usize].take();
                drop(state);
                wake_each([other]);
                progress.made();
                return Poll::Ready(outcome);
            }
            if waiter.is_some() {
                let old = std::mem::replace(&mut state.waiters[end as usize], waiter);
                drop(state);
                drop(old);
                return Poll::Pending;
            }
            drop(state);
            waiter = Some(Waiter::new(cx.waker().clone(), location));
        }
    }

    /// Changes the state for good, and wakes whoever waits.
    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        change(&mut state);
        let waiters = std::mem::take(&mut state.waiters);
        drop(state);
        wake_each(waiters);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // What a panic can interrupt under it (an allocation) leaves the state whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wake_each(waiters: impl IntoIterator<Item = Option<Waiter>>) {
    for waiter in waiters.into_iter().flatten() {
        wake::wake(waiter.into_waker());
    }
}
