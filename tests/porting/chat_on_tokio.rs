//! A chat server as somebody who uses tokio would write it. Not a line knows of reveille.
//!
//! A client is asked for its name, then each of its lines goes to all others; `/who` tells it who is there. Who does not say a
//! name in time, or then nothing for too long, is put out. When it is told to stop, the server takes no more clients, says
//! goodbye to those that it has, and waits for them.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::select;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::Limits;

pub(crate) fn run(
    listener: std::net::TcpListener,
    limits: Limits,
    stop: CancellationToken,
) -> io::Result<()> {
    let runtime = Runtime::new()?;
    runtime.block_on(serve(listener, limits, stop))?;
    runtime.shutdown_timeout(Duration::from_secs(10));
    Ok(())
}

struct Room {
    limits: Limits,
    names: Mutex<BTreeMap<u64, String>>,
    said: broadcast::Sender<(u64, String)>,
}

impl Room {
    fn say(&self, client: u64, line: String) {
        // Nobody may be there to hear it.
        let _ = self.said.send((client, line));
    }
}

async fn serve(listener: std::net::TcpListener, limits: Limits, stop: CancellationToken) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let (said, _) = broadcast::channel(100);
    let room = Arc::new(Room {
        limits,
        names: Mutex::new(BTreeMap::new()),
        said,
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
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    writer.write_all(b"* your name?\n").await?;
    let name = select! {
        name = timeout(room.limits.login, lines.next_line()) => match name {
            Ok(name) => name?,
            Err(_elapsed) => {
                writer.write_all(b"* too slow\n").await?;
                return writer.shutdown().await;
            }
        },
        () = stop.cancelled() => None,
    };
    let Some(name) = name else { return Ok(()) };

    let mut heard = room.said.subscribe();
    room.names.lock().unwrap().insert(client, name.clone());
    room.say(client, format!("* {name} joined\n"));
    writer.write_all(b"* welcome\n").await?;
    let idle = sleep(room.limits.idle);
    tokio::pin!(idle);
    loop {
        select! {
            biased;
            () = stop.cancelled() => {
                writer.write_all(b"* goodbye\n").await?;
                return writer.shutdown().await;
            }
            line = lines.next_line() => {
                idle.as_mut().reset(Instant::now() + room.limits.idle);
                match line? {
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
                Err(RecvError::Lagged(lines)) => {
                    writer.write_all(format!("* {lines} lines were lost\n").as_bytes()).await?;
                }
                Err(RecvError::Closed) => return Ok(()),
            },
            () = &mut idle => {
                writer.write_all(b"* asleep?\n").await?;
                return writer.shutdown().await;
            }
        }
    }
}
