//! `chat_on_tokio.rs` after docs/porting.md was followed. What differs, and the row that says so:
//!
//! * `lines.next_line()` is `lines.next()`, and the half of a stream writes without an extension trait: "Different on purpose";
//! * `shutdown_timeout` is `shutdown`, `AsyncWriteExt::shutdown` a plain function, a listener is put into non-blocking mode: there;
//! * `tokio::pin!` is `std::pin::pin!`: "The same";
//! * `broadcast` is async-broadcast's: "`tokio::sync`";
//! * all else is another path.

use std::collections::BTreeMap;
use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_broadcast::RecvError;
use futures_lite::StreamExt;
use reveille::io::{AsyncBufReadExt, BufReader};
use reveille::net::{TcpListener, TcpStream};
use reveille::runtime::Runtime;
use reveille::select;
use reveille::task::JoinSet;
use reveille::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::Limits;

pub(crate) fn run(
    listener: std::net::TcpListener,
    limits: Limits,
    stop: CancellationToken,
) -> io::Result<()> {
    let runtime = Runtime::new()?;
    runtime.block_on(serve(listener, limits, stop))?;
    runtime.shutdown(Duration::from_secs(10));
    Ok(())
}

struct Room {
    limits: Limits,
    names: Mutex<BTreeMap<u64, String>>,
    said: async_broadcast::Sender<(u64, String)>,
    /// Keeps the channel open while nobody is there.
    _heard: async_broadcast::InactiveReceiver<(u64, String)>,
}

impl Room {
    fn say(&self, client: u64, line: String) {
        // Nobody may be there to hear it.
        let _ = self.said.try_broadcast((client, line));
    }
}

async fn serve(listener: std::net::TcpListener, limits: Limits, stop: CancellationToken) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let (mut said, heard) = async_broadcast::broadcast(100);
    said.set_overflow(true);
    let room = Arc::new(Room {
        limits,
        names: Mutex::new(BTreeMap::new()),
        said,
        _heard: heard.deactivate(),
    });
    let mut clients = JoinSet::new();
    for client in 0.. {
        let stream = select! {
            accepted = listener.accept() => accepted?.0,
            Some(ended) = clients.join_next() => {
                if let Err(error) = ended {
                    eprintln!("chat: {error}");
                }
                continue;
            }
            () = stop.cancelled() => break,
        };
        clients.spawn(attend(stream, client, room.clone(), stop.clone()));
    }
    drop(listener);
    let all = async { while clients.join_next().await.is_some() {} };
    if timeout(limits.goodbye, all).await.is_err() {
        clients.abort_all();
    }
    Ok(())
}

async fn attend(stream: TcpStream, client: u64, room: Arc<Room>, stop: CancellationToken) {
    stream.set_nodelay(true).expect("a connected socket");
    // An error is that of a client that is gone.
    let _ = talk(stream, client, &room, stop).await;
    if let Some(name) = room.names.lock().unwrap().remove(&client) {
        room.say(client, format!("* {name} left\n"));
    }
}

async fn talk(stream: TcpStream, client: u64, room: &Room, stop: CancellationToken) -> io::Result<()> {
    let (reader, writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    writer.write_all(b"* your name?\n").await?;
    let name = select! {
        name = timeout(room.limits.login, lines.next()) => match name {
            Ok(name) => name.transpose()?,
            Err(_elapsed) => {
                writer.write_all(b"* too slow\n").await?;
                return writer.shutdown();
            }
        },
        () = stop.cancelled() => None,
    };
    let Some(name) = name else { return Ok(()) };

    let mut heard = room.said.new_receiver();
    room.names.lock().unwrap().insert(client, name.clone());
    room.say(client, format!("* {name} joined\n"));
    writer.write_all(b"* welcome\n").await?;
    let mut idle = pin!(sleep(room.limits.idle));
    loop {
        select! {
            biased;
            () = stop.cancelled() => {
                writer.write_all(b"* goodbye\n").await?;
                return writer.shutdown();
            }
            line = lines.next() => {
                idle.as_mut().reset(Instant::now() + room.limits.idle);
                match line.transpose()? {
                    Some(line) if line == "/who" => {
                        let names: Vec<String> = room.names.lock().unwrap().values().cloned().collect();
                        writer.write_all(format!("* {}\n", names.join(", ")).as_bytes()).await?;
                    }
                    Some(line) => room.say(client, format!("{name}: {line}\n")),
                    None => return Ok(()),
                }
            }
            said = heard.recv() => match said {
                Ok((speaker, line)) if speaker != client => writer.write_all(line.as_bytes()).await?,
                Ok(_) => {}
                Err(RecvError::Overflowed(lines)) => {
                    writer.write_all(format!("* {lines} lines were lost\n").as_bytes()).await?;
                }
                Err(RecvError::Closed) => return Ok(()),
            },
            () = &mut idle => {
                writer.write_all(b"* asleep?\n").await?;
                return writer.shutdown();
            }
        }
    }
}
