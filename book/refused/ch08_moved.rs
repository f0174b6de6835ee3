use std::pin::pin;

async fn answer() -> u32 {
    42
}

fn main() {
    let future = answer();
    let pinned = pin!(future);
    let moved = Box::new(future);
    drop((pinned, moved));
}
