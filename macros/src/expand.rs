//! The function that takes the annotated one's place.
//!
//! ```text
//! #[reveille::main]                                   pub fn main() -> io::Result<()> {
//! pub async fn main() -> io::Result<()> {       =>        async fn main() -> io::Result<()> { … }
//!     …                                                   ::reveille::runtime::Builder::multi_thread()
//! }                                                           .build().expect("…").block_on(main())
//!                                                     }
//! ```
//!
//! With `worker_threads = 2` or `start_paused = true` the builder is told so; with the current-thread flavor alone the last
//! line is `::reveille::block_on(main())`.
//!
//! The user's function is kept whole inside one of the same name, rather than its body moved into an `async` block: the
//! compiler then knows the body's type from the signature, and a wrong one is reported in the body's own line.

use proc_macro::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};

use crate::arguments::{self, Attribute, Flavor, Runtime};
use crate::function::{self, Function};
use crate::refusal::Refusal;
use crate::token::Token;

/// The expansion of `attribute`. A refused argument still leaves a function that runs, so that nothing else is reported.
pub(crate) fn attribute(attribute: Attribute, arguments: TokenStream, item: TokenStream) -> TokenStream {
    let arguments: Vec<TokenTree> = arguments.into_iter().collect();
    let item: Vec<TokenTree> = item.into_iter().collect();
    let mut output = TokenStream::new();
    let start = match arguments::runtime(attribute, &plain(&arguments)) {
        Ok(runtime) => start(runtime, &arguments),
        Err(refusal) => {
            output.extend(compile_error(&refusal, &arguments));
            let plain = Runtime {
                flavor: Flavor::CurrentThread,
                start_paused: false,
            };
            start(plain, &arguments)
        }
    };
    output.extend(match function::find(attribute, &plain(&item)) {
        Ok(function) => replacement(attribute, start, &item, &function),
        Err(refusal) => refused_function(&refusal, &item),
    });
    output
}

/// What is called with the future.
fn start(runtime: Runtime, arguments: &[TokenTree]) -> TokenStream {
    let mut output = match runtime.flavor {
        Flavor::CurrentThread if !runtime.start_paused => return parse("::reveille::block_on"),
        Flavor::CurrentThread => parse("::reveille::runtime::Builder::current_thread()"),
        Flavor::MultiThread { .. } => parse("::reveille::runtime::Builder::multi_thread()"),
    };
    if let Flavor::MultiThread {
        workers: Some(workers),
    } = runtime.flavor
    {
        output.extend(parse(".worker_threads"));
        // The user's own token: what the compiler has to say of it points there.
        output.extend([parentheses(arguments[workers].clone().into())]);
    }
    if runtime.start_paused {
        output.extend(parse(".start_paused(true)"));
    }
    output.extend(parse(
        r#".build().expect("the system refused the runtime its threads or file descriptors").block_on"#,
    ));
    output
}

fn replacement(
    attribute: Attribute,
    start: TokenStream,
    item: &[TokenTree],
    function: &Function,
) -> TokenStream {
    let (before, with_async) = item.split_at(function.keyword_async);
    let (body, signature) = with_async[1..]
        .split_last()
        .expect("a function that was found ends with its body");
    let mut output = TokenStream::new();
    if attribute == Attribute::Test {
        output.extend(parse("#[::core::prelude::v1::test]"));
    }
    output.extend(before.iter().cloned());
    output.extend(signature.iter().cloned());

    let mut inside: TokenStream = with_async.iter().cloned().collect();
    inside.extend(start);
    let call = [item[function.name].clone(), parentheses(TokenStream::new())];
    inside.extend([parentheses(call.into_iter().collect())]);
    let mut outer = Group::new(Delimiter::Brace, inside);
    outer.set_span(body.span());
    output.extend([TokenTree::from(outer)]);
    output
}

/// `fn name() { compile_error! }`, so that the compiler does not also miss a `main`; without a name only the error.
fn refused_function(refusal: &Refusal, item: &[TokenTree]) -> TokenStream {
    let error = compile_error(refusal, item);
    let keyword_fn = item.iter().position(|token| token.to_string() == "fn");
    let Some(name @ TokenTree::Ident(_)) = keyword_fn.and_then(|position| item.get(position + 1)) else {
        return error;
    };
    let mut output = parse("#[allow(dead_code)] fn");
    output.extend([
        name.clone(),
        parentheses(TokenStream::new()),
        Group::new(Delimiter::Brace, error).into(),
    ]);
    output
}

/// `::core::compile_error! { "…" }`, every token with the span of the token at fault, where the compiler looks for it.
fn compile_error(refusal: &Refusal, tokens: &[TokenTree]) -> TokenStream {
    let span = refusal
        .at
        .and_then(|at| tokens.get(at))
        .map_or_else(Span::call_site, TokenTree::span);
    let mut text = Literal::string(&refusal.message);
    text.set_span(span);
    let mut path: Vec<TokenTree> = Vec::new();
    for segment in ["core", "compile_error"] {
        path.push(Punct::new(':', Spacing::Joint).into());
        path.push(Punct::new(':', Spacing::Alone).into());
        path.push(Ident::new(segment, span).into());
    }
    path.push(Punct::new('!', Spacing::Alone).into());
    path.push(Group::new(Delimiter::Brace, TokenTree::from(text).into()).into());
    for token in &mut path {
        token.set_span(span);
    }
    path.into_iter().collect()
}

/// What the parsers see of `tokens`, one for one.
fn plain(tokens: &[TokenTree]) -> Vec<Token> {
    let one = |token: &TokenTree| match token {
        TokenTree::Ident(word) => Token::Word(word.to_string()),
        TokenTree::Punct(mark) => Token::Mark(mark.as_char()),
        TokenTree::Literal(literal) => Token::Literal(literal.to_string()),
        TokenTree::Group(group) => match group.delimiter() {
            Delimiter::Parenthesis => Token::Parentheses {
                empty: group.stream().is_empty(),
            },
            Delimiter::Brace => Token::Braces,
            Delimiter::Bracket | Delimiter::None => Token::Group,
        },
    };
    tokens.iter().map(one).collect()
}

fn parentheses(inside: TokenStream) -> TokenTree {
    Group::new(Delimiter::Parenthesis, inside).into()
}

fn parse(source: &str) -> TokenStream {
    source.parse().expect("a constant text of ours is Rust")
}
