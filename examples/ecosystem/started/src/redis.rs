//! A redis server of its own for a test.

use crate::port::free_port;
use crate::program::Program;
use crate::tool::tool;

/// A running `redis-server`, which keeps nothing on disk.
pub struct Redis {
    /// Where it listens, on 127.0.0.1.
    pub port: u16,
    _server: Program,
}

impl Redis {
    /// Starts one; `None`, and a word about that, where this system has none.
    pub fn start() -> Option<Self> {
        let port = free_port();
        let mut command = Program::command(tool("redis-server")?);
        command.args(["--bind", "127.0.0.1", "--port", &port.to_string()]);
        command.args(["--save", "", "--appendonly", "no"]);
        let server = Program::start(command, "Ready to accept connections");
        Some(Self {
            port,
            _server: server,
        })
    }
}
