//! `h2` alone, both ends of it, over the traits of `tokio::io`.

use bytes::Bytes;
use http::{Request, Response};
use reveille::net::{TcpListener, TcpStream};
use reveille::task::JoinSet;
use started::Watchdog;

/// Larger than the window of a stream and than that of the connection, so that both ends have to wait for each other.
const BODY: usize = 1 << 20;

#[reveille::test]
async fn bodies_that_fill_every_window_come_back_on_many_streams() {
    let _watchdog = Watchdog::new("HTTP/2 with itself");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = reveille::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut connection = h2::server::handshake(stream).await.unwrap();
        while let Some(request) = connection.accept().await {
            let (request, respond) = request.unwrap();
            reveille::spawn(send_back(request, respond));
        }
    });

    let stream = TcpStream::connect(address).await.unwrap();
    let (mut client, connection) = h2::client::handshake(stream).await.unwrap();
    let connection = reveille::spawn(connection);
    let mut streams = JoinSet::new();
    for number in 0..8 {
        client = client.ready().await.unwrap();
        let request = Request::post("http://localhost/").body(()).unwrap();
        let (response, mut sender) = client.send_request(request, false).unwrap();
        let sent = Bytes::from(vec![number; BODY]);
        sender.send_data(sent.clone(), true).unwrap();
        streams.spawn(async move {
            let mut body = response.await.unwrap().into_body();
            let mut received = Vec::new();
            while let Some(piece) = body.data().await {
                let piece = piece.unwrap();
                body.flow_control().release_capacity(piece.len()).unwrap();
                received.extend_from_slice(&piece);
            }
            assert!(received == sent, "the answer on stream {number} differs");
        });
    }
    while let Some(ended) = streams.join_next().await {
        ended.unwrap();
    }
    drop(client);
    connection.await.unwrap().unwrap();
    server.await.unwrap();
}

async fn send_back(request: Request<h2::RecvStream>, mut respond: h2::server::SendResponse<Bytes>) {
    let mut body = request.into_body();
    let mut sender = respond.send_response(Response::new(()), false).unwrap();
    while let Some(piece) = body.data().await {
        let piece = piece.unwrap();
        body.flow_control().release_capacity(piece.len()).unwrap();
        sender.send_data(piece, false).unwrap();
    }
    sender.send_data(Bytes::new(), true).unwrap();
}
