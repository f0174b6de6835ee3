//! A channel with room for one item, between two tasks of one thread.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

pub(crate) struct Sender<T>(Rc<RefCell<Slot<T>>>);

pub(crate) struct Receiver<T>(Rc<RefCell<Slot<T>>>);

struct Slot<T> {
    item: Option<T>,
    is_closed: bool,
    /// Of who waits for room, and of who waits for an item.
    sender: Option<Waker>,
    receiver: Option<Waker>,
}

pub(crate) fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let slot = Rc::new(RefCell::new(Slot {
        item: None,
        is_closed: false,
        sender: None,
        receiver: None,
    }));
    (Sender(slot.clone()), Receiver(slot))
}

// ANCHOR: send
impl<T> Sender<T> {
    /// Waits for room, and puts the item there.
    pub(crate) async fn send(&self, item: T) {
        // While this waits, the item lies in this future.
        self.room().await;
        self.put(item);
    }

    /// Waits for room. It stays until something is put there: nobody else does that.
    pub(crate) async fn room(&self) {
        poll_fn(|cx| {
            let mut slot = self.0.borrow_mut();
            if slot.item.is_none() {
                return Poll::Ready(());
            }
            slot.sender = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// Puts an item where there is room.
    pub(crate) fn put(&self, item: T) {
        let mut slot = self.0.borrow_mut();
        assert!(slot.item.is_none(), "`room` was not waited for");
        slot.item = Some(item);
        let receiver = slot.receiver.take();
        drop(slot);
        wake(receiver);
    }
}
// ANCHOR_END: send

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut slot = self.0.borrow_mut();
        slot.is_closed = true;
        let receiver = slot.receiver.take();
        drop(slot);
        wake(receiver);
    }
}

impl<T> Receiver<T> {
    /// Waits for the next item; `None` when none will come any more.
    pub(crate) async fn receive(&self) -> Option<T> {
        poll_fn(|cx| {
            let mut slot = self.0.borrow_mut();
            let item = slot.item.take();
            if item.is_none() && !slot.is_closed {
                slot.receiver = Some(cx.waker().clone());
                return Poll::Pending;
            }
            let sender = slot.sender.take();
            drop(slot);
            wake(sender);
            Poll::Ready(item)
        })
        .await
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}
