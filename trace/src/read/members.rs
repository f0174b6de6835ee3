//! The members of a JSON object, of the kinds that a trace has, and an error that says which one is wrong.

use serde_json::{Map, Value};

use super::ReadError;
use crate::trace::{Queue, Text};
use crate::trace_json::LARGEST;
use crate::words::Word;

/// The members of an object.
pub(super) struct Members<'a> {
    members: &'a Map<String, Value>,
    /// Where the object is: `event 7 (wake)`.
    place: String,
}

impl<'a> Members<'a> {
    pub(super) fn of(value: &'a Value, place: String) -> Result<Self, ReadError> {
        match value {
            Value::Object(members) => Ok(Self { members, place }),
            _ if place.is_empty() => Err(ReadError(format!(
                "expected an object, found {}",
                told(Some(value))
            ))),
            _ => Err(ReadError(format!(
                "{place}: expected an object, found {}",
                told(Some(value))
            ))),
        }
    }

    /// Errors say of what kind the object is.
    pub(super) fn of_kind(self, kind: &str) -> Self {
        let place = format!("{} ({kind})", self.place);
        Self { place, ..self }
    }

    /// That is no good there.
    pub(super) fn wrong(&self, key: &str, expected: &str) -> ReadError {
        let place = if self.place.is_empty() {
            String::new()
        } else {
            format!("{}: ", self.place)
        };
        ReadError(format!(
            "{place}{key}: expected {expected}, found {}",
            told(self.members.get(key))
        ))
    }

    pub(super) fn no_others(&self, known: &[&str]) -> Result<(), ReadError> {
        match self.members.keys().find(|key| !known.contains(&key.as_str())) {
            Some(key) => Err(self.wrong(key, &format!("no member but {}", known.join(", ")))),
            None => Ok(()),
        }
    }

