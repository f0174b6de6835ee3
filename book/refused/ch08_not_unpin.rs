use std::pin::Pin;

async fn answer() -> u32 {
    42
}

fn main() {
    let mut future = answer();
    let pinned = Pin::new(&mut future);
    drop(pinned);
}
