//! Sums and differences of instants: those of std.

use reveille_timer::{Duration, Instant};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn instants_are_added_to_and_taken_from_as_stds() {
    let start = Instant::now();
    let mut later = start;
    later += 3 * SECOND;
    assert_eq!(later, start + 3 * SECOND);
    later -= SECOND;
    assert_eq!(later - start, 2 * SECOND);
    assert_eq!(later - SECOND, start + SECOND);
}

#[test]
fn the_time_until_an_earlier_instant_is_nothing() {
    let (start, later) = (Instant::now(), Instant::now() + SECOND);
    assert_eq!(
        later.checked_duration_since(start).map(|gone| gone >= SECOND),
        Some(true)
    );
    assert_eq!(start.checked_duration_since(later), None);
    assert_eq!(start.saturating_duration_since(later), Duration::ZERO);
    assert_eq!(start.checked_add(Duration::MAX), None);
    assert_eq!(start.checked_sub(Duration::MAX), None);
}
