//! `page-shots FOLDER TRACE.json…`: writes how each of the four pages looks with each of the traces, in both themes, on a wide
//! and on a narrow window, as PNG files into the folder. Ends with 1 if something there could not be read.

use std::path::Path;
use std::process::ExitCode;
use std::{env, fs};

use reveille_trace::read::read;
use reveille_trace_browser::looks;
use reveille_trace_browser::tab::{NARROW, PAGES, Tab, Theme, WIDE};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [folder, traces @ ..] = &arguments[..] else {
        eprintln!("usage: page-shots FOLDER TRACE.json...");
        return ExitCode::from(2);
    };
    fs::create_dir_all(folder).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let found: usize = traces
        .iter()
        .map(|trace| shoot(Path::new(folder), Path::new(trace)))
        .sum();
    ExitCode::from(u8::from(found > 0))
}

/// Says how many complaints there were.
fn shoot(folder: &Path, file: &Path) -> usize {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let trace = read(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let name = name.split('.').next().unwrap_or_default();
    let mut tab = Tab::open(&trace);
    // In the middle there is most to see.
    tab.evaluate(&format!("reveille.seek({})", trace.events.len() / 2));
    let mut found = 0;
    for theme in Theme::BOTH {
        tab.set_theme(theme);
        for width in [WIDE, NARROW] {
            tab.resize(width);
            for page in PAGES {
                tab.show(page);
                let shot = format!("{name}-{page}-{theme}-{width}");
                tab.screenshot(&folder.join(format!("{shot}.png")));
                let complaints = looks::complaints(&mut tab);
                for complaint in &complaints {
                    eprintln!("page-shots: {shot}: {complaint}");
                }
                found += complaints.len();
            }
        }
    }
    found
}
