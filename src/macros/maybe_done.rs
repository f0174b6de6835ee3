//! A future that keeps its output until the others are complete too.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

// BOOK: ch08
pin_project! {
    /// A branch of [`join!`](crate::join) or [`try_join!`](crate::try_join). Its future is dropped when it completes, not
    /// with the others.
    #[derive(Debug)]
    #[project = Stage]
    #[project_replace = Taken]
    pub enum MaybeDone<F: Future> {
        Running {
            #[pin]
            future: F,
        },
        Done {
            output: F::Output,
        },
        Gone,
    }
}

impl<F: Future> MaybeDone<F> {
    pub fn new(future: impl IntoFuture<IntoFuture = F>) -> Self {
        Self::Running {
            future: future.into_future(),
        }
    }

    /// Polls the future unless it is complete.
    pub fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if let Stage::Running { future } = self.as_mut().project() {
            let output = ready!(future.poll(cx));
            self.set(Self::Done { output });
        }
        Poll::Ready(())
    }

    /// The output of a future that is complete, once.
    pub fn take_output(self: Pin<&mut Self>) -> F::Output {
        match self.project_replace(Self::Gone) {
            Taken::Done { output } => output,
            Taken::Running { .. } | Taken::Gone => unreachable!("only what is complete is asked, and once"),
        }
    }
}

impl<T, E, F: Future<Output = Result<T, E>>> MaybeDone<F> {
    /// The error of a future that has failed, once.
    pub fn take_error(mut self: Pin<&mut Self>) -> Option<E> {
        if !matches!(self.as_mut().project(), Stage::Done { output: Err(_) }) {
            return None;
        }
        self.take_output().err()
    }

    /// The value of a future that has succeeded, once.
    pub fn take_value(self: Pin<&mut Self>) -> T {
        match self.take_output() {
            Ok(value) => value,
            Err(_) => unreachable!("an error is taken when it is there"),
        }
    }
}
