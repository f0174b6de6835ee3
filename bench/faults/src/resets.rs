//! Connections that are reset in the midst of what they carry, since something on the way answers every packet so: who writes
//! and reads learns of it at once, who only waits by keepalive, who connects is refused. Behind that all is as before.

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use reveille::net::TcpStream;
use reveille::time::timeout;

use crate::next_line;
use crate::pattern::{bytes, check};
use crate::silence::open;

/// Far more than any of it takes; keepalive is sent after two seconds.
const LIMIT: Duration = Duration::from_secs(30);

/// Opens `each` connections of each kind and says so. At the first line of input all that is sent is answered by a reset; at the
/// second nothing is any more.
pub(crate) async fn resets(address: &str, each: u64) -> io::Result<()> {
    let mut busy = Vec::new();
    for number in 0..each {
        busy.push(reveille::spawn(carry(open(address, number).await?, number)));
    }
    let mut idle = Vec::new();
    for number in 0..each {
        idle.push(open(address, each + number).await?);
    }
    println!("connected: {} connections", 2 * each);
    next_line().await?;
    let start = Instant::now();
    for stream in idle {
        let ended = timeout(LIMIT, stream.read(&mut [0; 64])).await?;
        reset("an idle connection", ended)?;
    }
    let mut carried = 0;
    for task in busy {
        carried += timeout(LIMIT, task).await?.map_err(io::Error::other)??;
    }
    match timeout(LIMIT, TcpStream::connect(address)).await? {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => {}
        other => return Err(io::Error::other(format!("not refused: {other:?}"))),
    }
    println!(
        "{each} idle connections and {each} that had carried {carried} bytes were reset, a new one was refused: {:.1} s",
        start.elapsed().as_secs_f64()
    );
    next_line().await?;
    let stream = open(address, 0).await?;
    stream.shutdown(std::net::Shutdown::Write)?;
    match timeout(LIMIT, stream.read(&mut [0; 1])).await?? {
        0 => Ok(()),
        _ => Err(io::Error::other("more came back than was sent")),
    }
}

/// Sends and receives without end, until it is reset. How much came back, all of it right.
async fn carry(stream: TcpStream, seed: u64) -> io::Result<usize> {
    let mut position = 1_000;
    loop {
        let text = bytes(seed, position, 20_000);
        let mut writing = stream.write_all(&text);
        if let Err(error) = (&mut writing).await {
            reset("a write", Err::<(), _>(error))?;
            return Ok(position);
        }
        drop(writing);
        let mut received = 0;
        while received < text.len() {
            let mut buffer = [0; 4_096];
            let wanted = (text.len() - received).min(buffer.len());
            let count = match stream.read(&mut buffer[..wanted]).await {
                Ok(0) => return Err(io::Error::other("the end, in place of a reset")),
                Ok(count) => count,
                failed => {
                    reset("a read", failed)?;
                    return Ok(position + received);
                }
            };
            check(seed, position + received, &buffer[..count]);
            received += count;
        }
        position += text.len();
    }
}

/// That it ended by a reset. Who writes to a connection that has been reset already is told so by another name.
pub(crate) fn reset<T: std::fmt::Debug>(what: &str, ended: io::Result<T>) -> io::Result<()> {
    match ended {
        Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => Ok(()),
        other => Err(io::Error::other(format!("{what} was not reset: {other:?}"))),
    }
}
