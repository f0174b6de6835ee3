//! The parts of the book's programs that several threads share, under loom, which tries every interleaving: `ci/loom reveille-book`.
//!
//! The programs themselves are compiled here, not copies of them: what is taken from loom they name by its cfg.
#![cfg(all(loom, test))]

mod loom_models;
#[path = "../../../examples/book/ch11_threads/parker.rs"]
mod parker;
#[path = "../../../examples/book/ch11_threads/primitive.rs"]
mod primitive;
#[allow(dead_code, reason = "a model needs only what threads share")]
#[path = "../../../examples/book/ch14_same_server/toy.rs"]
mod toy;
#[allow(dead_code, reason = "a model needs only what threads share")]
#[path = "../../../examples/book/ch11_threads/workers.rs"]
mod workers;
