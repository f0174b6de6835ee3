//! A runtime inside a loop that is not its own, here that of a game: sockets and timers run between two frames, on the
//! same thread.
//!
//! ```console
//! $ cargo run --example embedded
//! ```

use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use reveille::net::{TcpListener, TcpStream};
use reveille::runtime::Builder;
use reveille::task::spawn_local;
use reveille::time::interval;

const FRAME: Duration = Duration::from_millis(5);

fn main() -> io::Result<()> {
    let runtime = Builder::current_thread().build()?;
    let mut embedded = runtime.embed()?;
    // What tasks and frames share needs no lock: all of it stays on this thread.
    let score = Rc::new(Cell::new(0));
    let game = embedded.spawn_local(play(score.clone()));

    let mut drawn = None;
    while !game.is_finished() {
        if drawn != Some(score.get()) {
            println!("a frame with {} points", score.get());
            drawn = Some(score.get());
        }
        // The rest of the frame belongs to the tasks. A loop that waits for events of its own would watch the
        // descriptor of `embedded` with them, and sleep until `embedded.next_deadline()`.
        let next = Instant::now() + FRAME;
        while let Some(rest) = next.checked_duration_since(Instant::now()) {
            embedded.poll_once(Some(rest));
        }
    }
    // From here on the runtime is like any other.
    drop(embedded);
    runtime.block_on(game).expect("the game does not panic")?;
    println!("game over with {} points", score.get());
    Ok(())
}

/// Asks a server for points every now and then.
async fn play(score: Rc<Cell<u8>>) -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = spawn_local(async move {
        let (player, _) = listener.accept().await?;
        let mut move_made = [0];
        while player.read_exact(&mut move_made).await.is_ok() {
            player.write_all(&[10]).await?;
        }
        io::Result::Ok(())
    });
    let player = TcpStream::connect(address).await?;
    let mut moves = interval(4 * FRAME);
    for _ in 0..3 {
        moves.tick().await;
        player.write_all(b"!").await?;
        let mut points = [0];
        player.read_exact(&mut points).await?;
        score.set(score.get() + points[0]);
    }
    moves.tick().await;
    drop(player);
    server.await.expect("the server does not panic")
}
