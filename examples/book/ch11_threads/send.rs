//! What may be given to another thread, and what may be lent to one: the compiler is asked.

use std::cell::Cell;
use std::future::ready;
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard};

// ANCHOR: table
pub(crate) fn print_table() {
    println!("{:36} Send Sync", "");
    print_row!("u32", type_of::<u32>());
    print_row!("Cell<u32>", type_of::<Cell<u32>>());
    print_row!("Rc<u32>", type_of::<Rc<u32>>());
    print_row!("Arc<u32>", type_of::<Arc<u32>>());
    print_row!("Arc<Cell<u32>>", type_of::<Arc<Cell<u32>>>());
    print_row!("Mutex<Cell<u32>>", type_of::<Mutex<Cell<u32>>>());
    print_row!("MutexGuard<u32>", type_of::<MutexGuard<'_, u32>>());
    let lock = Mutex::new(0);
    print_row!(
        "a future that awaits with a guard",
        type_of_value(&holds_it(&lock))
    );
    print_row!(
        "one that gave the guard up before",
        type_of_value(&gives_it_up(&lock))
    );
}

#[allow(clippy::await_holding_lock, reason = "this is what is asked about")]
async fn holds_it(lock: &Mutex<u32>) {
    let mut guard = lock.lock().unwrap();
    ready(()).await;
    *guard += 1;
}

async fn gives_it_up(lock: &Mutex<u32>) {
    {
        let mut guard = lock.lock().unwrap();
        *guard += 1;
    }
    ready(()).await;
}
// ANCHOR_END: table

/// A type that is asked about.
struct Type<T>(PhantomData<fn() -> T>);

fn type_of<T>() -> Type<T> {
    Type(PhantomData)
}

fn type_of_value<T>(_: &T) -> Type<T> {
    type_of()
}

// Of two methods of one name the compiler takes the type's own, if the type has it: if its bound holds. So the type must be
// known where the method is called, which is why `print_row` is a macro and no generic function.
impl<T: Send> Type<T> {
    fn is_send(&self) -> &'static str {
        "yes"
    }
}

impl<T: Sync> Type<T> {
    fn is_sync(&self) -> &'static str {
        "yes"
    }
}

trait Otherwise {
    fn is_send(&self) -> &'static str {
        "no"
    }

    fn is_sync(&self) -> &'static str {
        "no"
    }
}

impl<T> Otherwise for Type<T> {}

macro_rules! print_row {
    ($name:literal, $type:expr) => {
        let asked = $type;
        println!("    {:32} {:4} {}", $name, asked.is_send(), asked.is_sync());
    };
}
use print_row;
