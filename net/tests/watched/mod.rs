//! What the epolls of this process watch. For tests that are alone in theirs.

use std::fs;

/// The descriptors that any epoll of this process watches, as the kernel tells.
pub(crate) fn watched() -> Vec<String> {
    let is_epoll = |entry: &fs::DirEntry| {
        fs::read_link(entry.path()).is_ok_and(|target| target.to_string_lossy().contains("eventpoll"))
    };
    let mut watched: Vec<String> = fs::read_dir("/proc/self/fd")
        .unwrap()
        .filter_map(Result::ok)
        .filter(is_epoll)
        .filter_map(|entry| {
            fs::read_to_string(format!(
                "/proc/self/fdinfo/{}",
                entry.file_name().to_string_lossy()
            ))
            .ok()
        })
        .flat_map(|info| info.lines().map(str::to_owned).collect::<Vec<_>>())
        .filter_map(|line| Some(line.strip_prefix("tfd:")?.split_whitespace().next()?.to_owned()))
        .collect();
    watched.sort();
    watched.dedup();
    watched
}
