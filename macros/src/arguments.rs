//! The attribute's arguments: `name = value`, separated by commas.
//!
//! The only runtime there is for now is the current-thread one, so nothing has to be handed to the expansion: the
//! arguments are accepted or refused.

use crate::refusal::Refusal;
use crate::token::Token;

/// Which of the two attributes is expanded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attribute {
    /// `#[reveille::main]`, whose flavor must be given until its default exists.
    Main,
    /// `#[reveille::test]`, current-thread by default.
    Test,
}

impl Attribute {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Attribute::Main => "main",
            Attribute::Test => "test",
        }
    }
}

const NAMES: [&str; 3] = ["flavor", "worker_threads", "start_paused"];

/// Accepts what asks for a current-thread runtime, and says of everything else what to write instead.
pub(crate) fn check(attribute: Attribute, tokens: &[Token]) -> Result<(), Refusal> {
    let mut seen = Vec::new();
    let mut position = 0;
    while position < tokens.len() {
        let argument = Argument::read(tokens, position)?;
        if seen.contains(&argument.name) {
            return Err(Refusal::of(
                position,
                format!("`{}` is given twice", argument.name),
            ));
        }
        argument.check(attribute)?;
        seen.push(argument.name);
        position = after_comma(tokens, position + 3)?;
    }
    if attribute == Attribute::Main && !seen.contains(&"flavor") {
        return Err(Refusal::of_all(
            "`#[reveille::main]` must name its flavor for now: the multi-thread runtime, which is to be its default, \
             does not exist yet; write `#[reveille::main(flavor = \"current_thread\")]`",
        ));
    }
    Ok(())
}

/// `name = value`, at `position` of the list it was read from.
struct Argument<'a> {
    name: &'a str,
    value: &'a Token,
    position: usize,
}

impl<'a> Argument<'a> {
    fn read(tokens: &'a [Token], position: usize) -> Result<Self, Refusal> {
        let name = match &tokens[position] {
            Token::Word(name) if NAMES.contains(&name.as_str()) => name,
            Token::Word(name) => {
                let message = format!(
                    "unknown argument `{name}`; there are `flavor`, `worker_threads` and `start_paused`"
                );
                return Err(Refusal::of(position, message));
            }
            _ => {
                return Err(Refusal::of(
                    position,
                    "expected `name = value`, such as `flavor = \"current_thread\"`",
                ));
            }
        };
        match (tokens.get(position + 1), tokens.get(position + 2)) {
            (Some(Token::Mark('=')), Some(value)) => Ok(Self {
                name,
                value,
                position,
            }),
            _ => Err(Refusal::of(position, format!("expected a value: `{name} = …`"))),
        }
    }

    fn check(&self, attribute: Attribute) -> Result<(), Refusal> {
        match self.name {
            "flavor" => self.check_flavor(attribute),
            "worker_threads" => {
                let is_number = matches!(self.value, Token::Literal(text) if text.starts_with(|c: char| c.is_ascii_digit()));
                self.expect(is_number, "a number, such as `worker_threads = 2`")?;
                Err(self.refuse_name(
                    "`worker_threads` is not there yet: it needs the multi-thread runtime, which does not exist yet; \
                     leave it out",
                ))
            }
            _ => {
                self.expect(
                    self.value.is_word("true") || self.value.is_word("false"),
                    "`true` or `false`",
                )?;
                Err(self.refuse_name(
                    "`start_paused` is not there yet: the runtime's clock cannot be paused yet; leave it out",
                ))
            }
        }
    }

    fn check_flavor(&self, attribute: Attribute) -> Result<(), Refusal> {
        let is_string = matches!(self.value, Token::Literal(text) if text.starts_with('"'));
        self.expect(is_string, "a string, such as `flavor = \"current_thread\"`")?;
        match self.value {
            Token::Literal(text) if text == "\"current_thread\"" => Ok(()),
            Token::Literal(text) if text == "\"multi_thread\"" => Err(self.refuse_value(format!(
                "the multi-thread runtime does not exist yet; write `#[reveille::{}(flavor = \"current_thread\")]`",
                attribute.name()
            ))),
            _ => Err(self.refuse_value("unknown flavor; write `\"current_thread\"` (`\"multi_thread\"` is to come)")),
        }
    }

    fn expect(&self, right: bool, what: &str) -> Result<(), Refusal> {
        if right {
            Ok(())
        } else {
            Err(self.refuse_value(format!("`{}` takes {what}", self.name)))
        }
    }

    fn refuse_name(&self, message: impl Into<String>) -> Refusal {
        Refusal::of(self.position, message)
    }

    fn refuse_value(&self, message: impl Into<String>) -> Refusal {
        Refusal::of(self.position + 2, message)
    }
}

/// Where the next argument starts, if what stands at `position` ends the one before.
fn after_comma(tokens: &[Token], position: usize) -> Result<usize, Refusal> {
    match tokens.get(position) {
        None => Ok(position),
        Some(Token::Mark(',')) => Ok(position + 1),
        Some(_) => Err(Refusal::of(position, "expected `,` between arguments")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::tokens;

    #[test]
    fn the_current_thread_flavor_is_accepted_by_both() {
        for attribute in [Attribute::Main, Attribute::Test] {
            assert_eq!(check(attribute, &tokens("flavor = \"current_thread\"")), Ok(()));
            assert_eq!(check(attribute, &tokens("flavor = \"current_thread\" ,")), Ok(()));
        }
    }

    #[test]
    fn only_main_must_name_its_flavor() {
        assert_eq!(check(Attribute::Test, &[]), Ok(()));
        assert_eq!(check(Attribute::Main, &[]).unwrap_err().at, None);
    }

    /// The token that each refusal points to; `ci/macro-errors` holds their texts.
    #[test]
    fn a_refusal_points_to_the_token_at_fault() {
        for (source, at) in [
            ("flavour = \"current_thread\"", 0),
            ("flavor", 0),
            ("flavor =", 0),
            ("= 1", 0),
            ("flavor = 1", 2),
            ("flavor = \"two\"", 2),
            ("flavor = \"multi_thread\"", 2),
            ("flavor = \"current_thread\" worker_threads = 2", 3),
            ("flavor = \"current_thread\" , flavor = \"current_thread\"", 4),
            ("worker_threads = 2", 0),
            ("worker_threads = \"2\"", 2),
            ("start_paused = true", 0),
            ("start_paused = 1", 2),
        ] {
            for attribute in [Attribute::Main, Attribute::Test] {
                assert_eq!(
                    check(attribute, &tokens(source)).unwrap_err().at,
                    Some(at),
                    "{attribute:?}({source})"
                );
            }
        }
    }
}
