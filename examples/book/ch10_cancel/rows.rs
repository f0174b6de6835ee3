//! Forwarding rows, and answering in between how many were read: three ways to do both in one task.

use std::cell::Cell;
use std::pin::pin;
use std::rc::Rc;

use crate::channel::{Receiver, Sender};
use crate::select::{Either, select};

/// What a forwarder is given.
pub(crate) struct Ends {
    pub(crate) rows: Rows,
    pub(crate) out: Sender<Row>,
    pub(crate) asked: Receiver<()>,
    pub(crate) answers: Sender<u32>,
}

pub(crate) struct Row(pub(crate) u32);

/// Where the rows come from. What was read is gone from there.
pub(crate) struct Rows {
    read: Rc<Cell<u32>>,
    last: u32,
}

impl Rows {
    pub(crate) fn numbered_to(last: u32) -> Self {
        let read = Rc::default();
        Self { read, last }
    }

    fn read(&self) -> Option<Row> {
        if self.read.get() == self.last {
            return None;
        }
        self.read.set(self.read.get() + 1);
        Some(Row(self.read.get()))
    }
}

// ANCHOR: in_hand
pub(crate) async fn with_a_row_in_hand(ends: Ends) {
    loop {
        let forward = async {
            let row = ends.rows.read()?;
            ends.out.send(row).await;
            Some(())
        };
        match select(forward, ends.asked.receive()).await {
            Either::Left(Some(())) => {}
            Either::Left(None) | Either::Right(None) => return,
            Either::Right(Some(())) => ends.answers.send(ends.rows.read.get()).await,
        }
    }
}
// ANCHOR_END: in_hand

// ANCHOR: room_first
pub(crate) async fn with_room_first(ends: Ends) {
    loop {
        match select(ends.out.room(), ends.asked.receive()).await {
            // From here to `put` there is no await.
            Either::Left(()) => match ends.rows.read() {
                Some(row) => ends.out.put(row),
                None => return,
            },
            Either::Right(None) => return,
            Either::Right(Some(())) => ends.answers.send(ends.rows.read.get()).await,
        }
    }
}
// ANCHOR_END: room_first

// ANCHOR: same_future
pub(crate) async fn by_the_same_future(ends: Ends) {
    let read = ends.rows.read.clone();
    let mut forward = pin!(async move {
        while let Some(row) = ends.rows.read() {
            ends.out.send(row).await;
        }
    });
    loop {
        match select(forward.as_mut(), ends.asked.receive()).await {
            Either::Left(()) | Either::Right(None) => return,
            Either::Right(Some(())) => ends.answers.send(read.get()).await,
        }
    }
}
// ANCHOR_END: same_future
