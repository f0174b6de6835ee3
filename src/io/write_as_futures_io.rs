//! Writing through the traits of tokio and of hyper, which have the same methods: as the trait of `futures-io` does it.

/// Implements that trait for a type.
macro_rules! write_as_futures_io {
    ($trait:ident for $type:ty) => {
        impl $trait for $type {
            #[track_caller]
            fn poll_write(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                futures_lite::AsyncWrite::poll_write(self, cx, bytes)
            }

            fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                futures_lite::AsyncWrite::poll_flush(self, cx)
            }

            fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                futures_lite::AsyncWrite::poll_close(self, cx)
            }
        }
    };
}
pub(super) use write_as_futures_io;
