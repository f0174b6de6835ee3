//! A chat: the first line a client sends is its name, each further line goes to everybody else.
//!
//! ```console
//! $ cargo run --example chat -- 127.0.0.1:7001
//! $ nc 127.0.0.1 7001                              # in as many terminals as you like
//! ```

use std::net::Shutdown;
use std::{cell::RefCell, env, io, rc::Rc, time::Duration};

use reveille::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use reveille::net::{TcpListener, TcpStream};
use reveille::{signal, task::spawn_local, time::sleep};

/// Who is here. A local task stays on its thread, so an `Rc` will do, and nothing needs a lock.
type Room = Rc<RefCell<Vec<Rc<TcpStream>>>>;

fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".to_owned());
    reveille::block_on(async {
        let listener = TcpListener::bind(&address).await?;
        println!("listening on {}", listener.local_addr()?);
        spawn_local(serve(listener));
        signal::ctrl_c().await
    })
}

async fn serve(listener: TcpListener) {
    let room = Room::default();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                spawn_local(attend(Rc::new(stream), room.clone()));
            }
            Err(error) => {
                eprintln!("accept: {error}");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// One client, from its name to its last line.
async fn attend(stream: Rc<TcpStream>, room: Room) {
    // A line is short and wants to be there at once, not together with the next.
    let _ = stream.set_nodelay(true);
    let mut reader = BufReader::new(&*stream);
    if let Some(name) = next_line(&mut reader).await {
        room.borrow_mut().push(stream.clone());
        let _ = stream.try_write(b"* welcome\n");
        tell_others(&room, &stream, &format!("* {name} joined\n"));
        while let Some(line) = next_line(&mut reader).await {
            tell_others(&room, &stream, &format!("{name}: {line}\n"));
        }
        room.borrow_mut().retain(|client| !Rc::ptr_eq(client, &stream));
        tell_others(&room, &stream, &format!("* {name} left\n"));
    }
}

/// A line without its end, at most a kilobyte of it; `None` after the last one or an error.
async fn next_line(reader: &mut BufReader<&TcpStream>) -> Option<String> {
    let mut line = Vec::new();
    let count = reader.take(1024).read_until(b'\n', &mut line).await.ok()?;
    (count > 0).then(|| String::from_utf8_lossy(&line).trim_end().to_owned())
}

/// Waits for nobody, so that a client that does not read cannot hold up the others: what its socket does not take at
/// once is lost, and so is that client.
fn tell_others(room: &Room, speaker: &Rc<TcpStream>, line: &str) {
    room.borrow_mut().retain(|client| {
        let whole = |sent: io::Result<usize>| sent.is_ok_and(|count| count == line.len());
        let told = Rc::ptr_eq(client, speaker) || whole(client.try_write(line.as_bytes()));
        if !told {
            // Ends the task that reads its lines, which says goodbye for it.
            let _ = client.shutdown(Shutdown::Both);
        }
        told
    });
}
