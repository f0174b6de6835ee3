//! Where a trace goes, and in which form: `out.html`, `out.json`, `chrome:out.json`.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::trace::Trace;
use crate::{chrome, html, trace_json};

/// A file, and what is written there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    format: Format,
    path: PathBuf,
}

/// What a trace is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Json,
    Chrome,
    Page,
}

impl Output {
    /// The form goes by the name: one that ends in `.html` becomes the page, `.json` the trace itself; behind `chrome:` it is for
    /// Perfetto, and for Chrome's own viewer. `None` for any other.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_trace::output::Output;
    ///
    /// assert!(Output::parse("out.html").is_some());
    /// assert!(Output::parse("chrome:out.json").is_some());
    /// assert!(Output::parse("out.txt").is_none());
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        let (is_chrome, path) = match text.strip_prefix("chrome:") {
            Some(path) => (true, path),
            None => (false, text),
        };
        let format = match Path::new(path).extension()?.to_str()? {
            "json" if is_chrome => Format::Chrome,
            "json" => Format::Json,
            "html" if !is_chrome => Format::Page,
            _ => return None,
        };
        Some(Self {
            format,
            path: path.into(),
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes `trace` there, in place of what was there before: first beside it, so that who looks meanwhile finds the one or the
    /// other whole.
    ///
    /// # Errors
    ///
    /// Those of writing a file; they name it.
    pub fn write(&self, trace: &Trace) -> io::Result<()> {
        let named =
            |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", self.path.display()));
        let mut beside = self.path.clone().into_os_string();
        beside.push(format!(".{}.part", std::process::id()));
        let written = self.write_to(trace, Path::new(&beside));
        let moved = written.and_then(|()| std::fs::rename(&beside, &self.path));
        if moved.is_err() {
            // What is left of it is of no use; that it may be gone already is no news.
            let _ = std::fs::remove_file(&beside);
        }
        moved.map_err(named)
    }

    fn write_to(&self, trace: &Trace, path: &Path) -> io::Result<()> {
        let mut file = BufWriter::new(File::create(path)?);
        match self.format {
            Format::Json => trace_json::write(trace, &mut file)?,
            Format::Chrome => chrome::write(trace, &mut file)?,
            Format::Page => file.write_all(html::text(trace).as_bytes())?,
        }
        file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_goes_by_the_name() {
        let format = |text| Output::parse(text).map(|output| output.format);
        assert_eq!(format("a/b.c/out.html"), Some(Format::Page));
        assert_eq!(format("out.json"), Some(Format::Json));
        assert_eq!(format("chrome:out.json"), Some(Format::Chrome));
        for none in [
            "",
            "html",
            ".html",
            "out",
            "out.htm",
            "chrome:out.html",
            "chrome:",
        ] {
            assert_eq!(format(none), None, "{none}");
        }
    }
}
