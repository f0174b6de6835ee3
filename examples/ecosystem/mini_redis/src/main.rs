//! A small part of redis, on one thread as it is itself: its tasks share what is stored without a lock.
//!
//! What a client can make it hold is bounded, whatever it sends: see the constants here, in `request` and in `store`.
//!
//! ```console
//! $ cargo run -p mini_redis -- 127.0.0.1:7002
//! listening on 127.0.0.1:7002
//! $ redis-cli -p 7002 set greeting hello ex 60
//! OK
//! ```

mod reply;
mod request;
mod store;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;
use std::{env, io};

use reveille::net::{AcceptPolicy, TcpListener, TcpStream};
use reveille::task::spawn_local;
use reveille::time::interval;

use store::Store;

/// So many clients at a time; more are told so and closed.
const CLIENTS: usize = 500;

/// Replies are sent when there are so many bytes of them, and when all that has come is answered. A client that does not read
/// them is read from no more.
const REPLIES: usize = 16 * 1024;

fn main() -> io::Result<()> {
    reveille::block_on(serve(env::args().nth(1).unwrap_or("127.0.0.1:7002".into())))
}

async fn serve(address: String) -> io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    let store = Rc::new(RefCell::new(Store::default()));
    drop(spawn_local(forget_what_has_expired(Rc::clone(&store))));
    let seats = Rc::new(());
    let mut incoming = listener.incoming(AcceptPolicy::default());
    loop {
        let (stream, _) = incoming.accept().await?;
        // As much as the socket takes at once, and no more.
        if Rc::strong_count(&seats) > CLIENTS {
            let _ = stream.try_write(b"-ERR max number of clients reached\r\n");
            continue;
        }
        let (seat, store) = (Rc::clone(&seats), Rc::clone(&store));
        drop(spawn_local(async move {
            // One that leaves in the middle is nobody's concern.
            let _ = converse(&stream, &store).await;
            drop(seat);
        }));
    }
}

/// Answers what one client asks, until it leaves or breaks the protocol.
async fn converse(stream: &TcpStream, store: &RefCell<Store>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut received, mut replies) = (Vec::new(), Vec::new());
    let mut piece = vec![0; 16 * 1024];
    loop {
        let mut used = 0;
        let broken = loop {
            match request::parse(&received[used..]) {
                Ok(Some(request)) => {
                    store.borrow_mut().execute(&request.arguments, &mut replies);
                    used += request.length;
                }
                Ok(None) => break false,
                Err(error) => {
                    reply::error(&mut replies, error);
                    break true;
                }
            }
            if replies.len() >= REPLIES {
                send(stream, &mut replies).await?;
            }
        };
        received.drain(..used);
        send(stream, &mut replies).await?;
        if broken {
            return Ok(());
        }
        match stream.read(&mut piece).await? {
            0 => return Ok(()),
            count => received.extend_from_slice(&piece[..count]),
        }
    }
}

async fn send(stream: &TcpStream, replies: &mut Vec<u8>) -> io::Result<()> {
    stream.write_all(replies).await?;
    replies.clear();
    // A single long one leaves nothing behind.
    replies.shrink_to(REPLIES);
    Ok(())
}

/// What nobody asks for again would be kept otherwise.
async fn forget_what_has_expired(store: Rc<RefCell<Store>>) {
    let mut seconds = interval(Duration::from_secs(1));
    loop {
        seconds.tick().await;
        store.borrow_mut().forget_expired();
    }
}
