//! The memory of freed cells, which a thread keeps for those that it makes next.
//!
//! An allocator keeps a handful of blocks of a size ready on each thread (glibc seven), and who frees more than that pays for
//! its common lists: a third of what a short task in a batch costs, or more if another thread has made the cells. Here a block
//! is taken and kept by a few plain loads and stores.

use std::alloc::{self, Layout};
use std::cell::Cell;
use std::ptr::{self, NonNull};

use crate::primitive::KEEPS_MEMORY;

/// Memory for a cell of that layout.
#[inline]
pub(super) fn allocate(layout: Layout) -> NonNull<u8> {
    let kept = kind_of(layout).and_then(|kind| POOL.try_with(|pool| pool.take(kind)).ok().flatten());
    kept.unwrap_or_else(|| allocate_anew(layout))
}

/// Gives it up.
///
/// # Safety
///
/// `memory` came from [`allocate`] for the same layout, and nobody uses it any more.
#[inline]
pub(super) unsafe fn free(memory: NonNull<u8>, layout: Layout) {
    // SAFETY: the caller's promise: it is of that kind.
    let keep = |kind| POOL.try_with(|pool| unsafe { pool.keep(kind, memory) });
    let is_kept = kind_of(layout).is_some_and(|kind| keep(kind).unwrap_or(false));
    if !is_kept {
        // SAFETY: the caller's promise.
        unsafe { alloc::dealloc(memory.as_ptr(), layout) }
    }
}

/// So many bytes a thread keeps at most, whatever the sizes: a thousand small cells. One that makes none keeps nothing.
const MOST: usize = 128 * 1024;
/// Larger cells are not kept.
const LARGEST: usize = 512;
/// The alignment of a cell whose future has none of its own. Sizes are multiples of it.
const ALIGNMENT: usize = align_of::<u64>();
const KINDS: usize = LARGEST / ALIGNMENT + 1;

/// A layout's number among those that are kept.
#[inline]
fn kind_of(layout: Layout) -> Option<usize> {
    let is_kept = KEEPS_MEMORY && layout.align() == ALIGNMENT && layout.size() <= LARGEST;
    is_kept.then(|| layout.size() / ALIGNMENT)
}

/// The inverse of [`kind_of`].
fn layout_of(kind: usize) -> Layout {
    Layout::from_size_align(kind * ALIGNMENT, ALIGNMENT).expect("it is small")
}

/// Free blocks, a list for each size.
struct Pool {
    /// A kind's first block.
    first: [Cell<*mut Block>; KINDS],
    /// How much it keeps.
    bytes: Cell<usize>,
}

/// What a free block begins with.
struct Block {
    next: *mut Block,
}

thread_local! {
    static POOL: Pool = const { Pool::new() };
}

impl Pool {
    /// It counts as full until something is asked for.
    const fn new() -> Self {
        Self {
            first: [const { Cell::new(ptr::null_mut()) }; KINDS],
            bytes: Cell::new(MOST),
        }
    }

    #[inline]
    fn take(&self, kind: usize) -> Option<NonNull<u8>> {
        let Some(block) = NonNull::new(self.first[kind].get()) else {
            self.make_room();
            return None;
        };
        // SAFETY: rule J: what is in a list is a `Block`.
        self.first[kind].set(unsafe { block.as_ref() }.next);
        self.bytes.set(self.bytes.get() - kind * ALIGNMENT);
        Some(block.cast())
    }

    /// Whether it was kept: not if there is no room.
    ///
    /// # Safety
    ///
    /// `memory` is a block of that kind, which nobody uses any more.
    #[inline]
    unsafe fn keep(&self, kind: usize, memory: NonNull<u8>) -> bool {
        let bytes = self.bytes.get() + kind * ALIGNMENT;
        if bytes > MOST {
            return false;
        }
        let (block, next) = (memory.cast::<Block>(), self.first[kind].get());
        // SAFETY: the caller's promise: it is nobody else's, and as large and aligned as a cell, so as a `Block`.
        unsafe { block.write(Block { next }) }
        self.first[kind].set(block.as_ptr());
        self.bytes.set(bytes);
        true
    }

    /// If it is full and has nothing of what is asked for, what it keeps is what was needed once. Each block that goes
    /// was kept for nothing only this once.
    #[cold]
    fn make_room(&self) {
        if self.bytes.get() + LARGEST > MOST {
            self.give_back();
        }
    }