    pub(super) fn optional(&self, key: &str) -> Option<&'a Value> {
        self.members.get(key)
    }

    pub(super) fn number(&self, key: &str) -> Result<u64, ReadError> {
        let number = self.optional(key).and_then(integer);
        number.ok_or_else(|| self.wrong(key, "an integer from 0 to 2^53 - 1"))
    }

    pub(super) fn optional_number(&self, key: &str) -> Result<Option<u64>, ReadError> {
        self.optional(key).map(|_| self.number(key)).transpose()
    }

    pub(super) fn small(&self, key: &str) -> Result<u32, ReadError> {
        let number = self.number(key)?;
        u32::try_from(number).map_err(|_| self.wrong(key, "an integer below 2^32"))
    }

    pub(super) fn optional_small(&self, key: &str) -> Result<Option<u32>, ReadError> {
        self.optional(key).map(|_| self.small(key)).transpose()
    }

    pub(super) fn numbers(&self, key: &str) -> Result<Vec<u64>, ReadError> {
        let numbers = self.array(key)?.iter().map(integer).collect::<Option<_>>();
        numbers.ok_or_else(|| self.wrong(key, "an array of integers from 0 to 2^53 - 1"))
    }

    pub(super) fn boolean(&self, key: &str) -> Result<bool, ReadError> {
        self.optional(key)
            .and_then(Value::as_bool)
            .ok_or_else(|| self.wrong(key, "true or false"))
    }

    pub(super) fn optional_boolean(&self, key: &str) -> Result<Option<bool>, ReadError> {
        self.optional(key).map(|_| self.boolean(key)).transpose()
    }

    pub(super) fn text(&self, key: &str) -> Result<String, ReadError> {
        let text = self.optional(key).and_then(Value::as_str);
        text.map(str::to_owned).ok_or_else(|| self.wrong(key, "a text"))
    }

    pub(super) fn optional_text(&self, key: &str) -> Result<Option<String>, ReadError> {
        self.optional(key).map(|_| self.text(key)).transpose()
    }

    /// One of these words, as what it means.
    pub(super) fn one_of<T: Copy>(&self, key: &str, words: &[(T, &str)]) -> Result<T, ReadError> {
        let found = self.optional(key).and_then(Value::as_str);
        let value = words
            .iter()
            .find(|(_, word)| found == Some(*word))
            .map(|(value, _)| *value);
        value.ok_or_else(|| {
            let words: Vec<String> = words.iter().map(|(_, word)| format!("{word:?}")).collect();
            self.wrong(key, &words.join(" or "))
        })
    }

    pub(super) fn word<T: Word>(&self, key: &str) -> Result<T, ReadError> {
        self.one_of(key, T::WORDS)
    }

    pub(super) fn optional_word<T: Word>(&self, key: &str) -> Result<Option<T>, ReadError> {
        self.optional(key).map(|_| self.word(key)).transpose()
    }

    /// A text by its number, of which there are so many.
    pub(super) fn string(&self, key: &str, strings: usize) -> Result<Text, ReadError> {
        let text = self.small(key)?;
        if (text as usize) < strings {
            return Ok(text);
        }
        Err(self.wrong(key, &format!("the number of one of the {strings} strings")))
    }

    pub(super) fn optional_string(&self, key: &str, strings: usize) -> Result<Option<Text>, ReadError> {
        self.optional(key).map(|_| self.string(key, strings)).transpose()
    }

    pub(super) fn queue(&self, key: &str) -> Result<Queue, ReadError> {
        let queue = self.optional(key).and_then(Value::as_str).and_then(queue);
        queue.ok_or_else(|| self.wrong(key, "\"global\", \"local:\" or \"lifo:\" and a number"))
    }

    pub(super) fn array(&self, key: &str) -> Result<&'a [Value], ReadError> {
        let array = self.optional(key).and_then(Value::as_array);
        array
            .map(Vec::as_slice)
            .ok_or_else(|| self.wrong(key, "an array"))
    }

    /// An object that is a member.
    pub(super) fn object(&self, key: &str) -> Result<Members<'a>, ReadError> {
        let place = if self.place.is_empty() {
            key.to_owned()
        } else {
            format!("{}: {key}", self.place)
        };
        match self.optional(key) {
            Some(value @ Value::Object(_)) => Self::of(value, place),
            _ => Err(self.wrong(key, "an object")),
        }
    }

    /// What each object of an array says; `name` is what one is called in errors.
    pub(super) fn each<T>(
        &self,
        key: &str,
        name: &str,
        mut read: impl FnMut(Members<'a>) -> Result<T, ReadError>,
    ) -> Result<Vec<T>, ReadError> {
        let place = if self.place.is_empty() {
            String::new()
        } else {
            format!("{}: ", self.place)
        };
        let elements = self.array(key)?.iter().enumerate();
        elements
            .map(|(index, element)| read(Self::of(element, format!("{place}{name} {index}"))?))
            .collect()
    }
}

fn integer(value: &Value) -> Option<u64> {
    value.as_u64().filter(|&number| number <= LARGEST)
}

fn queue(text: &str) -> Option<Queue> {
    if text == "global" {
        return Some(Queue::Global);
    }
    let (kind, worker) = text.split_once(':')?;
    // A sign, which `parse` takes, is none of ours.
    let worker = Some(worker)
        .filter(|worker| worker.bytes().all(|byte| byte.is_ascii_digit()))?
        .parse()
        .ok()?;
    match kind {
        "local" => Some(Queue::Local(worker)),
        "lifo" => Some(Queue::Lifo(worker)),
        _ => None,
    }
}

/// What was found, in a few words.
fn told(value: Option<&Value>) -> String {
    match value {
        None => "nothing".to_owned(),
        Some(Value::Array(_)) => "an array".to_owned(),
        Some(Value::Object(_)) => "an object".to_owned(),
        Some(Value::String(text)) if text.chars().count() > 40 => "a long text".to_owned(),
        Some(value) => value.to_string(),
    }
}
