//! The members of a chat (the example of that name) whose link fails now and then: every line of every member comes to all
//! others, once and in order; and who was reset has left.

use std::io;
use std::time::Duration;

use reveille::io::{AsyncBufReadExt, BufReader};
use reveille::net::TcpStream;
use reveille::task::JoinSet;
use reveille::time::{Instant, timeout, timeout_at};

use crate::next_line;
use crate::resets::reset;

/// A member gives up on a line after so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// Between two lines of one member. What members say while the link is dead comes at once behind that, and the chat drops
/// whose socket does not take it: so it must not be too much.
const PACE: Duration = Duration::from_millis(60);

type Reader = BufReader<TcpStream>;

/// So many members say so many lines each. Behind that it waits for a line of input, and takes all to be reset from then on;
/// after a second one two new members have the room for themselves.
pub(crate) async fn chat(address: &str, members: usize, lines: usize) -> io::Result<()> {
    let start = Instant::now();
    let mut room = join(address, "old", members).await?;
    println!("joined: {members} members");
    room = talk(room, "old", lines).await?;
    println!(
        "talked: {members} members said {lines} lines each, all of them heard: {:.1} s",
        start.elapsed().as_secs_f64()
    );

    next_line().await?;
    for (_, mut reader) in room {
        // On its way it is answered by a reset, if there has been none already.
        let ended = match reader.get_ref().write_all(b"is anybody there?\n").await {
            Ok(()) => next(&mut reader).await.map(drop),
            failed => failed,
        };
        reset("a member", ended)?;
    }
    println!("reset: {members} members");

    next_line().await?;
    let mut room = join(address, "new", 2).await?;
    // The others leave as soon as they are spoken to.
    let (_, first) = &mut room[0];
    let mut left = 0;
    while left < members {
        let line = next(first).await?;
        left += usize::from(line.starts_with("* old") && line.ends_with(" left"));
    }
    talk(room, "new", lines).await?;
    println!("2 new members talked, when {left} had left");
    Ok(())
}

/// Each behind the other, and each is welcome before the next one comes.
async fn join(address: &str, name: &str, members: usize) -> io::Result<Vec<(usize, Reader)>> {
    let mut room = Vec::new();
    for number in 0..members {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        stream.write_all(format!("{name}{number}\n").as_bytes()).await?;
        let mut reader = BufReader::new(stream);
        while next(&mut reader).await? != "* welcome" {}
        room.push((number, reader));
    }
    Ok(room)
}

/// All at once.
async fn talk(
    room: Vec<(usize, Reader)>,
    name: &'static str,
    lines: usize,
) -> io::Result<Vec<(usize, Reader)>> {
    let members = room.len();
    let mut tasks = JoinSet::new();
    for (number, reader) in room {
        drop(tasks.spawn(member(reader, name, number, members, lines)));
    }
    let mut room = Vec::new();
    // Whoever fails first ends it.
    while let Some(member) = tasks.join_next().await {
        room.push(member.map_err(io::Error::other)??);
    }
    Ok(room)
}

/// Says a line every now and then, and listens meanwhile, until it has heard all lines of all others.
async fn member(
    mut reader: Reader,
    name: &str,
    number: usize,
    members: usize,
    lines: usize,
) -> io::Result<(usize, Reader)> {
    let mut heard = vec![0; members];
    heard[number] = lines;
    let mut said = 0;
    let mut next_line = Instant::now();
    while said < lines || heard.iter().any(|heard| *heard < lines) {
        if said < lines && Instant::now() >= next_line {
            let line = format!("{said}\n");
            reader.get_ref().write_all(line.as_bytes()).await?;
            said += 1;
            next_line = Instant::now() + PACE;
        }
        let until = if said < lines {
            next_line
        } else {
            Instant::now() + PATIENCE
        };
        // What a line that is given up has read stays in the buffer of the reader, but not in that of the line: so the
        // waiting is for the first byte of one.
        let come = timeout_at(until, reader.fill_buf()).await;
        match come.map(|read| read.map(<[u8]>::len)) {
            Ok(Err(error)) => return Err(error),
            Ok(Ok(0)) => return Err(io::Error::other("the chat has ended")),
            Ok(Ok(_)) => note(&next(&mut reader).await?, name, lines, &mut heard)?,
            Err(_) if said < lines => {}
            Err(_) => {
                return Err(io::Error::other(format!(
                    "{name}{number} heard no more than {heard:?}"
                )));
            }
        }
    }
    Ok((number, reader))
}

/// A line of another member is its next one.
fn note(line: &str, name: &str, lines: usize, heard: &mut [usize]) -> io::Result<()> {
    if line.starts_with("* ") {
        return Ok(());
    }
    let wrong = || {
        io::Error::other(format!(
            "this line is nobody's: {line:?}, behind {heard:?} of {lines}"
        ))
    };
    let (speaker, said) = line.split_once(": ").ok_or_else(wrong)?;
    let speaker: usize = speaker
        .strip_prefix(name)
        .and_then(|number| number.parse().ok())
        .ok_or_else(wrong)?;
    if heard.get(speaker).map(usize::to_string).as_deref() != Some(said) {
        return Err(wrong());
    }
    heard[speaker] += 1;
    Ok(())
}

/// The next line, without its end.
async fn next(reader: &mut Reader) -> io::Result<String> {
    let mut line = String::new();
    match timeout(PATIENCE, reader.read_line(&mut line)).await?? {
        0 => Err(io::Error::other("the chat has ended")),
        _ => Ok(line.trim_end().to_owned()),
    }
}
