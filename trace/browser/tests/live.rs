//! The page of a program that runs: what happens there arrives, and the program stands still when it is told to.

use std::io::{Read, Write};
use std::net::TcpStream;

use reveille_trace_browser::program::Program;
use reveille_trace_browser::tab::Tab;
use serde_json::json;

#[test]
fn what_happens_arrives_and_the_state_follows() {
    let mut program = Program::of_example("echo", "full:live");
    let printed = program.line();
    let address = printed.strip_prefix("listening on ").expect("it listens");
    let mut tab = Tab::open_address(program.page());
    // The root, and the task that accepts.
    tab.wait_until(&alive(2));
    let before = tab.evaluate("reveille.index").as_u64();

    let mut client = TcpStream::connect(address).expect("somebody accepts");
    client.write_all(b"hello").expect("it is there");
    client.read_exact(&mut [0; 5]).expect("it echoes");
    tab.wait_until(&format!("{} && {ECHO}.state === 'idle'", alive(3)));
    assert!(
        tab.evaluate("reveille.index").as_u64() > before,
        "it stays behind"
    );
    let shown = "document.querySelectorAll('#waits [data-task=\"3\"]').length > 0";
    tab.wait_until(shown);
    assert!(tab.evaluate(&format!("{ECHO}.polls")).as_u64() > Some(0));

    drop(client);
    tab.wait_until(&format!("{ECHO}.how === 'completed'"));
    tab.wait_until(&format!("!({shown})"));
    assert_eq!(tab.evaluate(&format!("({})", alive(2))), true);
    assert_eq!(tab.complaints(), [""; 0]);
}

#[test]
fn whoever_looked_back_stays_there() {
    let mut program = Program::of_example("echo", "full:live");
    let printed = program.line();
    let address = printed.strip_prefix("listening on ").expect("it listens");
    let mut tab = Tab::open_address(program.page());
    tab.wait_until(&alive(2));
    tab.evaluate("reveille.seek(1)");
    let then = tab.evaluate("reveille.stateAt(1)");
    let _client = TcpStream::connect(address).expect("somebody accepts");
    tab.wait_until("reveille.stateAt(Infinity).tasks.length === 3");
    assert_eq!(tab.evaluate("reveille.index"), 1);
    assert_eq!(tab.evaluate("reveille.stateAt(1)"), then);
}

#[test]
fn a_gated_program_polls_once_for_each_press_of_the_button() {
    let mut program = Program::of_example("hello", "full:gated");
    let mut tab = Tab::open_address(program.page());
    let waits = "document.getElementById('gate').hidden === false \
        && !document.getElementById('gate-step').disabled";
    tab.wait_until(&format!("{waits} && {NEWEST}.tasks.length === 1"));
    assert_eq!(tab.evaluate(POLLS), 0, "it was polled through a closed gate");

    tab.evaluate("document.getElementById('gate-step').click()");
    // The root's first poll spawns a task, which then waits before the gate.
    tab.wait_until(&format!(
        "{NEWEST}.tasks.length === 2 && {NEWEST}.cpu.length === 0"
    ));
    assert_eq!(program.line(), "hello");
    assert_eq!(tab.evaluate(POLLS), 1, "one press let several through");

    tab.evaluate("document.getElementById('gate-step').click()");
    tab.wait_until(&format!("{POLLS} >= 2"));
    assert_eq!(tab.evaluate(POLLS), 2, "one press let several through");

    tab.evaluate("document.getElementById('gate-run').click()");
    assert_eq!(program.line(), "world");
    assert_eq!(program.line(), "slept 30 ms in all");
}

#[test]
fn a_program_whose_every_worker_is_blocked_is_shown() {
    let mut program = Program::of_own_example("stuck_workers", "full:live");
    assert_eq!(program.line(), "blocked");
    let mut tab = Tab::open_address(program.page());
    let stuck = format!("{NEWEST}.cpu.filter(({{ tasks }}) => tasks.length === 1).length === 2");
    tab.wait_until(&stuck);
    let on_the_page = "Array.from(document.querySelectorAll('#cpu [data-thread] [data-task]'), (chip) => \
        chip.textContent.includes('stuck'))";
    tab.wait_until(&format!("{on_the_page}.length === 2"));
    assert_eq!(tab.evaluate(on_the_page), json!([true, true]));
    program.end_input();
    assert_eq!(program.line(), "", "it ends");
}

fn alive(tasks: usize) -> String {
    format!("{NEWEST}.tasks.filter(({{ state }}) => state !== 'done').length === {tasks}")
}

/// The state after the newest event that has arrived.
const NEWEST: &str = "reveille.stateAt(Infinity)";
/// The task of the first connection.
const ECHO: &str = "reveille.stateAt(Infinity).tasks[2]";
/// How many polls have begun.
const POLLS: &str = "reveille.stateAt(Infinity).tasks.reduce((all, { polls }) => all + polls, 0)";
