//! Lines over any stream with the traits of `futures-io`.

use std::future::poll_fn;
use std::io::{Error, ErrorKind, Result};
use std::pin::Pin;

use futures_io::{AsyncRead, AsyncWrite};

/// A line has so many bytes at most, its end included.
pub const LONGEST: usize = 8 * 1024;

/// Reads and writes whole lines.
#[derive(Debug)]
pub(crate) struct Lines<S> {
    stream: S,
    received: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Lines<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            received: Vec::new(),
        }
    }

    /// The next line without its end, or `None` at the end of the stream. Cancel safe: what has come stays for the next call.
    ///
    /// # Errors
    ///
    /// The stream's; `InvalidData` for a line that is too long or no UTF-8; `UnexpectedEof` for the end inside a line.
    pub(crate) async fn read(&mut self) -> Result<Option<String>> {
        let end = loop {
            let end = self.received.iter().position(|byte| *byte == b'\n');
            if end.unwrap_or(self.received.len()) >= LONGEST {
                return Err(Error::new(ErrorKind::InvalidData, "the line is too long"));
            }
            if let Some(end) = end {
                break end;
            }
            let mut piece = [0; 1024];
            let count = poll_fn(|cx| Pin::new(&mut self.stream).poll_read(cx, &mut piece)).await?;
            match count {
                0 if self.received.is_empty() => return Ok(None),
                0 => return Err(ErrorKind::UnexpectedEof.into()),
                _ => self.received.extend_from_slice(&piece[..count]),
            }
        };
        let rest = self.received.split_off(end + 1);
        let mut line = std::mem::replace(&mut self.received, rest);
        line.truncate(end);
        let line = String::from_utf8(line).map_err(|error| Error::new(ErrorKind::InvalidData, error))?;
        Ok(Some(line))
    }

    /// Writes `line` and its end. Not cancel safe: a part of it may have been written.
    ///
    /// # Errors
    ///
    /// The stream's; `InvalidInput` if there is an end inside `line`, or it is too long.
    pub(crate) async fn write(&mut self, line: &str) -> Result<()> {
        if line.contains('\n') || line.len() >= LONGEST {
            return Err(Error::new(
                ErrorKind::InvalidInput,
                "this is not one line, or it is too long",
            ));
        }
        let bytes = [line.as_bytes(), b"\n"].concat();
        let mut written = 0;
        while written < bytes.len() {
            match poll_fn(|cx| Pin::new(&mut self.stream).poll_write(cx, &bytes[written..])).await? {
                0 => return Err(ErrorKind::WriteZero.into()),
                count => written += count,
            }
        }
        poll_fn(|cx| Pin::new(&mut self.stream).poll_flush(cx)).await
    }
}
