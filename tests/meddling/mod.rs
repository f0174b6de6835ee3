//! A waker whose clone, wake and drop do something to the runtime. By hand: `std::task::Wake` does not let one meddle with
//! clone and drop.
//!
//! Rule: the data of each of these wakers is an `Arc<M>`, counted for it.

use std::sync::Arc;
use std::task::{RawWaker, RawWakerVTable, Waker};

pub(crate) trait Meddle: Send + Sync + 'static {
    /// When a waker is cloned or dropped.
    fn meddle(&self);
    /// When one is woken.
    fn wake(&self);
}

pub(crate) fn waker<M: Meddle>(meddler: Arc<M>) -> Waker {
    // SAFETY: the rule: the table's functions treat the data as the `Arc<M>` that it is.
    unsafe { Waker::from_raw(raw::<M>(Arc::into_raw(meddler).cast())) }
}

fn raw<M: Meddle>(data: *const ()) -> RawWaker {
    RawWaker::new(data, Table::<M>::TABLE)
}

struct Table<M>(M);

impl<M: Meddle> Table<M> {
    const TABLE: &RawWakerVTable =
        &RawWakerVTable::new(Self::clone, Self::wake, Self::wake_by_ref, Self::drop_waker);

    unsafe fn clone(data: *const ()) -> RawWaker {
        // SAFETY: the rule.
        unsafe {
            (*data.cast::<M>()).meddle();
            Arc::increment_strong_count(data.cast::<M>());
        }
        raw::<M>(data)
    }

    unsafe fn wake(data: *const ()) {
        // SAFETY: the rule.
        unsafe {
            Self::wake_by_ref(data);
            Self::drop_waker(data);
        }
    }

    unsafe fn wake_by_ref(data: *const ()) {
        // SAFETY: the rule.
        unsafe { (*data.cast::<M>()).wake() }
    }

    unsafe fn drop_waker(data: *const ()) {
        // SAFETY: the rule.
        unsafe {
            (*data.cast::<M>()).meddle();
            Arc::decrement_strong_count(data.cast::<M>());
        }
    }
}
