//! What threads do to each other in the book's programs, in every order.

mod toy;
mod workers;
