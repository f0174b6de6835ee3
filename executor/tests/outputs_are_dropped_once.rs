//! An output, and the future that makes it, are dropped exactly once, in whatever order its owners leave.

mod gate;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};

use gate::Key;
use reveille_executor::{CurrentThread, JoinHandle, ThreadPark, yield_now};

struct Output(Arc<AtomicUsize>);

impl Drop for Output {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A task at a gate, and all who refer to it.
struct Scene {
    executor: Option<CurrentThread<ThreadPark>>,
    key: Key,
    handle: Option<JoinHandle<Output>>,
    waker: Option<Waker>,
    output: Option<Output>,
    outputs_dropped: Arc<AtomicUsize>,
}

impl Scene {
    fn new() -> Self {
        let executor = CurrentThread::new(ThreadPark::new());
        let (key, outputs_dropped) = (Key::default(), Arc::new(AtomicUsize::new(0)));
        let (gate, output) = (key.gate(), Output(outputs_dropped.clone()));
        // The output is a part of the future before it is the output.
        let handle = executor.handle().spawn(async move {
            gate.await;
            output
        });
        executor.block_on(yield_now());
        let waker = key.take_waker();
        Self {
            executor: Some(executor),
            key,
            handle: Some(handle),
            waker,
            output: None,
            outputs_dropped,
        }
    }

    fn run(&self) {
        if let Some(executor) = &self.executor {
            executor.block_on(async {
                yield_now().await;
                yield_now().await;
            });
        }
    }

    fn perform(&mut self, step: Step) {
        match step {
            Step::Complete => {
                self.key.open();
                if let Some(waker) = &self.waker {
                    waker.wake_by_ref();
                }
                self.run();
            }
            Step::Abort => {
                if let Some(handle) = &self.handle {
                    handle.abort();
                }
                self.run();
            }
            Step::Join => {
                if let Some(handle) = &mut self.handle {
                    if handle.is_finished() {
                        let joined = pollster::block_on(handle);
                        self.output = joined.ok();
                        self.handle = None;
                    } else {
                        let waiting = Pin::new(handle).poll(&mut Context::from_waker(Waker::noop()));
                        assert!(waiting.is_pending());
                    }
                }
            }
            Step::DropHandle => drop(self.handle.take()),
            Step::DropWaker => drop(self.waker.take()),
            Step::DropExecutor => drop(self.executor.take()),
            Step::DropOutput => drop(self.output.take()),
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Complete,
    Abort,
    Join,
    DropHandle,
    DropWaker,
    DropExecutor,
    DropOutput,
}

const STEPS: [Step; 7] = [
    Step::Complete,
    Step::Abort,
    Step::Join,
    Step::DropHandle,
    Step::DropWaker,
    Step::DropExecutor,
    Step::DropOutput,
];

fn for_each_order(left: &mut Vec<Step>, order: &mut Vec<Step>, check: &mut impl FnMut(&[Step])) {
    if left.is_empty() {
        return check(order);
    }
    for index in 0..left.len() {
        let step = left.remove(index);
        order.push(step);
        for_each_order(left, order, check);
        order.pop();
        left.insert(index, step);
    }
}

#[test]
fn in_each_order_of_leaving() {
    let mut orders = 0;
    for_each_order(&mut STEPS.to_vec(), &mut Vec::new(), &mut |order| {
        orders += 1;
        let mut scene = Scene::new();
        for step in order {
            scene.perform(*step);
            assert!(
                scene.outputs_dropped.load(Ordering::SeqCst) <= 1,
                "twice at {step:?} of {order:?}"
            );
        }
        let (dropped, gates) = (scene.outputs_dropped.clone(), scene.key.drops());
        drop(scene);
        assert_eq!(dropped.load(Ordering::SeqCst), 1, "{order:?}");
        assert_eq!(gates, 1, "{order:?}");
        assert_eq!(Arc::strong_count(&dropped), 1, "leaked in {order:?}");
    });
    assert_eq!(orders, 5040);
}
