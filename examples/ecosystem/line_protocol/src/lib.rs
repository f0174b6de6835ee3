//! Requests and responses of a line each: a client and a server as a library would have them that does not know under which
//! executor it will run. It is written against `reveille-net`'s sockets and the traits of `futures-io`, and nothing else;
//! spawning is left to those who have something to spawn with.
//!
//! ```
//! use line_protocol::{Client, Server};
//!
//! # pollster::block_on(async {
//! let server = Server::bind("127.0.0.1:0").await?;
//! let mut client = Client::connect(server.local_addr()?).await?;
//! let connection = server.accept().await?;
//! std::thread::spawn(|| pollster::block_on(connection.serve(|request| request.to_uppercase())));
//! assert_eq!(client.request("reveille").await?, "REVEILLE");
//! # std::io::Result::Ok(())
//! # }).unwrap();
//! ```

mod client;
mod lines;
mod server;

pub use client::Client;
pub use lines::LONGEST;
pub use server::{Connection, Server};
