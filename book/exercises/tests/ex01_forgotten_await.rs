//! Exercise 1: shipped, and never paid. To chapter 1.
//!
//! `order` takes things from the shelf, charges for each of them, and ships them. It gives as many receipts as there are
//! things, and the compiler has nothing to say against it. But nobody has paid:
//!
//! ```text
//! shipped, and 0 of 2 things were paid
//! ```
//!
//! Mend `order`, and nothing else. The things are to be charged one after the other, before they are shipped.
//!
//! Hint: of what is `receipts` a list? In JavaScript a list like this one would be of things that are under way.

use std::cell::RefCell;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

async fn order(shop: &Shop, things: &[&'static str]) -> usize {
    shop.take_from_the_shelf(things).await;
    let receipts: Vec<_> = things.iter().map(|thing| shop.charge(thing)).collect();
    shop.ship().await;
    receipts.len()
}

#[derive(Default)]
struct Shop {
    book: RefCell<Vec<String>>,
}

impl Shop {
    async fn take_from_the_shelf(&self, things: &[&'static str]) {
        self.write(format!("took {}", things.join(" and ")));
    }

    async fn charge(&self, thing: &'static str) -> &'static str {
        self.write(format!("charged {thing}"));
        thing
    }

    async fn ship(&self) {
        self.write("shipped".to_owned());
    }

    fn write(&self, line: String) {
        self.book.borrow_mut().push(line);
    }
}

#[test]
fn everything_is_paid_before_it_is_shipped() {
    let shop = Shop::default();
    let order = pin!(order(&shop, &["a book", "a lamp"]));
    // Nothing in it waits, so it is ready when it is asked for the first time.
    let receipts = order.poll(&mut Context::from_waker(Waker::noop()));
    assert_eq!(receipts, Poll::Ready(2));

    let book = shop.book.borrow();
    let paid = book.iter().filter(|line| line.starts_with("charged")).count();
    assert_eq!(paid, 2, "shipped, and {paid} of 2 things were paid");
    assert_eq!(
        *book,
        [
            "took a book and a lamp",
            "charged a book",
            "charged a lamp",
            "shipped"
        ]
    );
}
