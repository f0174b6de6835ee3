//! Every transition from every word that it may meet, beside what the table at the head of `state.rs` says.

use std::env;
use std::process::Command;

use super::*;

/// The word, spelled out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Word {
    scheduled: bool,
    complete: bool,
    cancelled: bool,
    join_interest: bool,
    join_waker: bool,
    marked: bool,
    wakes: usize,
    references: isize,
}

impl Word {
    /// All of them with less than none to three references: some may be counted elsewhere.
    fn all() -> impl Iterator<Item = Self> {
        (-1..=3).flat_map(|references| {
            (0..256).map(move |flags| Self {
                references,
                ..Self::of(flags)
            })
        })
    }

    fn of(word: usize) -> Self {
        Self {
            scheduled: word & 1 != 0,
            complete: word & 2 != 0,
            cancelled: word & 4 != 0,
            join_interest: word & 8 != 0,
            join_waker: word & 16 != 0,
            marked: word & 32 != 0,
            wakes: word >> 6 & 3,
            references: (word as isize) >> 8,
        }
    }

    fn state(self) -> State {
        let flags = [
            self.scheduled,
            self.complete,
            self.cancelled,
            self.join_interest,
            self.join_waker,
            self.marked,
        ];
        let flags = flags
            .iter()
            .rev()
            .fold(self.wakes, |word, &flag| word << 1 | usize::from(flag));
        State(AtomicUsize::new((self.references << 8) as usize | flags))
    }

    fn is_idle(&self) -> bool {
        !self.scheduled && !self.complete
    }
}

/// `expected` changes the word as `transition` should, and names its result.
fn check<R: fmt::Debug + PartialEq>(
    may_meet: impl Fn(&Word) -> bool,
    transition: impl Fn(&State) -> R,
    expected: impl Fn(&mut Word) -> R,
) {
    for before in Word::all().filter(may_meet) {
        let (state, mut after) = (before.state(), before);
        let expected = expected(&mut after);
        assert_eq!(transition(&state), expected, "from {before:?}");
        assert_eq!(Word::of(state.0.into_inner()), after, "from {before:?}");
    }
}

fn any(_: &Word) -> bool {
    true
}

/// Of a task that any worker may run.
fn is_shared(word: &Word) -> bool {
    !word.marked
}

/// Of one that a thread has.
fn is_taken(word: &Word) -> bool {
    is_shared(word) && word.scheduled && !word.complete
}

/// Of a bound task.
fn is_bound(word: &Word) -> bool {
    word.wakes == 0
}

#[test]
fn a_new_task_has_the_references_of_the_runtime_of_the_handle_and_of_its_mail() {
    let word = |state: State| Word::of(state.0.into_inner());
    let here = Word {
        join_interest: true,
        references: 2,
        ..Word::of(0)
    };
    assert_eq!(word(State::new_here()), here);
    let queued = Word {
        scheduled: true,
        ..here
    };
    assert_eq!(word(State::new()), queued);
    let mailed = Word {
        references: 3,
        ..queued
    };
    assert_eq!(word(State::new_mailed()), mailed);
}

#[test]
fn start_tells_how_many_wakes_there_were_and_makes_room_for_more() {
    let start = |word: &Word| match word.cancelled {
        true => Start::Cancel,
        false => Start::Poll(Wakes(word.wakes << 6)),
    };
    check(is_taken, State::start, |word| {
        word.wakes %= 3;
        start(word)
    });
    check(is_bound, State::start_bound, |word| start(word));
    check(any, State::is_cancelled, |word| word.cancelled);
}

#[test]
fn the_end_of_a_poll_keeps_a_cancelled_task_and_queues_a_woken_one() {
    for (woke_itself, counted) in [(false, 0), (false, -2), (true, 0), (true, 3)] {
        // A poll does not begin with a full count.
        for seen in 0..3 {
            let finish = move |state: &State| state.finish_poll(Wakes(seen << 6), woke_itself, counted);
            check(is_taken, finish, |word| {
                if word.cancelled {
                    return FinishPoll::Cancel;
                }
                word.references += counted;
                if woke_itself || word.wakes != seen {
                    return FinishPoll::Again;
                }
                (word.scheduled, word.wakes) = (false, 0);
                FinishPoll::Idle
            });
        }
    }
}

#[test]
fn completion_tells_who_has_the_output_the_waker_and_a_mail() {
    let told = |completed: Completed| {
        let Completed {
            joinable,
            wake_joiner,
            is_mailed,
        } = completed;
        (joinable, wake_joiner, is_mailed)
    };
    for counted in [-2, 0, 5] {
        let expected = |word: &mut Word| {
            word.complete = true;
            word.references += counted;
            (word.join_interest, word.join_waker, word.scheduled)
        };
        let shared = |word: &mut Word| {
            let told = expected(word);
            word.scheduled = false;
            told
        };
        check(is_taken, |state| told(state.complete(counted)), shared);
        let may_meet = |word: &Word| is_bound(word) && !word.complete;
        check(may_meet, |state| told(state.complete_bound(counted)), expected);
    }
}

