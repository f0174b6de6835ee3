//! Why an attribute or a function is not accepted.

/// A compile error of ours: its text, and the token it points to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The place of the token in the list that was read; `None` points to the attribute as a whole.
    pub(crate) at: Option<usize>,
    /// What is wrong, and what to write instead.
    pub(crate) message: String,
}

impl Refusal {
    /// A refusal of the token at `at`.
    pub(crate) fn of(at: usize, message: impl Into<String>) -> Self {
        Self {
            at: Some(at),
            message: message.into(),
        }
    }

    /// A refusal of the whole.
    pub(crate) fn of_all(message: impl Into<String>) -> Self {
        Self {
            at: None,
            message: message.into(),
        }
    }
}
