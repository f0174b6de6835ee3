//! What it costs to build a program: an echo server (`footprint/`) on each runtime, from nothing, with cargo's own release profile.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::figures::Subject;
use crate::program::Outcome;

pub(crate) const SCENARIO: &str = "build";

/// This workspace's profile is for measuring; whoever builds a program has this one, stripped so that sizes compare.
const PROFILE: [&str; 3] = [
    "profile.release.codegen-units=16",
    "profile.release.lto=false",
    "profile.release.strip=true",
];

pub(crate) fn measure(subject: &Subject) -> Outcome {
    let name = match subject.runtime.as_str() {
        "raw" => "mio",
        "monoio-epoll" => "monoio",
        runtime => runtime,
    };
    match build(&format!("footprint-{name}")) {
        Ok(figures) => Outcome::Measured(figures),
        Err(reason) => Outcome::Failed(reason),
    }
}

/// Removes what was built, however that ended.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn build(package: &str) -> Result<Vec<(String, f64)>, String> {
    let scratch = Scratch(std::env::temp_dir().join(format!("{package}-{}", std::process::id())));
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
    let crates = crates(package, &manifest)?;
    let mut cargo = Command::new("cargo");
    cargo
        .args([
            "build",
            "--quiet",
            "--release",
            "--locked",
            "-p",
            package,
            "--manifest-path",
        ])
        .arg(&manifest)
        .arg("--target-dir")
        .arg(&scratch.0)
        .env_remove("CARGO_INCREMENTAL");
    for setting in PROFILE {
        cargo.args(["--config", setting]);
    }
    let (start, before) = (Instant::now(), children_seconds());
    run(&mut cargo)?;
    let (wall, cpu) = (start.elapsed().as_secs_f64(), children_seconds() - before);
    let binary = scratch.0.join("release").join(package);
    let bytes = fs::metadata(binary).map_err(|error| error.to_string())?.len();
    let figures = [
        ("wall_s", wall),
        ("cpu_s", cpu),
        ("crates", crates),
        ("bytes", bytes as f64),
    ];
    Ok(figures.map(|(name, value)| (name.to_owned(), value)).to_vec())
}

/// How many crates are compiled besides its own.
fn crates(package: &str, manifest: &Path) -> Result<f64, String> {
    let mut cargo = Command::new("cargo");
    cargo
        .args([
            "tree",
            "--locked",
            "-p",
            package,
            "-e",
            "normal,build",
            "--prefix",
            "none",
            "--format",
            "{p}",
        ])
        .arg("--manifest-path")
        .arg(manifest);
    let text = run(&mut cargo)?;
    let crates: BTreeSet<_> = text
        .lines()
        .map(|line| line.trim_end_matches(" (*)"))
        .filter(|line| !line.is_empty())
        .collect();
    Ok(crates.len() as f64 - 1.0)
}

fn run(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Processor time of all children that have ended.
fn children_seconds() -> f64 {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the name, which may have anything in it: the 14th and 15th are the children's user and system time.
    let fields: Vec<_> = text
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<f64>().ok());
    let ticks = ticks(13).unwrap_or(0.0) + ticks(14).unwrap_or(0.0);
    ticks / rustix::param::clock_ticks_per_second() as f64
}