#[test]
fn a_wake_queues_an_idle_task_and_counts_for_any_other_that_is_not_complete() {
    let wake = |word: &mut Word| {
        let idle = word.is_idle();
        if !word.complete && !idle {
            word.wakes = (word.wakes + 1).min(3);
        }
        word.scheduled |= idle;
        idle
    };
    check(is_shared, State::wake_by_ref, |word| {
        if wake(word) { Wake::Enqueue } else { Wake::Nothing }
    });
    check(is_shared, State::wake_by_value, |word| {
        let idle = wake(word);
        word.references -= 1;
        match () {
            () if idle => Wake::Enqueue,
            () if word.complete && word.references == 0 => Wake::Free,
            () => Wake::Nothing,
        }
    });
}

#[test]
fn a_bound_task_that_is_not_complete_is_mailed_once_at_a_time() {
    check(is_bound, State::post, |word| {
        let sent = !word.complete && !word.scheduled;
        word.scheduled |= sent;
        word.references += isize::from(sent);
        if sent { Wake::Enqueue } else { Wake::Nothing }
    });
    check(is_bound, State::post_by_value, |word| {
        let sent = !word.complete && !word.scheduled;
        word.scheduled |= sent;
        word.references -= isize::from(!sent);
        match () {
            () if sent => Wake::Enqueue,
            () if word.complete && word.references == 0 => Wake::Free,
            () => Wake::Nothing,
        }
    });
}

#[test]
fn a_mail_is_opened_with_its_mark_and_its_reference() {
    let may_meet = |word: &Word| is_bound(word) && word.scheduled;
    check(may_meet, State::open, |word| {
        let is_marked = word.marked;
        (word.scheduled, word.marked) = (false, false);
        word.references -= 1;
        let found = match () {
            () if !word.complete => Found::Incomplete,
            () if word.references == 0 => Found::Last,
            () => Found::Complete,
        };
        Opened { found, is_marked }
    });
    check(is_bound, State::mark, |word| word.marked = true);
}

#[test]
fn an_abort_queues_an_idle_task_and_marks_any_other_that_is_not_complete() {
    check(is_shared, State::abort, |word| {
        if word.complete {
            return Wake::Nothing;
        }
        let idle = word.is_idle();
        word.cancelled = true;
        word.scheduled |= idle;
        if idle { Wake::Enqueue } else { Wake::Nothing }
    });
    check(is_bound, State::abort_bound, |word| {
        word.cancelled |= !word.complete;
        !word.complete
    });
}

#[test]
fn a_claim_takes_an_idle_task_and_marks_any_other_that_is_not_complete() {
    check(is_shared, State::claim, |word| {
        let idle = word.is_idle();
        word.cancelled |= !word.complete;
        word.scheduled |= idle;
        idle
    });
}

#[test]
fn what_is_shown_of_a_task_is_complete_before_queued() {
    check(any, State::stage, |word| match word {
        Word { complete: true, .. } => TaskStage::Complete,
        Word { scheduled: true, .. } => TaskStage::Queued,
        _ => TaskStage::Idle,
    });
    check(any, State::is_complete, |word| word.complete);
    check(any, State::has_join_waker, |word| word.join_waker);
}

#[test]
fn the_waker_slot_changes_hands_until_the_task_is_complete() {
    let outcome = |word: &Word| {
        if word.complete {
            Err(AlreadyComplete)
        } else {
            Ok(())
        }
    };
    check(
        |word| word.join_interest && !word.join_waker,
        State::set_join_waker,
        |word| {
            word.join_waker = !word.complete;
            outcome(word)
        },
    );
    check(
        |word| word.join_interest,
        State::unset_join_waker,
        |word| {
            word.join_waker &= word.complete;
            outcome(word)
        },
    );
}

#[test]
fn a_handle_goes_at_once_unless_there_is_an_output_or_a_waker() {
    check(any, State::drop_handle, |word| {
        if word.complete {
            return DropHandle::Output;
        }
        if word.join_waker {
            return DropHandle::Waker;
        }
        word.join_interest = false;
        word.references -= 1;
        DropHandle::Done
    });
}

#[test]
fn references_are_counted_and_the_last_of_a_complete_task_is_told() {
    check(any, State::add_reference, |word| word.references += 1);
    check(any, State::drop_reference, |word| {
        word.references -= 1;
        word.complete && word.references == 0
    });
}

/// Runs itself in a process of its own, which is to end.
#[test]
#[cfg_attr(miri, ignore = "starts a process")]
fn a_reference_count_that_could_wrap_ends_the_process() {
    const CHILD: &str = "REVEILLE_TEST_TOO_MANY_REFERENCES";
    const MOST: usize = usize::MAX / 4;
    let add: [fn(usize); 2] = [
        |references| State(AtomicUsize::new(references)).add_reference(),
        |references| {
            let word = references & !(REFERENCE - 1) | SCHEDULED;
            let _ = State(AtomicUsize::new(word)).finish_poll(Wakes(0), true, 1);
        },
    ];
    if let Ok(which) = env::var(CHILD) {
        add[which.parse::<usize>().unwrap()](MOST + REFERENCE);
        return;
    }
    let (_, module) = module_path!().split_once("::").unwrap();
    let test = format!("{module}::a_reference_count_that_could_wrap_ends_the_process");
    for (which, add) in add.iter().enumerate() {
        add(MOST);
        let output = Command::new(env::current_exe().unwrap())
            .args(["--exact", &test])
            .env(CHILD, which.to_string())
            .output()
            .unwrap();
        assert!(!output.status.success(), "{output:?}");
    }
}

#[test]
fn a_message_names_the_flags_and_the_references() {
    assert_eq!(
        format!("{:?}", State::new()),
        "SCHEDULED JOIN_INTEREST wakes=0 references=2"
    );
}
