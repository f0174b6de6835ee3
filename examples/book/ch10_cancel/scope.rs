//! Tasks that end before the code that spawned them goes on.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use crate::join::JoinHandle;
use crate::runtime::spawn;

// ANCHOR: scope
/// Runs `body`, which may spawn children, and waits until all have ended. To drop this is to abort them.
pub(crate) async fn scope<F: Future>(body: impl FnOnce(Scope) -> F) -> F::Output {
    let children = Children::default();
    let _whichever_way_this_ends = AbortOnDrop(children.clone());
    let output = body(Scope(children.clone())).await;
    poll_fn(|cx| {
        let mut children = children.borrow_mut();
        children.retain_mut(|child| Pin::new(child).poll(cx).is_pending());
        if children.is_empty() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    output
}

pub(crate) struct Scope(Children);

type Children = Rc<RefCell<Vec<JoinHandle<()>>>>;

impl Scope {
    pub(crate) fn spawn(&self, name: &'static str, child: impl Future<Output = ()> + 'static) {
        self.0.borrow_mut().push(spawn(name, child));
    }
}

struct AbortOnDrop(Children);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        for child in self.0.take() {
            child.abort();
        }
    }
}
// ANCHOR_END: scope
