//! Values that belong to a task, as thread-locals belong to a thread.

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread;

use pin_project_lite::pin_project;

/// Declares values that are set for a future and all that it calls: see [`LocalKey`].
///
/// # Examples
///
/// ```
/// reveille_executor::task_local! {
///     /// Who asked.
///     pub static USER: String;
///     static DEPTH: u32;
/// }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! task_local {
    () => {};
    ($(#[$attribute:meta])* $visibility:vis static $name:ident: $type:ty; $($rest:tt)*) => {
        $crate::task_local!($(#[$attribute])* $visibility static $name: $type);
        $crate::task_local!($($rest)*);
    };
    ($(#[$attribute:meta])* $visibility:vis static $name:ident: $type:ty) => {
        $(#[$attribute])*
        $visibility static $name: $crate::LocalKey<$type> = {
            ::std::thread_local! {
                static SLOT: ::std::cell::RefCell<::std::option::Option<$type>> = const {
                    ::std::cell::RefCell::new(::std::option::Option::None)
                };
            }
            $crate::LocalKey::from_slot(&SLOT)
        };
    };
}

/// A value that is there while a future that it was given to is polled or dropped. Made by
/// [`task_local!`](crate::task_local).
///
/// The value belongs to the future of [`scope`](Self::scope), not to a thread: it moves with the future from worker to
/// worker, and a task that is spawned inside does not inherit it.
///
/// # Examples
///
/// ```
/// use reveille_executor::{CurrentThread, ThreadPark, task_local, yield_now};
///
/// task_local! {
///     static USER: &'static str;
/// }
///
/// CurrentThread::new(ThreadPark::new()).block_on(async {
///     USER.scope("ada", async {
///         yield_now().await;
///         assert_eq!(USER.get(), "ada");
///     })
///     .await;
///     assert!(USER.try_with(|_| ()).is_err());
/// });
/// ```
pub struct LocalKey<T: 'static> {
    slot: &'static thread::LocalKey<RefCell<Option<T>>>,
}

impl<T: 'static> LocalKey<T> {
    /// For [`task_local!`](crate::task_local) only.
    #[doc(hidden)]
    pub const fn from_slot(slot: &'static thread::LocalKey<RefCell<Option<T>>>) -> Self {
        Self { slot }
    }

    /// Sets the value for `future`, as long as that lives. What was set outside is hidden meanwhile.
    ///
    /// See [`LocalKey`] for an example.
    ///
    /// # Cancel safety
    ///
    /// As safe as `future` is.
    ///
    /// # Panics
    ///
    /// When polled while the value is borrowed by a [`with`](Self::with) around it.
    pub fn scope<F: Future>(&'static self, value: T, future: F) -> TaskLocalFuture<T, F> {
        TaskLocalFuture {
            key: self,
            value: Some(value),
            future: Some(future),
        }
    }

    /// Sets the value while `call` runs.
    ///
    /// # Panics
    ///
    /// When the value is borrowed by a [`with`](Self::with) around this call.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_executor::task_local;
    ///
    /// task_local! {
    ///     static USER: String;
    /// }
    ///
    /// let length = USER.sync_scope("ada".to_owned(), || USER.with(String::len));
    /// assert_eq!(length, 3);
    /// ```
    #[track_caller]
    pub fn sync_scope<R>(&'static self, value: T, call: impl FnOnce() -> R) -> R {
        let mut value = Some(value);
        match self.enter(&mut value) {
            Ok(_inside) => call(),
            Err(error) => error.panic(),
        }
    }

    /// Lends the value.
    ///
    /// See [`sync_scope`](Self::sync_scope) for an example.
    ///
    /// # Panics
    ///
    /// Where it is not set.
    #[track_caller]
    pub fn with<R>(&'static self, call: impl FnOnce(&T) -> R) -> R {
        match self.try_with(call) {
            Ok(result) => result,
            Err(_) => panic!(
                "a task-local value was asked for where it is not set; set it around, with `KEY.scope(value, future)`"
            ),
        }
    }

    /// Lends the value; an error where it is not set.
    ///
    /// # Examples
    ///
    /// ```
    /// use reveille_executor::task_local;
    ///
    /// task_local! {
    ///     static USER: String;
    /// }
    ///
    /// let name = || USER.try_with(String::clone).unwrap_or_else(|_| "nobody".to_owned());
    /// assert_eq!(name(), "nobody");
    /// assert_eq!(USER.sync_scope("ada".to_owned(), name), "ada");
    /// ```
    pub fn try_with<R>(&'static self, call: impl FnOnce(&T) -> R) -> Result<R, AccessError> {
        let inside = self.slot.try_with(|slot| {
            // A scope that is entered or left meanwhile finds it borrowed, and says so.
            let value = slot.try_borrow().ok()?;
            value.as_ref().map(call)
        });
        inside.ok().flatten().ok_or(AccessError(()))
    }

    /// A copy of the value.
    ///
    /// See [`LocalKey`] for an example.
    ///
    /// # Panics
    ///
    /// Where it is not set.
    #[track_caller]
    pub fn get(&'static self) -> T
    where
        T: Clone,
    {
        self.with(T::clone)
    }

    /// Exchanges `value` with what is set on this thread, and back when the guard is dropped.
    fn enter<'a>(&'static self, value: &'a mut Option<T>) -> Result<Inside<'a, T>, EnterError> {
        self.swap(value)?;
        Ok(Inside { key: self, value })
    }

    fn swap(&'static self, value: &mut Option<T>) -> Result<(), EnterError> {
        let swapped = self.slot.try_with(|slot| match slot.try_borrow_mut() {
            Ok(mut slot) => {
                mem::swap(&mut *slot, value);
                Ok(())
            }
            Err(_) => Err(EnterError::Borrowed),
        });
        swapped.unwrap_or(Err(EnterError::ThreadEnds))
    }
}

impl<T: 'static> fmt::Debug for LocalKey<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LocalKey")
    }
}

/// The value is set while this lives.
struct Inside<'a, T: 'static> {
    key: &'static LocalKey<T>,
    value: &'a mut Option<T>,
}

impl<T> Drop for Inside<'_, T> {
    fn drop(&mut self) {
        // It was free when this was made, and every borrow since has ended, since it borrowed for a call.
        let _ = self.key.swap(self.value);
    }
}

