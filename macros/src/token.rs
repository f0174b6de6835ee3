//! What the parsers need to know of a token, without `proc_macro`, whose types exist only inside the compiler.

/// One token tree. Its place in the list it came from stands for it wherever a span is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// An identifier or a keyword.
    Word(String),
    /// One character of punctuation.
    Mark(char),
    /// A literal as it is written, quotes and all.
    Literal(String),
    /// `( … )`, and whether nothing stands in it.
    Parentheses {
        /// Nothing stands between them.
        empty: bool,
    },
    /// `{ … }`.
    Braces,
    /// Any other group.
    Group,
}

impl Token {
    /// Whether this is the keyword or name `word`.
    pub(crate) fn is_word(&self, word: &str) -> bool {
        matches!(self, Token::Word(text) if text == word)
    }
}

/// Splits source text at white space, for tests: enough for what the parsers look at.
#[cfg(test)]
pub(crate) fn tokens(source: &str) -> Vec<Token> {
    let token = |text: &str| match text {
        "()" => Token::Parentheses { empty: true },
        "(…)" => Token::Parentheses { empty: false },
        "{…}" => Token::Braces,
        "[…]" => Token::Group,
        _ if text.starts_with(|first: char| first.is_alphabetic() || first == '_') => {
            Token::Word(text.into())
        }
        _ if text.starts_with(|first: char| first == '"' || first.is_ascii_digit()) => {
            Token::Literal(text.into())
        }
        _ => Token::Mark(
            text.chars()
                .next()
                .expect("split_whitespace gives no empty parts"),
        ),
    };
    source.split_whitespace().map(token).collect()
}
