//! The variable `REVEILLE_TRACE`: recording for a program that knows nothing of it.
//!
//! | value | what it does |
//! |---|---|
//! | `out.html` | writes the page there |
//! | `out.json` | writes the trace |
//! | `chrome:out.json` | writes it for Perfetto |
//! | `live`, `live:PORT` | shows the page while the program runs |
//! | `gated`, `gated:PORT` | the same, and holds the program before each poll until a button is pressed |
//!
//! Before any of them, `full:` or `loop:` says how much is recorded. By default that is everything in a program that was built for
//! debugging, and what the loops do in others.
//!
//! A file is written whenever a runtime ends, at the first panic, and on [`write_now`]; the last one counts.

use std::env;
use std::io::{self, Write};
use std::panic;
use std::sync::{Once, OnceLock};

use crate::output::Output;
use crate::recorder::Describe;
use crate::recording::{self, Settings};
use crate::trace::Level;
use crate::{gate, live};

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Asked {
    level: Level,
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    File(Output),
    Live { port: u16, gated: bool },
}

/// Begins to record if `REVEILLE_TRACE` asks for it, the first time that this is called. A value that is none of the above is told
/// on stderr, in a line, and the program goes on; so is whatever else fails.
pub fn begin_if_asked(describe: Describe) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let Some(value) = env::var_os(VARIABLE) else { return };
        let value = value.to_string_lossy();
        let begun = match parse(&value) {
            Some(asked) => begin(asked, describe),
            None if value.is_empty() => Ok(()),
            None => Err(format!(
                "`{value}` is none of out.html, out.json, chrome:out.json, live, live:PORT, gated, gated:PORT; \
                 nothing is recorded"
            )),
        };
        if let Err(why) = begun {
            tell(&format!("{VARIABLE}: {why}"));
        }
    });
}

/// Writes the file that `REVEILLE_TRACE` asks for, if it does.
pub fn write_now() {
    let (Some(output), Some(trace)) = (OUTPUT.get(), recording::collect()) else {
        return;
    };
    if let Err(error) = output.write(&trace) {
        tell(&format!("{VARIABLE}: {error}"));
    }
}

fn begin(asked: Asked, describe: Describe) -> Result<(), String> {
    let mut settings = Settings::default();
    settings.level(asked.level).describe(describe);
    recording::start(&settings).map_err(|error| error.to_string())?;
    match asked.kind {
        Kind::File(output) => {
            // It is the first: this runs once.
            let _ = OUTPUT.set(output);
            write_at_panic();
        }
        Kind::Live { port, gated } => {
            let server = live::serve(port).map_err(|error| format!("port {port}: {error}"))?;
            if gated {
                gate::close();
            }
            tell(&format!("look at {server}"));
        }
    }
    Ok(())
}

/// The first panic is told as ever, and then the file is written: a task's panic may be all that is ever heard of it.
fn write_at_panic() {
    static FIRST: Once = Once::new();
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        before(info);
        FIRST.call_once(write_now);
    }));
}

fn parse(value: &str) -> Option<Asked> {
    let default = match cfg!(debug_assertions) {
        true => Level::Full,
        false => Level::Loop,
    };
    let (level, rest) = match value.split_once(':') {
        Some(("full", rest)) => (Level::Full, rest),
        Some(("loop", rest)) => (Level::Loop, rest),
        _ => (default, value),
    };
    let port = |rest: &str| match rest.strip_prefix(':') {
        Some(port) => port.parse().ok(),
        None => rest.is_empty().then_some(0),
    };
    let live = |name, gated| {
        let port = port(rest.strip_prefix(name)?)?;
        Some(Kind::Live { port, gated })
    };
    let kind = live("live", false)
        .or_else(|| live("gated", true))
        .or_else(|| Output::parse(rest).map(Kind::File))?;
    Some(Asked { level, kind })
}

/// A closed stderr is no reason to end.
fn tell(text: &str) {
    let _ = writeln!(io::stderr(), "reveille: {text}");
}

const VARIABLE: &str = "REVEILLE_TRACE";

static OUTPUT: OnceLock<Output> = OnceLock::new();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_of_the_value_is_understood() {
        let kind = |value| parse(value).map(|asked| asked.kind);
        let live = |port, gated| Some(Kind::Live { port, gated });
        assert_eq!(kind("live"), live(0, false));
        assert_eq!(kind("live:8080"), live(8080, false));
        assert_eq!(kind("gated:1"), live(1, true));
        assert_eq!(kind("loop:gated"), live(0, true));
        let file = |text| Output::parse(text).map(Kind::File);
        assert_eq!(kind("out.html"), file("out.html"));
        assert_eq!(kind("full:chrome:out.json"), file("chrome:out.json"));
        assert_eq!(parse("full:out.json").map(|asked| asked.level), Some(Level::Full));
        assert_eq!(parse("loop:out.json").map(|asked| asked.level), Some(Level::Loop));
    }

    #[test]
    fn anything_else_is_not() {
        for value in [
            "",
            "1",
            "on",
            "live:",
            "live:port",
            "live:70000",
            "livelong",
            "full",
            "full:",
            "chrome:x",
        ] {
            assert_eq!(parse(value), None, "{value}");
        }
    }
}
