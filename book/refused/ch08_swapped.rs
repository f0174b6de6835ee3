use std::mem;

async fn answer() -> u32 {
    42
}

fn main() {
    let mut one = Box::pin(answer());
    let mut another = Box::pin(answer());
    // The boxes may change places.
    mem::swap(&mut one, &mut another);
    // What is in them may not.
    mem::swap(&mut *one, &mut *another);
}
