//! JSON, written in one go: what a trace and a dump need, and no more. (Who reads JSON has a library for it.)

use std::fmt::{Display, Write};

/// Writes an object: `members` puts its members in.
///
/// # Examples
///
/// ```
/// use reveille_trace::json;
///
/// let mut text = String::new();
/// json::object(&mut text, |object| {
///     object.text("name", "a \"task\"");
///     object.number("id", 7);
///     object.array("waits", |array| {
///         array.number(1);
///         array.object(|inner| inner.null("peer"));
///     });
/// });
/// assert_eq!(text, r#"{"name":"a \"task\"","id":7,"waits":[1,{"peer":null}]}"#);
/// ```
pub fn object(text: &mut String, members: impl FnOnce(&mut Object<'_>)) {
    text.push('{');
    members(&mut Object { text, is_first: true });
    text.push('}');
}

/// The members of an object, as they are written.
#[derive(Debug)]
pub struct Object<'a> {
    text: &'a mut String,
    is_first: bool,
}

impl Object<'_> {
    /// A member that is a text.
    pub fn text(&mut self, key: &str, value: &str) {
        self.key(key);
        text(self.text, value);
    }

    /// A member that is a text, or null.
    pub fn text_or_null(&mut self, key: &str, value: Option<&str>) {
        match value {
            Some(value) => self.text(key, value),
            None => self.null(key),
        }
    }

    /// A member that is a number.
    pub fn number(&mut self, key: &str, value: u64) {
        self.value(key, value);
    }

    /// A member that displays as it is written in JSON: a number of any kind, `true` or `false`.
    pub fn value(&mut self, key: &str, value: impl Display) {
        self.key(key);
        // Writing to a String does not fail.
        let _ = write!(self.text, "{value}");
    }

    /// A member that is null.
    pub fn null(&mut self, key: &str) {
        self.key(key);
        self.text.push_str("null");
    }

    /// A member that is an object.
    pub fn object(&mut self, key: &str, members: impl FnOnce(&mut Object<'_>)) {
        self.key(key);
        object(self.text, members);
    }

    /// A member that is an array.
    pub fn array(&mut self, key: &str, elements: impl FnOnce(&mut Array<'_>)) {
        self.key(key);
        array(self.text, elements);
    }

    fn key(&mut self, key: &str) {
        if !std::mem::take(&mut self.is_first) {
            self.text.push(',');
        }
        text(self.text, key);
        self.text.push(':');
    }
}

/// The elements of an array, as they are written.
#[derive(Debug)]
pub struct Array<'a> {
    text: &'a mut String,
    is_first: bool,
}

impl Array<'_> {
    /// An element that is a text.
    pub fn text(&mut self, value: &str) {
        self.comma();
        text(self.text, value);
    }

    /// An element that is a number.
    pub fn number(&mut self, value: u64) {
        self.comma();
        let _ = write!(self.text, "{value}");
    }

    /// An element that is an object.
    pub fn object(&mut self, members: impl FnOnce(&mut Object<'_>)) {
        self.comma();
        object(self.text, members);
    }

    /// An element that is an array.
    pub fn array(&mut self, elements: impl FnOnce(&mut Array<'_>)) {
        self.comma();
        array(self.text, elements);
    }

    fn comma(&mut self) {
        if !std::mem::take(&mut self.is_first) {
            self.text.push(',');
        }
    }
}

pub(crate) fn array(text: &mut String, elements: impl FnOnce(&mut Array<'_>)) {
    text.push('[');
    elements(&mut Array { text, is_first: true });
    text.push(']');
}

fn text(text: &mut String, value: &str) {
    text.push('"');
    for character in value.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            // Also so that `</script>` in a page ends nothing.
            '\0'..=' ' | '<' | '>' | '&' | '\u{7f}' | '\u{2028}' | '\u{2029}' if character != ' ' => {
                let _ = write!(text, "\\u{:04x}", u32::from(character));
            }
            _ => text.push(character),
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_text_a_line_or_a_script_is_escaped() {
        let mut written = String::new();
        text(&mut written, "\"\\\n\u{1}</script>&\u{2028}ä🦀 b");
        let expected = r#""\"\\\u000a\u0001\u003c/script\u003e\u0026\u2028ä🦀 b""#;
        assert_eq!(written, expected);
    }
}
