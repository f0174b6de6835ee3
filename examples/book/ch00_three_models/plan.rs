//! Which rows the table has.

use crate::measurement::Run;
use crate::server::Model;

/// How much is measured.
pub(crate) struct Scale {
    waiting: (u32, u32),
    computing: (u32, u32),
    held: u32,
}

impl Scale {
    pub(crate) const QUICK: Self = Self {
        waiting: (64, 10),
        computing: (16, 4),
        held: 400,
    };
    /// Connections are descriptors, of which many systems allow a process 1,024.
    pub(crate) const FULL: Self = Self {
        waiting: (100, 20),
        computing: (16, 8),
        held: 900,
    };
}

/// All rows. One thread cannot hold several connections that say nothing.
pub(crate) fn plan(scale: &Scale) -> Vec<(Run, Model)> {
    let run = |(connections, requests)| Run::Wait {
        connections,
        requests,
    };
    let wait = Model::ALL.map(|model| (run(scale.waiting), model));
    let hold = Run::Hold {
        connections: scale.held,
    };
    let hold = [Model::ManyThreads, Model::EventLoop].map(|model| (hold, model));
    let (connections, requests) = scale.computing;
    let compute = Run::Compute {
        connections,
        requests,
    };
    let compute = Model::ALL.map(|model| (compute, model));
    [&wait[..], &hold, &compute].concat()
}
