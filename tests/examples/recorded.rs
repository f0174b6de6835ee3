//! Every example again, recorded at the highest level: what is written of it is a trace as the schema demands, and viewers can
//! read it.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpStream;
use std::path::Path;

use reveille_trace::chrome;
use reveille_trace::read::read;
use reveille_trace::trace::What;

use crate::example_process::Example;
use crate::scratch::Scratch;
use crate::{Member, round_trip, schema, viewer};

/// Those that end by themselves, and their arguments.
const THAT_END: [(&str, &[&str]); 6] = [
    ("hello", &[]),
    ("timeout", &[]),
    ("embedded", &[]),
    ("foreign_executor", &[]),
    ("tour", &["1"]),
    ("virtual_day", &[]),
];

/// Those that serve until ctrl-c, with a client; and the other two, which are clients.
const THAT_TALK: [&str; 5] = ["echo", "chat", "graceful_shutdown", "echo_client", "echo_load"];

/// It has an event loop of its own, so no runtime of the facade's looks at the variable.
const WITHOUT_A_RUNTIME: [&str; 1] = ["own_park"];

#[test]
fn those_that_end() {
    for (name, arguments) in THAT_END {
        let folder = Scratch::new();
        let file = folder.file("trace.json", "nothing was written");
        Example::start_recorded(name, arguments, &file).wait().success();
        check(name, &file);
    }
}

#[test]
fn those_that_serve_and_their_clients() {
    let folder = Scratch::new();
    let file = |name: &str| folder.path(&format!("{name}.json"));

    let mut server = Example::start_recorded("echo", &[], &file("echo"));
    let address = server.address().to_string();
    for (client, arguments) in [
        ("echo_client", [&*address, "hello", "again"]),
        ("echo_load", [&*address, "20", "5"]),
    ] {
        Example::start_recorded(client, &arguments, &file(client))
            .wait()
            .success();
    }
    server.interrupt();
    server.wait().success();

    let mut server = Example::start_recorded("chat", &[], &file("chat"));
    let address = server.address();
    let mut ann = Member::join(address, "ann");
    let bob = Member::join(address, "bob");
    ann.expects("* bob joined");
    drop(bob);
    ann.expects("* bob left");
    server.interrupt();
    server.wait().success();

    // See where its own tests are named.
    let can_be_interrupted = !cfg!(tsan);
    if can_be_interrupted {
        let file = file("graceful_shutdown");
        let mut server = Example::start_recorded("graceful_shutdown", &["127.0.0.1:0", "3600"], &file);
        let mut stream = TcpStream::connect(server.address()).unwrap();
        round_trip(&mut stream, b"a line\n");
        drop(stream);
        server.interrupt();
        server.wait().success();
    }

    let recorded = |name: &&str| can_be_interrupted || *name != "graceful_shutdown";
    for name in THAT_TALK.into_iter().filter(recorded) {
        check(name, &file(name));
    }
}

#[test]
fn there_are_no_others() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.filter_map(|entry| {
        let name = entry.unwrap().file_name().into_string().unwrap();
        name.strip_suffix(".rs").map(str::to_owned)
    });
    let known = THAT_END.iter().map(|(name, _)| *name);
    let known = known.chain(THAT_TALK).chain(WITHOUT_A_RUNTIME);
    assert_eq!(
        names.collect::<BTreeSet<_>>(),
        known.map(str::to_owned).collect::<BTreeSet<_>>()
    );
}

#[track_caller]
fn check(name: &str, file: &Path) {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{name}: {error}"));
    schema::demand(&serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}: {text}")));
    // As the schema, and besides: times in order, texts that are there.
    let trace = read(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
    let is_poll = |what: &What| matches!(what, What::PollStart { .. });
    assert!(trace.events.iter().any(|event| is_poll(&event.what)), "{name}");

    let events = viewer::events(&chrome::text(&trace));
    viewer::slices_nest(&events);
    viewer::arrows_go_forward_from_a_slice_to_a_slice(&events);
    viewer::what_begins_ends(&events);
}
