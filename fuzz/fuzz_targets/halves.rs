//! Two ends of a connection, whole, split into halves, closed on one side or both, in any order: what is written comes
//! once and in order, its end comes after it, and who waits is woken, or finds it ready. What is true of a socket, poll(2)
//! tells.
#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use libfuzzer_sys::fuzz_target;
use reveille_net::{TcpStream, UnixStream};
use reveille_reactor::Reactor;

mod ends;

use ends::{Connection, Kind, Way};

#[derive(Debug)]
enum Step {
    Write {
        end: bool,
        way: Way,
        length: usize,
    },
    Read {
        end: bool,
        way: Way,
        length: usize,
    },
    /// Into owned halves, or together again.
    Split(bool),
    Reunite(bool),
    /// Not with one's own other half.
    ReuniteWrongly,
    ShutDown(bool),
    DropReader(bool),
    DropWriter(bool),
    /// Without closing that direction.
    ForgetWriter(bool),
    Drop(bool),
    Turn,
}

/// By hand: what is derived takes four bytes for each choice, which libFuzzer seldom hits.
impl<'a> Arbitrary<'a> for Step {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let [choice, which, amount]: [u8; 3] = bytes.arbitrary()?;
        let end = which & 1 != 0;
        let way = Way::ALL[usize::from(which >> 1) % Way::ALL.len()];
        let length = if which & 128 == 0 {
            usize::from(amount) + 1
        } else {
            64 * (usize::from(amount) + 1)
        };
        Ok(match choice % 32 {
            0..=8 => Self::Write { end, way, length },
            9..=17 => Self::Read { end, way, length },
            18 | 19 => Self::Split(end),
            20 => Self::Reunite(end),
            21 => Self::ReuniteWrongly,
            22 => Self::ShutDown(end),
            23 => Self::DropReader(end),
            24 => Self::DropWriter(end),
            25 => Self::ForgetWriter(end),
            26 => Self::Drop(end),
            _ => Self::Turn,
        })
    }
}

fn run<S: Kind>(steps: &[Step]) {
    let mut reactor = Reactor::new().unwrap();
    let entered = reactor.handle().enter();
    let mut connection = Connection::<S>::new();
    for step in steps {
        match *step {
            Step::Write { end, way, length } => connection.write(&mut reactor, end, way, length),
            Step::Read { end, way, length } => connection.read(&mut reactor, end, way, length),
            Step::Split(end) => connection.split(end),
            Step::Reunite(end) => connection.reunite(end),
            Step::ReuniteWrongly => connection.reunite_wrongly(),
            Step::ShutDown(end) => connection.shut_down(end),
            Step::DropReader(end) => connection.drop_reader(end),
            Step::DropWriter(end) => connection.drop_writer(end),
            Step::ForgetWriter(end) => connection.forget_writer(end),
            Step::Drop(end) => connection.drop_end(end),
            Step::Turn => connection.turn(&mut reactor),
        }
    }
    connection.finish(&mut reactor);
    drop(entered);
}

fuzz_target!(|input: (bool, Vec<Step>)| {
    let (tcp, steps) = input;
    if tcp {
        run::<TcpStream>(&steps);
    } else {
        run::<UnixStream>(&steps);
    }
});
