//! How the traits of `futures-io` are implemented: by the transfers of [`polled`](crate::polled).

/// For a type, and the way from it to the stream that is read from.
macro_rules! implement_reading {
    ($type:ty, $stream:expr) => {
        impl futures_io::AsyncRead for $type {
            #[track_caller]
            fn poll_read(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                buffer: &mut [u8],
            ) -> std::task::Poll<std::io::Result<usize>> {
                let stream: fn(&Self) -> &_ = $stream;
                $crate::polled::read(stream(&self), cx, buffer)
            }

            #[track_caller]
            fn poll_read_vectored(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                buffers: &mut [std::io::IoSliceMut<'_>],
            ) -> std::task::Poll<std::io::Result<usize>> {
                let stream: fn(&Self) -> &_ = $stream;
                $crate::polled::read_vectored(stream(&self), cx, buffers)
            }
        }
    };
}

/// The same for writing, and what closes that direction.
macro_rules! implement_writing {
    ($type:ty, $stream:expr, $close:expr) => {
        impl futures_io::AsyncWrite for $type {
            #[track_caller]
            fn poll_write(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                bytes: &[u8],
            ) -> std::task::Poll<std::io::Result<usize>> {
                let stream: fn(&Self) -> &_ = $stream;
                $crate::polled::write(stream(&self), cx, bytes)
            }

            #[track_caller]
            fn poll_write_vectored(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                buffers: &[std::io::IoSlice<'_>],
            ) -> std::task::Poll<std::io::Result<usize>> {
                let stream: fn(&Self) -> &_ = $stream;
                $crate::polled::write_vectored(stream(&self), cx, buffers)
            }

            fn poll_flush(
                self: std::pin::Pin<&mut Self>,
                _: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                std::task::Poll::Ready(Ok(()))
            }

            fn poll_close(
                self: std::pin::Pin<&mut Self>,
                _: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                let stream: fn(&Self) -> &_ = $stream;
                std::task::Poll::Ready($close(stream(&self)))
            }
        }
    };
}

pub(crate) use {implement_reading, implement_writing};
