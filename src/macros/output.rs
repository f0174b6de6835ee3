//! The output of the branch that `select!` has chosen.

/// One that has no value by its type, of a future without an end, is possible to the compiler in here, since another crate
/// does not know all fields: so it says nothing of the pattern that takes it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Output<O>(pub O);

impl<O> Output<O> {
    #[inline]
    pub fn new(output: O) -> Self {
        Self(output)
    }
}
