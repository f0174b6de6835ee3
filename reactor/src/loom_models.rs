//! Models of what runs at the same time, for loom: every interleaving and every weak memory order it may have.
//!
//! What runs here is the code that runs in a program, from the retry loop to the table. Only the operating system is a
//! stand-in, [`World`].

mod moving;
mod world;

// The scenery is not modelled, so its references are std's.
use std::sync::Arc;
use std::task::Waker;

use crate::interest::{Direction, Ready};
use crate::membership::{Host, Membership};
use crate::primitive::lock;

use world::{Scenery, Selector, World, block_on, read, ready, try_read, try_write, write};

/// Two events, a reader that meets `WouldBlock` and clears, and an event for a past use of the reader's table entry.
#[test]
fn two_events_and_a_clear_and_a_late_event_lose_nothing() {
    loom::model(|| {
        let world = World::enter();
        let gone = Scenery::new(Membership::<Selector>::new(true));
        gone.attach((), |_, _| Ok(())).unwrap();
        let (_, late) = gone.home().unwrap();

        let deliverer = world.spawn(move |world| world.deliver(0, late, Ready::READ_CLOSED));
        drop(gone);
        let socket = Scenery::new(Membership::new(true));
        register(&socket);
        let (_, token) = socket.home().unwrap();
        assert_eq!(token.index, late.index, "the entry was to be used again");

        let writer = world.spawn(|world| {
            world.write();
            world.write();
        });
        let mut received = 0;
        while received < 2 {
            received += block_on(read(&world, &socket));
        }
        deliverer.join().unwrap();
        writer.join().unwrap();
        let ready = socket
            .slot()
            .readiness(Direction::Read)
            .snapshot()
            .ready(Direction::Read);
        assert!(
            !ready.is_read_closed(),
            "a late event reached the next user of its entry"
        );
    });
}

/// The waiter keeps its waker and looks again; the event sets the readiness and takes the wakers.
#[test]
fn an_event_while_somebody_begins_to_wait_wakes_them() {
    loom::model(|| {
        let world = World::enter();
        let socket = Scenery::new(Membership::new(false));
        register(&socket);
        let writer = world.spawn(World::write);
        assert_eq!(block_on(read(&world, &socket)), 1);
        writer.join().unwrap();
    });
}

/// Two readers, each with a place of its own; whoever comes first takes both bytes or one.
#[test]
fn an_event_wakes_all_who_wait_in_its_direction() {
    loom::model(|| {
        let world = World::enter();
        let socket = Arc::new(Scenery::new(Membership::new(false)));
        register(&socket);
        let other = {
            let socket = socket.clone();
            world.spawn(move |_| block_on(ready(&socket)))
        };
        let writer = world.spawn(World::write);
        block_on(ready(&socket));
        other.join().unwrap();
        writer.join().unwrap();
    });
}

/// A reader and a writer of one socket begin to wait at the same time, on two threads.
#[test]
fn two_halves_that_wait_first_at_the_same_time_register_once() {
    loom::model(|| {
        let world = World::enter();
        let socket = Arc::new(Scenery::new(Membership::new(true)));
        let writing = {
            let socket = socket.clone();
            world.spawn(move |world| block_on(write(world, &socket)))
        };
        let peer = world.spawn(|world| {
            world.write();
            world.make_room();
        });
        assert_eq!(block_on(read(&world, &socket)), 1);
        writing.join().unwrap();
        peer.join().unwrap();
        let adds = lock(&world.system).adds;
        assert!(adds <= 1, "one socket was registered {adds} times");
        assert_eq!(world.tables[0].len(), adds);
    });
}

/// As before, but the system refuses the first time: one half gets the error, the other must not trust in the
/// registration that failed.
#[test]
fn a_registration_that_fails_strands_nobody() {
    loom::model(|| {
        let world = World::enter();
        lock(&world.system).refuse = true;
        let socket = Arc::new(Scenery::new(Membership::new(false)));
        let writing = {
            let socket = socket.clone();
            world.spawn(move |world| block_on(try_write(world, &socket)).is_err())
        };
        let peer = world.spawn(World::write);
        let reading = block_on(try_read(&world, &socket)).is_err();
        // The half that did not get the error may still wait for room.
        world.make_room();
        let errors = [reading, writing.join().unwrap()];
        peer.join().unwrap();
        assert_eq!(errors.iter().filter(|error| **error).count(), 1);
        assert_eq!(world.tables[0].len(), 1);
    });
}

/// The reactor closes while somebody begins to wait: they must move to the next one, where the byte is reported.
#[test]
fn whoever_waits_when_the_reactor_closes_moves_on() {
    loom::model(|| {
        let world = World::enter();
        let socket = Scenery::new(Membership::new(true));
        let closer = world.spawn(|world| {
            close(world);
            world.write();
        });
        assert_eq!(block_on(read(&world, &socket)), 1);
        closer.join().unwrap();
        assert_eq!(world.tables[0].len(), 0);
    });
}

/// A reader waits by way of one reactor, and a writer on a thread with another one registers the socket there too:
/// neither may miss what comes meanwhile.
#[test]
fn a_socket_with_two_reactors_misses_nothing() {
    loom::model(|| {
        let world = World::enter();
        let socket = Arc::new(Scenery::new(Membership::new(false)));
        register(&socket);
        let writing = {
            let socket = socket.clone();
            world.spawn_at(1, move |world| block_on(write(world, &socket)))
        };
        let peer = world.spawn(|world| {
            world.write();
            world.make_room();
        });
        assert_eq!(block_on(read(&world, &socket)), 1);
        writing.join().unwrap();
        peer.join().unwrap();
        let lengths = [world.tables[0].len(), world.tables[1].len()];
        assert!(lengths[0] == 1 && lengths[1] <= 1, "{lengths:?}");
    });
}

/// The system refuses a second reactor: whoever waits by way of the first goes on doing so.
#[test]
fn a_second_reactor_that_is_refused_strands_nobody() {
    loom::model(|| {
        let world = World::enter();
        let socket = Arc::new(Scenery::new(Membership::new(false)));
        register(&socket);
        lock(&world.system).refuse = true;
        let moving = {
            let socket = socket.clone();
            world.spawn_at(1, move |world| block_on(try_write(world, &socket)).is_err())
        };
        let peer = world.spawn(World::write);
        assert_eq!(block_on(read(&world, &socket)), 1);
        assert!(moving.join().unwrap(), "the system was to refuse");
        peer.join().unwrap();
        assert_eq!([world.tables[0].len(), world.tables[1].len()], [1, 0]);
    });
}

/// The first reactor closes while a second one gets the socket.
#[test]
fn a_socket_whose_reactor_closes_while_another_gets_it_arrives() {
    loom::model(|| {
        let world = World::enter();
        let socket = Arc::new(Scenery::new(Membership::new(false)));
        register(&socket);
        let moving = {
            let socket = socket.clone();
            world.spawn_at(1, move |world| block_on(read(world, &socket)))
        };
        close(&world);
        world.write();
        assert_eq!(moving.join().unwrap(), 1);
        assert_eq!([world.tables[0].len(), world.tables[1].len()], [0, 1]);
    });
}

/// Registers with the reactor of this thread.
fn register(socket: &Membership<Selector>) {
    socket.attach((), |host, token| host.add((), token)).unwrap();
}

/// The first reactor goes.
fn close(world: &World) {
    let mut woken = Vec::new();
    world.tables[0].close(&mut woken);
    woken.into_iter().for_each(Waker::wake);
}
