//! What is stored, and the commands that ask for it and change it.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use reveille::time::Instant;

use crate::reply;

/// All keys and values together take about so many bytes at most; a command that needs more is refused.
const STORED: usize = 64 << 20;

/// What a key, and what an element of a list, are counted as beside their bytes.
const OVERHEAD: usize = 64;

/// The longest reply: a longer range is refused.
const RANGE: usize = 1 << 20;

const NO_INTEGER: &str = "ERR value is not an integer or out of range";
const NO_ROOM: &str = "OOM command not allowed when used memory > 'maxmemory'.";
const WRONG_TYPE: &str = "WRONGTYPE Operation against a key holding the wrong kind of value";
const WRONG_NUMBER: &str = "ERR wrong number of arguments";
const NO_SUCH_TIME: &str = "ERR invalid expire time";

/// Keys with their values, in memory and nowhere else.
#[derive(Default)]
pub(crate) struct Store {
    entries: HashMap<Vec<u8>, Entry>,
    used: usize,
}

struct Entry {
    value: Value,
    expires: Option<Instant>,
}

enum Value {
    Text(Vec<u8>),
    List(VecDeque<Vec<u8>>),
}

impl Store {
    /// Does what one request asks for, and adds the reply to `replies`.
    pub(crate) fn execute(&mut self, arguments: &[&[u8]], replies: &mut Vec<u8>) {
        let [name, arguments @ ..] = arguments else {
            // An empty request has no reply.
            return;
        };
        let outcome = match (name.to_ascii_uppercase().as_slice(), arguments) {
            (b"PING", []) => {
                reply::simple(replies, "PONG");
                Ok(())
            }
            (b"PING" | b"ECHO", [text]) => {
                reply::bulk(replies, Some(text));
                Ok(())
            }
            (b"SET", [key, value, options @ ..]) => self.set(key, value, options, replies),
            (b"GET", [key]) => self.get(key, replies),
            (b"DEL", keys @ [_, ..]) => {
                let count = keys.iter().filter(|key| self.remove_live(key)).count();
                reply::integer(replies, count as i64);
                Ok(())
            }
            (b"INCR", [key]) => self.increment(key, replies),
            (b"EXPIRE", [key, seconds]) => self.expire(key, seconds, replies),
            (b"TTL", [key]) => {
                reply::integer(replies, self.seconds_left(key));
                Ok(())
            }
            (b"LPUSH", [key, values @ ..]) if !values.is_empty() => self.push(key, values, replies),
            (b"LRANGE", [key, first, last]) => self.range(key, first, last, replies),
            // redis-benchmark asks first whether the server writes to a disk.
            (b"CONFIG", [get, name]) if get.eq_ignore_ascii_case(b"get") => {
                reply::array(replies, 2);
                reply::bulk(replies, Some(name));
                reply::bulk(replies, Some(b""));
                Ok(())
            }
            (
                b"PING" | b"ECHO" | b"SET" | b"GET" | b"DEL" | b"INCR" | b"EXPIRE" | b"TTL" | b"LPUSH"
                | b"LRANGE" | b"CONFIG",
                _,
            ) => Err(WRONG_NUMBER),
            _ => Err("ERR unknown command"),
        };
        if let Err(error) = outcome {
            reply::error(replies, error);
        }
    }

    /// Gives back the room of all that is over.
    pub(crate) fn forget_expired(&mut self) {
        let now = Instant::now();
        let used = &mut self.used;
        self.entries.retain(|key, entry| {
            let stays = entry.is_live(now);
            if !stays {
                *used -= size(key, &entry.value);
            }
            stays
        });
        // After a rush of keys the table may be much larger than what is in it.
        self.entries.shrink_to(2 * self.entries.len());
    }