    fn give_back(&self) {
        // Before anything is freed, since the allocator may come back here.
        self.bytes.set(0);
        for (kind, first) in self.first.iter().enumerate() {
            let mut next = first.replace(ptr::null_mut());
            while let Some(block) = NonNull::new(next) {
                // SAFETY: rule J: what is in a list is a `Block`.
                next = unsafe { block.as_ref() }.next;
                // SAFETY: rule J: it was allocated with the kind's layout, and is in no list any more.
                unsafe { alloc::dealloc(block.as_ptr().cast(), layout_of(kind)) }
            }
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.give_back();
    }
}

#[cold]
fn allocate_anew(layout: Layout) -> NonNull<u8> {
    debug_assert!(layout.size() >= size_of::<Block>());
    // SAFETY: a cell's size is not zero.
    let memory = unsafe { alloc::alloc(layout) };
    NonNull::new(memory).unwrap_or_else(|| alloc::handle_alloc_error(layout))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: usize = 88 / ALIGNMENT;
    const OTHER: usize = 96 / ALIGNMENT;

    /// One from which something was asked for.
    fn pool() -> Pool {
        let pool = Pool::new();
        assert_eq!(pool.take(SMALL), None);
        pool
    }

    /// A block from the allocator, kept by `pool` or given back.
    fn keep_one(pool: &Pool, kind: usize) -> Option<NonNull<u8>> {
        let memory = allocate_anew(layout_of(kind));
        // SAFETY: it was made for that kind, and is nobody else's.
        if unsafe { pool.keep(kind, memory) } {
            return Some(memory);
        }
        // SAFETY: as above.
        unsafe { alloc::dealloc(memory.as_ptr(), layout_of(kind)) }
        None
    }

    /// Gives back what came out of a pool.
    fn give_back(kind: usize, memory: NonNull<u8>) {
        // SAFETY: rule J.
        unsafe { alloc::dealloc(memory.as_ptr(), layout_of(kind)) }
    }

    #[test]
    fn what_was_kept_last_comes_first_and_only_for_its_size() {
        let pool = pool();
        let first = keep_one(&pool, SMALL).unwrap();
        let second = keep_one(&pool, SMALL).unwrap();
        assert_eq!(pool.take(OTHER), None);
        assert_eq!(pool.take(SMALL), Some(second));
        assert_eq!(pool.take(SMALL), Some(first));
        assert_eq!((pool.take(SMALL), pool.bytes.get()), (None, 0));
        give_back(SMALL, first);
        give_back(SMALL, second);
    }

    #[test]
    fn the_largest_are_kept_too_and_a_pool_is_small_itself() {
        let (pool, largest) = (pool(), LARGEST / ALIGNMENT);
        let memory = keep_one(&pool, largest).unwrap();
        assert_eq!(pool.take(largest), Some(memory));
        give_back(largest, memory);
        assert!(size_of::<Pool>() <= 2 * LARGEST, "every thread has one");
    }

    #[test]
    fn what_is_kept_stays_as_long_as_there_is_room_for_anything() {
        let (pool, block) = (pool(), 64);
        let blocks = (MOST - LARGEST) / block;
        let kept = (0..blocks).filter_map(|_| keep_one(&pool, block / ALIGNMENT));
        assert_eq!(kept.count(), blocks);
        assert_eq!(pool.take(OTHER), None);
        assert_eq!(pool.bytes.get(), blocks * block);
    }

    #[test]
    fn no_more_is_kept_than_there_is_room_for() {
        let pool = pool();
        let kept = (0..2 * MOST / 88).filter_map(|_| keep_one(&pool, SMALL)).count();
        assert_eq!(kept, MOST / 88);
        assert_eq!(pool.bytes.get(), kept * 88);
    }

    #[test]
    fn a_thread_that_only_frees_keeps_nothing() {
        assert_eq!(keep_one(&Pool::new(), SMALL), None);
    }

    #[test]
    fn a_full_pool_without_what_is_asked_for_begins_anew() {
        let pool = pool();
        while keep_one(&pool, SMALL).is_some() {}
        assert_eq!(keep_one(&pool, OTHER), None, "there is no room");
        assert_eq!(pool.take(OTHER), None);
        assert_eq!(pool.bytes.get(), 0, "what was needed once is gone");
        assert!(keep_one(&pool, OTHER).is_some());
    }

    #[test]
    fn only_small_cells_without_an_alignment_of_their_own_are_kept() {
        let kind = |size, alignment| kind_of(Layout::from_size_align(size, alignment).unwrap());
        assert_eq!(kind(LARGEST + ALIGNMENT, ALIGNMENT), None);
        assert_eq!(kind(2 * ALIGNMENT * 8, 2 * ALIGNMENT), None);
        if KEEPS_MEMORY {
            for size in [72, LARGEST] {
                let layout = layout_of(kind(size, ALIGNMENT).unwrap());
                assert_eq!((layout.size(), layout.align()), (size, ALIGNMENT));
            }
        }
    }

    #[test]
    fn a_thread_that_ends_gives_back_what_it_kept_and_frees_after_that() {
        struct FreesLate(NonNull<u8>);
        impl Drop for FreesLate {
            fn drop(&mut self) {
                // SAFETY: it came from `allocate` for that layout.
                unsafe { free(self.0, layout_of(SMALL)) }
            }
        }
        thread_local! {
            static LATE: Cell<Option<FreesLate>> = const { Cell::new(None) };
        }
        // Both orders in which thread-locals may go.
        for pool_first in [false, true] {
            let thread = std::thread::spawn(move || {
                if pool_first {
                    drop(FreesLate(allocate(layout_of(SMALL))));
                }
                LATE.set(None);
                LATE.set(Some(FreesLate(allocate(layout_of(SMALL)))));
                drop(FreesLate(allocate(layout_of(SMALL))));
            });
            thread.join().unwrap();
        }
    }
}
