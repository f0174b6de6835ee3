#[reveille::main]
async fn main() {}
