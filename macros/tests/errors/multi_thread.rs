#[reveille::main(flavor = "multi_thread")]
async fn main() {}

#[reveille::test(flavor = "multi_thread")]
async fn a_test() {}
