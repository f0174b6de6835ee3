//! The halves of a stream.

mod borrowed;
mod owned;

pub(crate) use borrowed::split;
pub use borrowed::{ReadHalf, WriteHalf};
pub(crate) use owned::into_split;
pub use owned::{OwnedReadHalf, OwnedWriteHalf, ReuniteError};
