//! Replies, as redis' clients read them.

/// A word that holds no line's end.
pub(crate) fn simple(replies: &mut Vec<u8>, text: &str) {
    line(replies, b'+', text);
}

/// Of a kind, which clients look at, and words.
pub(crate) fn error(replies: &mut Vec<u8>, text: &str) {
    line(replies, b'-', text);
}

pub(crate) fn integer(replies: &mut Vec<u8>, number: i64) {
    line(replies, b':', &number.to_string());
}

/// Any bytes, or that there is nothing.
pub(crate) fn bulk(replies: &mut Vec<u8>, bytes: Option<&[u8]>) {
    let Some(bytes) = bytes else {
        return line(replies, b'$', "-1");
    };
    line(replies, b'$', &bytes.len().to_string());
    replies.extend_from_slice(bytes);
    replies.extend_from_slice(b"\r\n");
}

/// So many replies that follow make one.
pub(crate) fn array(replies: &mut Vec<u8>, count: usize) {
    line(replies, b'*', &count.to_string());
}

fn line(replies: &mut Vec<u8>, kind: u8, text: &str) {
    replies.push(kind);
    replies.extend_from_slice(text.as_bytes());
    replies.extend_from_slice(b"\r\n");
}
