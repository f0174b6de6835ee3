//! The texts of a trace, each once.

use std::collections::HashMap;
use std::panic::Location;

use crate::trace::{Strings, Text};

/// See the module.
#[derive(Default)]
pub(super) struct Names {
    strings: Strings,
    numbers: HashMap<String, Text>,
}

impl Names {
    pub(super) fn strings(&self) -> &Strings {
        &self.strings
    }

    /// The number of `text`.
    pub(super) fn text(&mut self, text: &str) -> Text {
        match self.numbers.get(text) {
            Some(number) => *number,
            None => {
                let number = self.strings.push(text.to_owned());
                self.numbers.insert(text.to_owned(), number);
                number
            }
        }
    }

    /// The number of a place in the source; of one that is not known, of an empty text.
    pub(super) fn location(&mut self, location: Option<&Location<'_>>) -> Text {
        match location {
            Some(location) => self.text(&format!("{}:{}", location.file(), location.line())),
            None => self.text(""),
        }
    }
}
