// The compiler's own errors: they must point into these bodies and signatures, not to the attribute.
#[reveille::main]
async fn main() -> Result<(), std::num::ParseIntError> {
    let number: u32 = "42".parse()?;
    Ok(number)
}

#[reveille::test]
async fn the_last_line_has_a_wrong_type() -> Result<(), String> {
    let _number = 1;
    5
}

#[reveille::test]
async fn no_value_at_the_end() -> Result<(), String> {
    let _number = 1;
}

#[reveille::test]
async fn a_question_mark_without_a_result() {
    let _number: u32 = "42".parse()?;
}

#[reveille::test]
async fn an_unknown_type() -> Resul<(), String> {
    Ok(())
}

#[reveille::test(flavor = "multi_thread")]
async fn a_wrong_type_on_many_threads() -> Result<(), String> {
    5
}
