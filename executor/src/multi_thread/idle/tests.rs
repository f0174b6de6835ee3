//! The two sets, one step at a time, in one group of workers and across two.

use super::*;

/// Workers in a group.
const GROUP: usize = 48;

/// Workers of the first group, around its end, and of the second group.
const WORKERS: [usize; 6] = [0, 1, 2, GROUP - 1, GROUP, GROUP + 3];

fn idle() -> Idle {
    Idle::new(GROUP + 5)
}

#[test]
fn of_the_parked_the_lowest_is_claimed_and_searches() {
    let idle = idle();
    assert_eq!(idle.notify(), None, "nobody is parked");
    for worker in WORKERS {
        assert!(idle.announce(worker, false), "nobody searches");
    }
    for worker in WORKERS {
        assert!(idle.is_parked(worker));
        assert_eq!(idle.notify(), Some(worker));
        assert!(!idle.is_parked(worker));
        assert_eq!(idle.notify(), None, "the one that was claimed searches");
        assert!(idle.retract(worker), "it was claimed");
        assert!(idle.end_search(worker), "it was the only one");
    }
    assert_eq!(idle.notify(), None, "nobody is parked any more");
}

#[test]
fn one_that_nobody_claimed_takes_its_word_back() {
    let idle = idle();
    for worker in WORKERS {
        assert!(idle.announce(worker, false));
        assert!(!idle.retract(worker));
        assert!(!idle.is_parked(worker));
        assert_eq!(idle.notify(), None);
    }
}

#[test]
fn one_searches_at_a_time_unless_another_is_claimed() {
    for first in WORKERS {
        for second in WORKERS.into_iter().filter(|&second| second != first) {
            let idle = idle();
            assert!(idle.announce(second, false));
            assert_eq!(idle.notify(), Some(second));
            assert!(!idle.start_search(first), "{second} searches");
            assert!(idle.end_search(second));
            assert!(idle.start_search(first));
            assert!(!idle.announce(second, false), "{first} looks");
            assert_eq!(idle.notify(), None, "{first} answers for what is pushed");
            assert!(idle.end_search(first));
            assert_eq!(idle.notify(), Some(second));
        }
    }
}

/// Two can look and start at once: then the last of them looks again.
#[test]
fn only_the_last_searcher_looks_again() {
    let both_search = || {
        let idle = idle();
        for worker in [1, GROUP] {
            idle.group(worker)
                .fetch_add(Idle::<GROUP>::SEARCHER, Ordering::Relaxed);
        }
        idle
    };
    let idle = both_search();
    assert!(!idle.end_search(1));
    assert!(idle.end_search(GROUP));
    let idle = both_search();
    assert!(!idle.announce(1, true), "the other searches");
    assert!(idle.announce(GROUP, true), "the other parks");
    assert_eq!(idle.notify(), Some(1));
}

#[test]
fn all_are_parked_when_the_last_is() {
    for last in WORKERS {
        let idle = idle();
        for worker in (0..GROUP + 5).filter(|&worker| worker != last) {
            let _ = idle.announce(worker, false);
            assert!(!idle.all_parked());
        }
        let _ = idle.announce(last, false);
        assert!(idle.all_parked());
        assert!(!idle.retract(last));
        assert!(!idle.all_parked());
    }
}

#[test]
fn help_may_come_while_one_is_parked_and_nobody_searches() {
    for parked in [&[][..], &[1], &[GROUP], &[1, GROUP + 1], &[1, 2, GROUP]] {
        for searching in [&[][..], &[0], &[GROUP + 2], &[0, GROUP + 2]] {
            let idle = idle();
            for &worker in parked {
                let _ = idle.announce(worker, false);
            }
            for &worker in searching {
                idle.group(worker)
                    .fetch_add(Idle::<GROUP>::SEARCHER, Ordering::Relaxed);
            }
            let expected = !parked.is_empty() && searching.is_empty();
            assert_eq!(
                idle.may_help(),
                expected,
                "{parked:?} parked, {searching:?} searching"
            );
        }
    }
}
