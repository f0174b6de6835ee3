//! The parts of the book's programs that several threads share, under loom, which tries every interleaving.
//!
//! The programs themselves are compiled here, not copies of them: what is taken from loom they name by its cfg.
#![cfg(all(loom, test))]

#[allow(dead_code, reason = "a model needs only what threads share")]
#[path = "../../../examples/book/ch14_same_server/toy.rs"]
mod toy;

mod loom_models;
