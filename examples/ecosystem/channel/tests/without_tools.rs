//! The program as it is run.

use std::process::Command;

#[test]
fn it_prints_the_sum() {
    let output = Command::new(env!("CARGO_BIN_EXE_channel")).output().unwrap();
    assert!(output.status.success());
    assert_eq!(output.stdout, b"sum of 1 to 100: 5050\n");
}
