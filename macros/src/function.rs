//! The annotated function: where its `async`, its name and its body are.

use crate::arguments::Attribute;
use crate::refusal::Refusal;
use crate::token::Token;

/// The places of a function's parts in its list of tokens. The body is the last token.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function {
    /// `async`; what stands before it are attributes and the visibility.
    pub(crate) keyword_async: usize,
    /// The function's name.
    pub(crate) name: usize,
}

/// Finds the parts of an `async fn` without parameters.
pub(crate) fn find(attribute: Attribute, tokens: &[Token]) -> Result<Function, Refusal> {
    let attribute = attribute.name();
    // Attributes and a `pub(…)` are groups behind their marks and words, so the first `fn` at this level is the
    // function's own.
    let Some(keyword_fn) = tokens.iter().position(|token| token.is_word("fn")) else {
        let message = format!("`#[reveille::{attribute}]` goes before a function: `async fn …`");
        return Err(Refusal::of_all(message));
    };
    let name = keyword_fn + 1;
    let preceded_by_async = keyword_fn
        .checked_sub(1)
        .is_some_and(|before| tokens[before].is_word("async"));
    if !preceded_by_async {
        let message = match tokens[..keyword_fn].iter().find_map(qualifier) {
            Some(qualifier) => format!("`#[reveille::{attribute}]` does not take an `{qualifier}` function"),
            None => format!("`#[reveille::{attribute}]` runs an async function; write `async fn`"),
        };
        return Err(Refusal::of(keyword_fn, message));
    }
    match tokens[name..]
        .iter()
        .position(|token| matches!(token, Token::Parentheses { .. }))
    {
        Some(offset) if tokens[name + offset] == (Token::Parentheses { empty: false }) => {
            let message =
                format!("a `#[reveille::{attribute}]` function takes no arguments: nobody passes them");
            return Err(Refusal::of(name + offset, message));
        }
        _ => {}
    }
    if tokens.last() != Some(&Token::Braces) {
        return Err(Refusal::of(
            name,
            format!("a `#[reveille::{attribute}]` function needs a body"),
        ));
    }
    Ok(Function {
        keyword_async: keyword_fn - 1,
        name,
    })
}

/// A keyword that may stand between `async` and `fn`, or in the place of `async`.
fn qualifier(token: &Token) -> Option<&'static str> {
    ["unsafe", "extern"]
        .into_iter()
        .find(|keyword| token.is_word(keyword))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::tokens;

    #[test]
    fn the_parts_of_a_plain_function_are_found() {
        let found = find(Attribute::Main, &tokens("async fn main () {…}"));
        assert_eq!(
            found,
            Ok(Function {
                keyword_async: 0,
                name: 2
            })
        );
    }

    #[test]
    fn attributes_visibility_generics_and_a_return_type_are_stepped_over() {
        let source = "# […] # […] pub (…) async fn run < > () - > Result < () , Box < dyn Fn (…) > > where T : Send {…}";
        let found = find(Attribute::Test, &tokens(source));
        assert_eq!(
            found,
            Ok(Function {
                keyword_async: 6,
                name: 8
            })
        );
    }

    /// The token that each refusal points to; `ci/macro-errors` holds their texts.
    #[test]
    fn a_refusal_points_to_the_token_at_fault() {
        for (source, at) in [
            ("struct Main ;", None),
            ("fn main () {…}", Some(0)),
            ("pub fn main () {…}", Some(1)),
            ("async unsafe fn main () {…}", Some(2)),
            ("async fn main (…) {…}", Some(3)),
            ("async fn main () ;", Some(2)),
        ] {
            assert_eq!(
                find(Attribute::Main, &tokens(source)).unwrap_err().at,
                at,
                "{source}"
            );
        }
    }
}
