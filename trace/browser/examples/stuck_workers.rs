//! Both workers are blocked, by one task each, until the standard input ends. For the tests of the live page.

use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use reveille::runtime::Builder;
use reveille::task;

fn main() -> io::Result<()> {
    let (end, ended) = channel::<()>();
    let ended = Arc::new(Mutex::new(ended));
    let (blocks, blocked) = channel();
    std::thread::spawn(move || {
        // Both are blocked by now.
        for _ in 0..WORKERS {
            let _ = blocked.recv();
        }
        println!("blocked");
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        drop(end);
    });
    let runtime = Builder::multi_thread().worker_threads(WORKERS).build()?;
    runtime.block_on(async {
        let tasks: Vec<_> = (0..WORKERS)
            .map(|_| {
                let (blocks, ended) = (blocks.clone(), ended.clone());
                task::Builder::new()
                    .name("stuck")
                    .spawn(async move { block(&blocks, &ended) })
            })
            .collect();
        for task in tasks {
            task.await.expect("it does not panic");
        }
    });
    Ok(())
}

fn block(blocks: &Sender<()>, ended: &Mutex<Receiver<()>>) {
    let _ = blocks.send(());
    let _ = ended.lock().expect("nobody panics").recv();
}

const WORKERS: usize = 2;
