//! Every transition from every word that it may meet, beside what the table at the head of `state.rs` says.

use std::env;
use std::process::Command;

use super::*;

/// The word, spelled out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Word {
    scheduled: bool,
    running: bool,
    complete: bool,
    cancelled: bool,
    join_interest: bool,
    join_waker: bool,
    references: usize,
}

impl Word {
    /// All of them with two to four references: with fewer the transitions that give one up end the task's life.
    fn all() -> impl Iterator<Item = Self> {
        (2..=4).flat_map(|references| (0..64).map(move |flags| Self::of(flags | (references << 6))))
    }

    fn of(word: usize) -> Self {
        Self {
            scheduled: word & 1 != 0,
            running: word & 2 != 0,
            complete: word & 4 != 0,
            cancelled: word & 8 != 0,
            join_interest: word & 16 != 0,
            join_waker: word & 32 != 0,
            references: word >> 6,
        }
    }

    fn state(self) -> State {
        let flags = [
            self.scheduled,
            self.running,
            self.complete,
            self.cancelled,
            self.join_interest,
            self.join_waker,
        ];
        let flags = flags
            .iter()
            .rev()
            .fold(0, |word, &flag| word << 1 | usize::from(flag));
        State(AtomicUsize::new(self.references << 6 | flags))
    }

    fn is_idle(&self) -> bool {
        !self.scheduled && !self.running && !self.complete
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

#[test]
fn a_new_task_is_scheduled_with_a_handle_and_three_references() {
    let expected = Word {
        scheduled: true,
        join_interest: true,
        references: 3,
        ..Word::of(0)
    };
    assert_eq!(Word::of(State::new().0.into_inner()), expected);
}

#[test]
fn start_takes_a_scheduled_task_for_its_thread() {
    let may_meet = |word: &Word| word.scheduled && !word.running && !word.complete;
    check(may_meet, State::start, |word| {
        (word.scheduled, word.running) = (false, true);
        if word.cancelled {
            Start::Cancel
        } else {
            Start::Poll
        }
    });
}

#[test]
fn the_end_of_a_poll_keeps_a_cancelled_task_and_queues_a_woken_one() {
    let may_meet = |word: &Word| word.running && !word.complete;
    check(may_meet, State::finish_poll, |word| {
        if word.cancelled {
            return FinishPoll::Cancel;
        }
        word.running = false;
        if word.scheduled {
            return FinishPoll::Again;
        }
        word.references -= 1;
        FinishPoll::Idle
    });
}

#[test]
fn completion_tells_who_has_the_output_and_the_waker() {
    let complete = |state: &State| {
        let Completed {
            joinable,
            wake_joiner,
        } = state.complete();
        (joinable, wake_joiner)
    };
    check(
        |word| word.running && !word.complete,
        complete,
        |word| {
            (word.running, word.complete) = (false, true);
            (word.join_interest, word.join_waker)
        },
    );
}

#[test]
fn a_wake_queues_an_idle_task_and_marks_any_other_that_is_not_complete() {
    check(any, State::wake_by_ref, |word| {
        let idle = word.is_idle();
        word.scheduled |= !word.complete;
        word.references += usize::from(idle);
        if idle { Wake::Enqueue } else { Wake::Nothing }
    });
    check(any, State::wake_by_value, |word| {
        let idle = word.is_idle();
        word.scheduled |= !word.complete;
        word.references -= usize::from(!idle);
        if idle { Wake::Enqueue } else { Wake::Nothing }
    });
}

#[test]
fn a_wake_by_value_with_the_last_reference_frees_the_task() {
    let last = Word {
        complete: true,
        references: 1,
        ..Word::of(0)
    };
    let state = last.state();
    assert_eq!(state.wake_by_value(), Wake::Free);
    assert_eq!(
        Word::of(state.0.into_inner()),
        Word {
            references: 0,
            ..last
        }
    );
}

#[test]
fn an_abort_queues_an_idle_task_and_marks_any_other_that_is_not_complete() {
    check(any, State::abort, |word| {
        if word.complete {
            return Wake::Nothing;
        }
        let idle = word.is_idle();
        word.cancelled = true;
        word.scheduled |= idle;
        word.references += usize::from(idle);
        if idle { Wake::Enqueue } else { Wake::Nothing }
    });
}

#[test]
fn a_claim_takes_an_idle_task_and_marks_any_other_that_is_not_complete() {
    check(any, State::claim, |word| {
        let idle = word.is_idle();
        word.cancelled |= !word.complete;
        word.running |= idle;
        word.references += usize::from(idle);
        idle
    });
}

#[test]
fn what_is_shown_of_a_task_is_complete_before_running_before_queued() {
    check(any, State::stage, |word| match word {
        Word { complete: true, .. } => TaskStage::Complete,
        Word { running: true, .. } => TaskStage::Running,
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
fn references_are_counted_and_the_last_is_told() {
    check(any, State::add_reference, |word| word.references += 1);
    for count in 1..=2 {
        let drop_references = move |state: &State| state.drop_references(count);
        check(any, drop_references, |word| {
            word.references -= count;
            word.references == 0
        });
    }
}

/// Runs itself in a process of its own, which is to end.
#[test]
#[cfg_attr(miri, ignore = "starts a process")]
fn a_reference_count_that_could_wrap_ends_the_process() {
    const CHILD: &str = "REVEILLE_TEST_TOO_MANY_REFERENCES";
    if env::var_os(CHILD).is_some() {
        State(AtomicUsize::new(usize::MAX / 2 + 1)).add_reference();
        return;
    }
    State(AtomicUsize::new(usize::MAX / 2)).add_reference();
    let (_, module) = module_path!().split_once("::").unwrap();
    let output = Command::new(env::current_exe().unwrap())
        .args([
            "--exact",
            &format!("{module}::a_reference_count_that_could_wrap_ends_the_process"),
        ])
        .env(CHILD, "")
        .output()
        .unwrap();
    assert!(!output.status.success(), "{output:?}");
}

#[test]
fn a_message_names_the_flags_and_the_references() {
    assert_eq!(
        format!("{:?}", State::new()),
        "SCHEDULED JOIN_INTEREST references=3"
    );
}
