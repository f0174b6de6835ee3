//! Each program as a process, with the clients that people use: curl, h2load, nghttp, and Google's gRPC for Python. A client that is
//! not there makes its test say so on stderr, and do without.
#![cfg(unix)]

mod axum_app;
mod client;
mod front;
mod grpc;
mod http;
mod process;
mod slow_clients;
