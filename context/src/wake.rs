//! Calling wakers, which are anybody's code.

use std::any::Any;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

/// Wakes and empties `woken`. To be called where no lock of ours is held: a waker may run any code, and one that
/// panics keeps none of the others from being woken.
pub fn wake_all(woken: &mut Vec<Waker>) {
    for waker in woken.drain(..) {
        wake(waker);
    }
}

/// Calls `waker`; its panic, which the panic hook has reported by now, ends here.
pub fn wake(waker: Waker) {
    contain(|| waker.wake());
}

/// Runs `foreign` code (a waker, a destructor) whose panic must not reach the caller. Whether it returned.
pub fn contain(foreign: impl FnOnce()) -> bool {
    match catch_unwind(AssertUnwindSafe(foreign)) {
        Ok(()) => true,
        Err(payload) => {
            discard(payload);
            false
        }
    }
}

/// Drops what was thrown, whose destructor may throw something as well, and so may that's; but not for ever.
fn discard(mut payload: Box<dyn Any + Send>) {
    for _ in 0..8 {
        match catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            Ok(()) => return,
            Err(next) => payload = next,
        }
    }
    mem::forget(payload);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    struct Panics;

    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("a waker that panics");
        }
    }

    #[derive(Default)]
    struct Counts(AtomicUsize);

    impl Wake for Counts {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A payload that counts its drop, and panics in it.
    struct Explosive(Arc<Counts>);

    impl Drop for Explosive {
        fn drop(&mut self) {
            self.0.0.fetch_add(1, Ordering::Relaxed);
            panic!("a payload that panics");
        }
    }

    #[test]
    fn what_was_thrown_is_dropped_and_may_panic_in_that() {
        let counts = Arc::new(Counts::default());
        let payload = Explosive(counts.clone());
        assert!(!contain(|| std::panic::panic_any(payload)));
        assert_eq!(counts.0.load(Ordering::Relaxed), 1);
        assert_eq!(Arc::strong_count(&counts), 1);
    }

    #[test]
    fn a_waker_that_panics_does_not_keep_the_others_from_being_woken() {
        let counts = Arc::new(Counts::default());
        let mut woken = vec![
            Waker::from(counts.clone()),
            Arc::new(Panics).into(),
            counts.clone().into(),
        ];
        wake_all(&mut woken);
        assert!(woken.is_empty());
        assert_eq!(counts.0.load(Ordering::Relaxed), 2);
    }
}
