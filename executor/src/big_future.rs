//! Futures that are too big to be moved about.

use std::panic::Location;
use std::pin::Pin;

use reveille_context::event::{self, Event};

/// From this size in bytes on a future is boxed before it is moved into its task; tokio's limit in release builds.
const LIMIT: usize = 16 * 1024;

// BOOK: ch02
/// Whether a future is to be boxed where it is spawned, so that it is moved once and not through every call on the way.
#[inline]
pub(crate) const fn is_big<F>() -> bool {
    size_of::<F>() > LIMIT
}

/// Moves a big future into a box, in the outermost function that has it, and tells of it.
#[cold]
#[inline(never)]
pub(crate) fn boxed<F>(future: F, location: &'static Location<'static>) -> Pin<Box<F>> {
    tell(size_of::<F>(), location);
    event::emit(move || Event::Boxed {
        size: size_of::<F>(),
        location,
    });
    Box::pin(future)
}

/// Tells of a big future, once for each place that spawns one, in debug builds: a box more, and so many bytes copied, are
/// seldom meant.
#[cold]
#[inline(never)]
fn tell(size: usize, location: &'static Location<'static>) {
    #[cfg(debug_assertions)]
    told::tell(size, location);
    #[cfg(not(debug_assertions))]
    let _ = (size, location);
}

#[cfg(debug_assertions)]
mod told {
    use std::collections::HashSet;
    use std::io::Write;
    use std::panic::Location;
    use std::sync::{Mutex, PoisonError};

    static TOLD: Mutex<Option<HashSet<&'static Location<'static>>>> = Mutex::new(None);

    pub(super) fn tell(size: usize, location: &'static Location<'static>) {
        let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
        if told.get_or_insert_default().insert(location) {
            drop(told);
            let _ = writeln!(
                std::io::stderr(),
                "reveille: the future spawned at {location} has {size} bytes; it is boxed (told once, in debug builds)"
            );
        }
    }
}