enum EnterError {
    Borrowed,
    ThreadEnds,
}

impl EnterError {
    #[track_caller]
    fn panic(self) -> ! {
        match self {
            Self::Borrowed => panic!(
                "a task-local value was set while `with` lends it; end the `with` first, or take a copy with `get`"
            ),
            Self::ThreadEnds => panic!("a task-local value was set while its thread ends"),
        }
    }
}

pin_project! {
    /// The future of [`LocalKey::scope`].
    ///
    /// See [`LocalKey`] for an example.
    #[must_use = "futures do nothing unless awaited"]
    pub struct TaskLocalFuture<T: 'static, F> {
        key: &'static LocalKey<T>,
        value: Option<T>,
        // `None` once it was dropped.
        #[pin]
        future: Option<F>,
    }

    impl<T: 'static, F> PinnedDrop for TaskLocalFuture<T, F> {
        fn drop(this: Pin<&mut Self>) {
            // The future's destructors may look for the value, too.
            let mut this = this.project();
            if this.future.is_some() {
                let _inside = this.key.enter(this.value);
                this.future.set(None);
            }
        }
    }
}

impl<T: 'static, F> TaskLocalFuture<T, F> {
    /// Takes the value out of the scope, in which it is not set from now on.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::pin::pin;
    /// use reveille_executor::{CurrentThread, ThreadPark, task_local};
    ///
    /// task_local! {
    ///     static USER: String;
    /// }
    ///
    /// # CurrentThread::new(ThreadPark::new()).block_on(async {
    /// let mut scope = pin!(USER.scope("ada".to_owned(), async {}));
    /// scope.as_mut().await;
    /// assert_eq!(scope.take_value().as_deref(), Some("ada"));
    /// # });
    /// ```
    pub fn take_value(self: Pin<&mut Self>) -> Option<T> {
        self.project().value.take()
    }
}

impl<T: 'static, F: Future> Future for TaskLocalFuture<T, F> {
    type Output = F::Output;

    #[track_caller]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let _inside = match this.key.enter(this.value) {
            Ok(inside) => inside,
            Err(error) => error.panic(),
        };
        let future = this.future.as_mut().as_pin_mut();
        let polled = future
            .expect("`TaskLocalFuture` polled after it returned")
            .poll(cx);
        if polled.is_ready() {
            this.future.set(None);
        }
        polled
    }
}

impl<T: 'static, F> fmt::Debug for TaskLocalFuture<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskLocalFuture").finish_non_exhaustive()
    }
}

/// A task-local value is not set here.
///
/// See [`LocalKey::try_with`] for an example.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AccessError(());

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the task-local value is not set here")
    }
}

impl std::error::Error for AccessError {}
