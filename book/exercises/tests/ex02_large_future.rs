//! Exercise 2: a page in every future. To chapter 2.
//!
//! `store_upload` reads a page into a buffer, and keeps of it the first word and a sum. Then it waits for the store. A server has
//! ten thousand of these at a time, and each is as large as a page, though the page is read:
//!
//! ```text
//! the page lies in the future
//! ```
//!
//! Mend `store_upload` so that its future has 256 bytes at most. The page is to stay where it is now: no box, no `Vec` of a page.
//!
//! Hint: what is alive across the `.await`, and until where? A scope ends where you end it. But something in here
//! still points into the page.

use std::cell::RefCell;
use std::future::poll_fn;
use std::mem::size_of_val;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

const PAGE: usize = 4096;

async fn store_upload(upload: &[u8], store: &Store) -> usize {
    let mut page = [0; PAGE];
    let length = read(upload, &mut page);
    let first_word = page[..length]
        .split(|&byte| byte == b' ')
        .next()
        .unwrap_or_default();
    let sum = page.iter().map(|&byte| u32::from(byte)).sum();
    store.room().await;
    store.keep(String::from_utf8_lossy(first_word).into_owned(), sum);
    length
}

fn read(upload: &[u8], page: &mut [u8]) -> usize {
    let length = upload.len().min(page.len());
    page[..length].copy_from_slice(&upload[..length]);
    length
}

#[derive(Default)]
struct Store {
    kept: RefCell<Vec<(String, u32)>>,
}

impl Store {
    /// There is room when it is asked for the second time.
    async fn room(&self) {
        let mut asked = false;
        poll_fn(|_| {
            if asked {
                return Poll::Ready(());
            }
            asked = true;
            Poll::Pending
        })
        .await;
    }

    fn keep(&self, word: String, sum: u32) {
        self.kept.borrow_mut().push((word, sum));
    }
}

#[test]
fn the_future_is_small_and_keeps_what_it_kept() {
    let store = Store::default();
    let mut upload = pin!(store_upload(b"small is beautiful", &store));
    let size = size_of_val(&*upload);

    let mut cx = Context::from_waker(Waker::noop());
    assert_eq!(upload.as_mut().poll(&mut cx), Poll::Pending);
    assert_eq!(upload.as_mut().poll(&mut cx), Poll::Ready(18));
    assert_eq!(*store.kept.borrow(), [("small".to_owned(), 1782)]);
    assert!(size <= 256, "the page lies in the future, which has {size} bytes");
}
