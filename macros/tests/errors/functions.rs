#[reveille::main]
fn main() {}

#[reveille::test]
async fn with_arguments(number: u32) {}

#[reveille::test]
async unsafe fn with_a_qualifier() {}

#[reveille::test]
struct NotAFunction;
