//! The attribute's arguments: `name = value`, separated by commas.

use crate::refusal::Refusal;
use crate::token::Token;

/// The runtime that the function is to run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Runtime {
    pub(crate) flavor: Flavor,
    /// Whether its clock is paused from the beginning.
    pub(crate) start_paused: bool,
}

/// Whose threads run its tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavor {
    /// One of the calling thread.
    CurrentThread,
    /// One with threads of its own.
    MultiThread {
        /// The place of the number of workers in the list of tokens, if it was given.
        workers: Option<usize>,
    },
}

/// Which of the two attributes is expanded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attribute {
    /// `#[reveille::main]`, multi-thread by default.
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

/// The runtime that is asked for; a refusal says what to write instead.
pub(crate) fn runtime(attribute: Attribute, tokens: &[Token]) -> Result<Runtime, Refusal> {
    let mut seen: Vec<Argument<'_>> = Vec::new();
    let mut position = 0;
    while position < tokens.len() {
        let argument = Argument::read(tokens, position)?;
        if seen.iter().any(|before| before.name == argument.name) {
            return Err(argument.refuse_name(format!("`{}` is given twice", argument.name)));
        }
        argument.check()?;
        position = after_comma(tokens, position + 3)?;
        seen.push(argument);
    }
    let given = |name: &str| seen.iter().find(|argument| argument.name == name);
    let multi_thread = match given("flavor") {
        Some(flavor) => flavor.is_multi_thread(),
        None => attribute == Attribute::Main,
    };
    let flavor = match given("worker_threads") {
        Some(workers) if !multi_thread => {
            return Err(workers.refuse_name(
                "`worker_threads` needs `flavor = \"multi_thread\"`: a current-thread runtime has no workers",
            ));
        }
        workers if multi_thread => Flavor::MultiThread {
            workers: workers.map(|workers| workers.position + 2),
        },
        _ => Flavor::CurrentThread,
    };
    Ok(Runtime {
        flavor,
        start_paused: given("start_paused").is_some_and(|argument| argument.value.is_word("true")),
    })
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

    fn check(&self) -> Result<(), Refusal> {
        match self.name {
            "flavor" => self.check_flavor(),
            "worker_threads" => self.check_workers(),
            _ => self.expect(
                self.value.is_word("true") || self.value.is_word("false"),
                "`true` or `false`",
            ),
        }
    }

    fn check_flavor(&self) -> Result<(), Refusal> {
        let is_string = matches!(self.value, Token::Literal(text) if text.starts_with('"'));
        self.expect(is_string, "a string, such as `flavor = \"current_thread\"`")?;
        match self.value {
            Token::Literal(text) if text == "\"current_thread\"" => Ok(()),
            _ if self.is_multi_thread() => Ok(()),
            _ => Err(self.refuse_value("unknown flavor; write `\"multi_thread\"` or `\"current_thread\"`")),
        }
    }

    fn check_workers(&self) -> Result<(), Refusal> {
        // As std parses it, so that the number is known to be one before the expansion has it.
        let number: Option<usize> = match self.value {
            Token::Literal(text) => text.replace('_', "").parse().ok(),
            _ => None,
        };
        self.expect(number.is_some(), "a number, such as `worker_threads = 2`")?;
        if number == Some(0) {
            return Err(
                self.refuse_value("`worker_threads = 0` leaves nobody to run tasks; ask for at least one")
            );
        }
        Ok(())
    }

    fn is_multi_thread(&self) -> bool {
        matches!(self.value, Token::Literal(text) if text == "\"multi_thread\"")
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

    fn flavor(attribute: Attribute, source: &str) -> Result<Flavor, Refusal> {
        runtime(attribute, &tokens(source)).map(|runtime| runtime.flavor)
    }

    #[test]
    fn main_is_multi_thread_and_a_test_current_thread() {
        let multi_thread = Flavor::MultiThread { workers: None };
        assert_eq!(flavor(Attribute::Main, ""), Ok(multi_thread));
        assert_eq!(flavor(Attribute::Test, ""), Ok(Flavor::CurrentThread));
    }

    #[test]
    fn both_take_either_flavor() {
        for attribute in [Attribute::Main, Attribute::Test] {
            for (source, expected) in [
                ("flavor = \"current_thread\"", Flavor::CurrentThread),
                ("flavor = \"current_thread\" ,", Flavor::CurrentThread),
                ("flavor = \"multi_thread\"", Flavor::MultiThread { workers: None }),
                (
                    "flavor = \"multi_thread\" , worker_threads = 2",
                    Flavor::MultiThread { workers: Some(6) },
                ),
                (
                    "worker_threads = 1_0 , flavor = \"multi_thread\" ,",
                    Flavor::MultiThread { workers: Some(2) },
                ),
            ] {
                assert_eq!(flavor(attribute, source), Ok(expected), "{attribute:?}({source})");
            }
        }
    }

    #[test]
    fn workers_need_no_flavor_where_multi_thread_is_the_default() {
        let workers = "worker_threads = 2";
        assert_eq!(
            flavor(Attribute::Main, workers),
            Ok(Flavor::MultiThread { workers: Some(2) })
        );
        assert_eq!(flavor(Attribute::Test, workers).unwrap_err().at, Some(0));
    }

    #[test]
    fn the_clock_is_paused_if_that_is_said() {
        for (source, start_paused) in [
            ("", false),
            ("start_paused = false", false),
            ("start_paused = true", true),
            (
                "flavor = \"multi_thread\" , start_paused = true , worker_threads = 4",
                true,
            ),
        ] {
            let runtime = runtime(Attribute::Test, &tokens(source)).unwrap();
            assert_eq!(runtime.start_paused, start_paused, "{source}");
        }
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
            ("flavor = \"current_thread\" worker_threads = 2", 3),
            ("flavor = \"current_thread\" , flavor = \"current_thread\"", 4),
            ("flavor = \"current_thread\" , worker_threads = 2", 4),
            ("worker_threads = \"2\"", 2),
            ("worker_threads = 2.5", 2),
            ("worker_threads = 2u8", 2),
            ("worker_threads = 0", 2),
            ("worker_threads = 99999999999999999999", 2),
            ("start_paused = maybe", 2),
            ("start_paused = 1", 2),
        ] {
            for attribute in [Attribute::Main, Attribute::Test] {
                assert_eq!(
                    runtime(attribute, &tokens(source)).unwrap_err().at,
                    Some(at),
                    "{attribute:?}({source})"
                );
            }
        }
    }
}
