//! Two tasks that wake each other in turns.

use std::sync::Arc;

use async_channel::{Receiver, Sender, bounded};

use crate::gate::Gate;
use crate::measure::{Figures, Stopwatch};
use crate::settings::repeats;
use crate::{Runtime, block_on};

/// By nothing but their wakers, so many pairs at once. Per round of two wakes.
pub(crate) fn bare<R: Runtime>(pairs: u64) -> Figures {
    measure::<R, _>(pairs, 2_000_000, |rounds| {
        let [ping, pong] = [(); 2].map(|()| Arc::new(Gate::default()));
        let (pinged, ponged) = (ping.clone(), pong.clone());
        let answer = R::spawn(async move {
            for _ in 0..rounds {
                pinged.pass().await;
                ponged.open();
            }
        });
        let ask = R::spawn(async move {
            for _ in 0..rounds {
                ping.open();
                pong.pass().await;
            }
        });
        [ask, answer]
    })
}

/// Over two channels of `async-channel`, with room for one message each. Per round of two messages.
pub(crate) fn over_channels<R: Runtime>() -> Figures {
    measure::<R, _>(1, 1_000_000, |rounds| {
        let [(ping, pinged), (pong, ponged)]: [(Sender<u64>, Receiver<u64>); 2] =
            [(); 2].map(|()| bounded(1));
        let answer = R::spawn(async move {
            for _ in 0..rounds {
                let number = pinged.recv().await.expect("the other task sends it");
                pong.send(number).await.expect("the other task waits");
            }
        });
        let ask = R::spawn(async move {
            for number in 0..rounds {
                ping.send(number).await.expect("the other task waits");
                assert_eq!(ponged.recv().await, Ok(number));
            }
        });
        [ask, answer]
    })
}

fn measure<R: Runtime, const TASKS: usize>(
    pairs: u64,
    rounds: u64,
    pair: impl Fn(u64) -> [R::JoinHandle<()>; TASKS],
) -> Figures {
    let each = repeats(rounds / pairs);
    let play = async |rounds: u64| {
        let tasks: Vec<_> = (0..pairs).flat_map(|_| pair(rounds)).collect();
        for task in tasks {
            task.await.expect("it does not panic");
        }
    };
    block_on::<R, _>(async {
        play(each / 10).await;
        let stopwatch = Stopwatch::start();
        play(each).await;
        stopwatch.per_operation(each * pairs)
    })
}
