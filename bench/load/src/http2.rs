//! Requests of HTTP/2 over one connection, as many at a time as are pipelined elsewhere.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::task::LocalSet;

use crate::figures::Figures;
use crate::options::Options;
use crate::{Outcome, ready};

/// So many requests are on their way.
const STREAMS: usize = 50;

type Sender = SendRequest<Empty<Bytes>>;

pub(crate) fn run(options: &Options) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    LocalSet::new().block_on(&runtime, async {
        let stream = TcpStream::connect(options.address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
        tokio::task::spawn_local(connection);
        let uri = format!("http://{}/", options.address);
        ask(&sender, &uri, options.time / 10).await?;
        ready()?;
        ask(&sender, &uri, options.time).await?.print();
        Ok(())
    })
}

async fn ask(sender: &Sender, uri: &str, time: Duration) -> hyper::Result<Figures> {
    let figures = Rc::new(RefCell::new(Figures::begin()));
    let tasks: Vec<_> = (0..STREAMS)
        .map(|_| {
            let (figures, mut sender, uri) = (figures.clone(), sender.clone(), uri.to_owned());
            tokio::task::spawn_local(async move {
                while figures.borrow().elapsed() < time {
                    let sent_at = Instant::now();
                    let request = Request::get(&uri)
                        .body(Empty::new())
                        .expect("a well-formed request");
                    let answer = sender.send_request(request).await?;
                    answer.into_body().collect().await?;
                    figures.borrow_mut().add(sent_at.elapsed());
                }
                hyper::Result::Ok(())
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("it does not panic")?;
    }
    Ok(Rc::into_inner(figures).expect("all tasks are over").into_inner())
}
