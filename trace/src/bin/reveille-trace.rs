//! Looks into a trace that was written to a file: what is wrong in it, and the same as a page or for Perfetto.
#![forbid(unsafe_code)]

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;
use std::{env, fmt};

use reveille_trace::findings::{self, Finding};
use reveille_trace::trace::Trace;
use reveille_trace::{chrome, html, read};

const USAGE: &str = "\
usage: reveille-trace check FILE         say what is wrong in a trace (trace.json); exit with 1 if anything is
       reveille-trace html FILE OUT      write it as a page
       reveille-trace chrome FILE OUT    write it for ui.perfetto.dev or chrome://tracing";

fn main() -> ExitCode {
    let words: Vec<OsString> = env::args_os().skip(1).collect();
    let command = words.first().and_then(|word| word.to_str());
    let outcome = match (command, words.get(1..).unwrap_or_default()) {
        (Some("check"), [file]) => check(file.as_ref()),
        (Some("html"), [file, out]) => export(file.as_ref(), out.as_ref(), |trace, out| {
            out.write_all(html::text(trace).as_bytes())
        }),
        (Some("chrome"), [file, out]) => export(file.as_ref(), out.as_ref(), |trace, out| {
            chrome::write(trace, out)
        }),
        (Some("help" | "--help" | "-h"), _) => print(USAGE).map(|()| ExitCode::SUCCESS),
        _ => Err(USAGE.to_owned()),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("{error}");
        ExitCode::from(2)
    })
}

fn check(file: &Path) -> Result<ExitCode, String> {
    let trace = trace(file)?;
    let findings = findings::find(&trace);
    if findings.is_empty() {
        let claim = if trace.meta.truncated {
            ", as far as it goes back"
        } else {
            ""
        };
        print(&format!(
            "{}: nothing found in {} events{claim}",
            file.display(),
            trace.events.len()
        ))?;
        return Ok(ExitCode::SUCCESS);
    }
    let told: Vec<String> = findings.iter().map(|finding| Told(finding).to_string()).collect();
    print(&told.join("\n\n"))?;
    Ok(ExitCode::from(1))
}

fn export(
    file: &Path,
    out: &Path,
    write: impl FnOnce(&Trace, &mut BufWriter<File>) -> io::Result<()>,
) -> Result<ExitCode, String> {
    let trace = trace(file)?;
    let written = File::create(out).and_then(|file| {
        let mut file = BufWriter::new(file);
        write(&trace, &mut file)?;
        file.flush()
    });
    written
        .map(|()| ExitCode::SUCCESS)
        .map_err(|error| format!("{}: {error}", out.display()))
}

fn trace(file: &Path) -> Result<Trace, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    read::read(&text).map_err(|error| format!("{}: {error}", file.display()))
}

/// Nobody is told twice that the other end of a pipe has gone.
fn print(text: &str) -> Result<(), String> {
    match writeln!(io::stdout(), "{text}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.to_string()),
        _ => Ok(()),
    }
}

/// A finding for people.
struct Told<'a>(&'a Finding);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Finding {
            kind,
            title,
            evidence,
            fix,
            chapter,
            ..
        } = self.0;
        write!(
            f,
            "{kind}: {title}\n  {evidence}\n  {fix}\n  See {chapter} of the book."
        )
    }
}
