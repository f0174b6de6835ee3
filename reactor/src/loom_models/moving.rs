//! A socket and two reactors of one group.

use std::sync::Arc;

use crate::membership::{Member, Membership};
use crate::primitive::lock;

use super::world::{Scenery, Selector, World, block_on, read, write};
use super::{close, register};

type Socket = Arc<Scenery<Membership<Selector>>>;

/// A socket that is registered with the first reactor.
fn registered() -> Socket {
    let socket = Arc::new(Scenery::new(Membership::new(false)));
    register(&socket);
    socket
}

fn lengths(world: &World) -> [usize; 2] {
    [world.tables[0].len(), world.tables[1].len()]
}

/// Two halves of one socket begin to wait at the same time, on threads with one reactor each.
#[test]
fn two_halves_on_two_workers_register_once() {
    loom::model(|| {
        let world = World::enter_group();
        let socket: Socket = Arc::new(Scenery::new(Membership::new(true)));
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
        let asked = lock(&world.system).asked;
        assert!(asked <= 1, "one socket was registered {asked} times");
        assert_eq!(lengths(&world).iter().sum::<usize>(), asked);
    });
}

/// The socket moves while a byte arrives for somebody who waits by way of the reactor that it leaves.
#[test]
fn an_event_during_a_move_is_not_lost() {
    loom::model(|| {
        let world = World::enter_group();
        // So that the socket's tokens are not the same in both tables.
        let first = crate::primitive::Arc::new(Member::new(false));
        let first = world.tables[1].insert(&first).unwrap();
        let socket = registered();
        let mover = {
            let socket = socket.clone();
            world.spawn_at(1, move |_| socket.move_here(()))
        };
        let peer = world.spawn(World::write);
        assert_eq!(block_on(read(&world, &socket)), 1);
        mover.join().unwrap();
        peer.join().unwrap();
        assert_eq!(lengths(&world), [0, 2]);
        drop(socket);
        assert!(
            world.tables[1].remove(first).is_some(),
            "it took something else along"
        );
        assert_eq!(lengths(&world), [0, 0], "it left something behind");
    });
}

/// A writer begins to wait, and the socket moves to where it does; a reader begins to wait at the reactor that it leaves.
#[test]
fn the_other_half_may_begin_to_wait_during_a_move() {
    loom::model(|| {
        let world = World::enter_group();
        let socket = registered();
        let writing = {
            let socket = socket.clone();
            world.spawn_at(1, move |world| {
                socket.move_here(());
                block_on(write(world, &socket));
            })
        };
        let peer = world.spawn(|world| {
            world.make_room();
            world.write();
        });
        assert_eq!(block_on(read(&world, &socket)), 1);
        writing.join().unwrap();
        peer.join().unwrap();
        assert_eq!(lengths(&world), [0, 1]);
        assert_eq!(lock(&world.system).adds, 2, "moved once");
    });
}

/// Both halves are to move the socket to the same reactor.
#[test]
fn two_halves_that_move_at_the_same_time_move_once() {
    loom::model(|| {
        let world = World::enter_group();
        let socket = registered();
        let movers = [socket.clone(), socket].map(|socket| world.spawn_at(1, move |_| socket.move_here(())));
        movers.into_iter().for_each(|mover| mover.join().unwrap());
        assert_eq!(
            lock(&world.system).asked,
            2,
            "the first registration and one move"
        );
    });
}

/// The system refuses the new reactor: the socket stays where it is, and hears of what comes meanwhile.
#[test]
fn a_move_that_is_refused_strands_nobody() {
    loom::model(|| {
        let world = World::enter_group();
        let socket = registered();
        lock(&world.system).refuse = true;
        let mover = {
            let socket = socket.clone();
            world.spawn_at(1, move |_| socket.move_here(()))
        };
        let peer = world.spawn(World::write);
        assert_eq!(block_on(read(&world, &socket)), 1);
        mover.join().unwrap();
        peer.join().unwrap();
        assert_eq!(lengths(&world), [1, 0]);
    });
}

/// The reactor that the socket leaves closes. Who waits has the other one, by way of the first.
#[test]
fn a_reactor_that_closes_while_its_socket_leaves_strands_nobody() {
    loom::model(|| {
        let world = World::enter_group();
        let socket = registered();
        let reading = {
            let socket = socket.clone();
            world.spawn_at(1, move |world| block_on(read(world, &socket)))
        };
        let mover = {
            let socket = socket.clone();
            world.spawn_at(1, move |_| socket.move_here(()))
        };
        close(&world);
        world.write();
        assert_eq!(reading.join().unwrap(), 1);
        mover.join().unwrap();
        assert_eq!(lengths(&world)[0], 0);
    });
}

/// The reactor that the socket moves to closes. Who waits has the one that it leaves.
#[test]
fn a_reactor_that_closes_while_a_socket_arrives_strands_nobody() {
    loom::model(|| {
        let world = World::enter_group();
        let socket: Socket = Arc::new(Scenery::new(Membership::new(false)));
        let reading = {
            let socket = socket.clone();
            world.spawn_at(1, move |world| {
                register(&socket);
                block_on(read(world, &socket))
            })
        };
        let mover = {
            let socket = socket.clone();
            world.spawn(move |_| socket.move_here(()))
        };
        close(&world);
        world.write();
        assert_eq!(reading.join().unwrap(), 1);
        mover.join().unwrap();
        assert_eq!(lengths(&world)[0], 0);
    });
}
