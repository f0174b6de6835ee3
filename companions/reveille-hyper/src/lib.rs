#![doc = include_str!("../README.md")]
//!
//! # Where what is
//!
//! [`serve`](fn@serve) and the options of [`Serve`]; [`Listener`], what connections come from; [`IntoHttpService`], what answers;
//! [`Connector`] and [`client`](fn@client) for the other side.
#![forbid(unsafe_code)]
#![doc(test(attr(deny(warnings))))]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "client")]
mod client;
#[cfg(feature = "client")]
mod connector;
#[cfg(feature = "server")]
mod server;

#[cfg(feature = "client")]
pub use client::{client, client_builder};
#[cfg(feature = "client")]
pub use connector::{Connected, Connecting, Connector};
#[cfg(feature = "server")]
pub use server::{
    Accepted, ByHyper, ByTower, ConnectionError, IntoHttpService, Listener, Report, Serve, Serving, serve,
    serve_with,
};