    fn set(
        &mut self,
        key: &[u8],
        value: &[u8],
        options: &[&[u8]],
        replies: &mut Vec<u8>,
    ) -> Result<(), &'static str> {
        let expires = match options {
            [] => None,
            [unit, count] => {
                let count = integer(count)?;
                let time = match unit.to_ascii_uppercase().as_slice() {
                    b"EX" => u64::try_from(count).map(Duration::from_secs),
                    b"PX" => u64::try_from(count).map(Duration::from_millis),
                    _ => return Err("ERR syntax error"),
                };
                let time = time.ok().filter(|time| !time.is_zero()).ok_or(NO_SUCH_TIME)?;
                Some(Instant::now() + time)
            }
            _ => return Err("ERR syntax error"),
        };
        self.replace(
            key,
            Entry {
                value: Value::Text(value.to_vec()),
                expires,
            },
        )?;
        reply::simple(replies, "OK");
        Ok(())
    }

    fn get(&mut self, key: &[u8], replies: &mut Vec<u8>) -> Result<(), &'static str> {
        match self.live(key).map(|entry| &entry.value) {
            None => reply::bulk(replies, None),
            Some(Value::Text(text)) => reply::bulk(replies, Some(text)),
            Some(Value::List(_)) => return Err(WRONG_TYPE),
        }
        Ok(())
    }

    fn increment(&mut self, key: &[u8], replies: &mut Vec<u8>) -> Result<(), &'static str> {
        let (before, expires) = match self.live(key) {
            None => (0, None),
            Some(Entry {
                value: Value::Text(text),
                expires,
            }) => (integer(text)?, *expires),
            Some(_) => return Err(WRONG_TYPE),
        };
        let after = before.checked_add(1).ok_or(NO_INTEGER)?;
        let value = Value::Text(after.to_string().into_bytes());
        self.replace(key, Entry { value, expires })?;
        reply::integer(replies, after);
        Ok(())
    }

    fn expire(&mut self, key: &[u8], seconds: &[u8], replies: &mut Vec<u8>) -> Result<(), &'static str> {
        let seconds = integer(seconds)?;
        let Some(entry) = self.live(key) else {
            reply::integer(replies, 0);
            return Ok(());
        };
        match u64::try_from(seconds) {
            Ok(seconds @ 1..) => entry.expires = Some(Instant::now() + Duration::from_secs(seconds)),
            _ => drop(self.remove(key)),
        }
        reply::integer(replies, 1);
        Ok(())
    }

    fn seconds_left(&mut self, key: &[u8]) -> i64 {
        match self.live(key).map(|entry| entry.expires) {
            None => -2,
            Some(None) => -1,
            Some(Some(expires)) => {
                let left = expires.saturating_duration_since(Instant::now());
                // Rounded, as redis does it.
                ((left.as_millis() + 500) / 1000) as i64
            }
        }
    }

    fn push(&mut self, key: &[u8], values: &[&[u8]], replies: &mut Vec<u8>) -> Result<(), &'static str> {
        let more: usize = values.iter().map(|value| value.len() + OVERHEAD).sum();
        let new = if self.live(key).is_none() {
            key.len() + OVERHEAD
        } else {
            0
        };
        if self.used + more + new > STORED {
            return Err(NO_ROOM);
        }
        let entry = self.entries.entry(key.to_vec()).or_insert_with(|| Entry {
            value: Value::List(VecDeque::new()),
            expires: None,
        });
        let Value::List(list) = &mut entry.value else {
            return Err(WRONG_TYPE);
        };
        for value in values {
            list.push_front(value.to_vec());
        }
        self.used += more + new;
        reply::integer(replies, list.len() as i64);
        Ok(())
    }

    fn range(
        &mut self,
        key: &[u8],
        first: &[u8],
        last: &[u8],
        replies: &mut Vec<u8>,
    ) -> Result<(), &'static str> {
        let (first, last) = (integer(first)?, integer(last)?);
        let list = match self.live(key).map(|entry| &entry.value) {
            None => &VecDeque::new(),
            Some(Value::List(list)) => list,
            Some(Value::Text(_)) => return Err(WRONG_TYPE),
        };
        // A negative place counts from the end.
        let place = |number: i64| {
            let number = if number < 0 {
                number.saturating_add(list.len() as i64)
            } else {
                number
            };
            number.clamp(0, list.len() as i64) as usize
        };
        let first_place = place(first);
        let end = if last < -(list.len() as i64) {
            0
        } else {
            place(last).saturating_add(1).min(list.len())
        };
        let chosen = list.range(first_place.min(end)..end);
        if chosen.clone().map(|value| value.len() + OVERHEAD).sum::<usize>() > RANGE {
            return Err("ERR the range is too long for one reply");
        }
        reply::array(replies, chosen.len());
        for value in chosen {
            reply::bulk(replies, Some(value));
        }
        Ok(())
    }

    /// Takes out what is over.
    fn live(&mut self, key: &[u8]) -> Option<&mut Entry> {
        if !self.entries.get(key)?.is_live(Instant::now()) {
            self.remove(key);
        }
        self.entries.get_mut(key)
    }

    fn remove_live(&mut self, key: &[u8]) -> bool {
        self.live(key).is_some() && self.remove(key).is_some()
    }

    fn remove(&mut self, key: &[u8]) -> Option<Entry> {
        let (key, entry) = self.entries.remove_entry(key)?;
        self.used -= size(&key, &entry.value);
        Some(entry)
    }

    fn replace(&mut self, key: &[u8], entry: Entry) -> Result<(), &'static str> {
        let before = self.entries.get(key).map_or(0, |entry| size(key, &entry.value));
        let after = self.used - before + size(key, &entry.value);
        if after > STORED {
            return Err(NO_ROOM);
        }
        self.used = after;
        self.entries.insert(key.to_vec(), entry);
        Ok(())
    }
}

impl Entry {
    fn is_live(&self, now: Instant) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }
}

fn size(key: &[u8], value: &Value) -> usize {
    let value = match value {
        Value::Text(text) => text.len(),
        Value::List(list) => list.iter().map(|value| value.len() + OVERHEAD).sum(),
    };
    key.len() + OVERHEAD + value
}

fn integer(text: &[u8]) -> Result<i64, &'static str> {
    let text = std::str::from_utf8(text).map_err(|_| NO_INTEGER)?;
    text.parse().map_err(|_| NO_INTEGER)
}
